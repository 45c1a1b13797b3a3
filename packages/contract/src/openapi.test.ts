import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { errorCodes } from "./errors.ts";
import { buildOpenApi, type OpenApiOperation } from "./openapi.ts";
import { requestExamples } from "./openapi-examples.ts";
import { fullPath, type Operation, type OperationId, operations, permissionsOf } from "./operations.ts";

const document = buildOpenApi({ version: "0.0.0" });
const table = Object.entries(operations) as [OperationId, Operation][];
const described = (operation: Operation): OpenApiOperation | undefined =>
  document.paths[fullPath(operation).replace(/:([a-z_]+)/g, "{$1}")]?.[operation.method.toLowerCase()];

test("the document is what a reviewer read and agreed to", async () => {
  await expect(`${JSON.stringify(document, null, 1)}\n`).toMatchFileSnapshot("fixtures/openapi.snapshot.json");
});

test("the document is valid OpenAPI 3.1 and every reference in it leads somewhere", async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>);
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
  expect(validator.version).toBe("3.1");
  const resolve = (reference: string): unknown =>
    reference
      .slice(2)
      .split("/")
      .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([]);
});

test.each(table)("%s is described with its status, security and errors", (id, operation) => {
  const found = described(operation);
  expect(found?.operationId).toBe(id);
  expect(found?.security).toEqual(operation.access === "public" ? [] : [{ apiKey: permissionsOf(operation) }]);
  const statuses = [operation.success.status, ...operation.errors.map((code) => errorCodes[code].status)];
  for (const status of statuses) expect(Object.keys(found?.responses ?? {})).toContain(String(status));
  const takesBody = operation.body !== undefined || operation.rawBody !== undefined;
  expect(found?.requestBody !== undefined).toBe(takesBody);
});

test("every component that is written is used", () => {
  const text = JSON.stringify(document);
  for (const [kind, components] of Object.entries(document.components)) {
    if (kind === "securitySchemes") continue;
    const unused = Object.keys(components).filter((name) => !text.includes(`"#/components/${kind}/${name}"`));
    expect(unused, kind).toEqual([]);
  }
});

test("list parameters are comma-separated arrays and keep the constraints of their items", () => {
  expect(document.components.parameters["cost_status"]).toMatchObject({
    style: "form",
    explode: false,
    schema: { type: "array", items: { enum: ["priced", "unpriced", "reported", "void"] } },
  });
  expect(document.components.parameters["dry_run"]?.schema).toEqual({ type: "boolean" });
});

test("answers leave room for fields of later versions while requests refuse unknown ones", () => {
  expect(document.components.schemas["UsageRecord"]).not.toHaveProperty("additionalProperties");
  expect(document.components.schemas["UsageInput"]).toMatchObject({ additionalProperties: false });
});

test.each(Object.entries(requestExamples))("the example of %s is a request that its schema takes", (id, example) => {
  const operation: Operation = operations[id as OperationId];
  expect(operation.body?.safeParse(example).error?.issues).toBeUndefined();
});

test("the server's address is the one that was asked for", () => {
  expect(document.servers).toEqual([{ url: "/" }]);
  expect(buildOpenApi({ version: "1", serverUrl: "https://costs.example" }).servers[0]?.url).toBe(
    "https://costs.example",
  );
});
