import { buildOpenApi, type JsonSchema } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

let server: PeopleServer;
beforeAll(async () => {
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
});
afterAll(() => server.close());

test("an id with a NUL, which one of the stores cannot even be asked for, is answered like one that nobody has", async () => {
  const paths = ["/projects/", "/roles/", "/teams/", "/usage/", "/exports/", "/pricing/", "/repricings/", "/imports/"];
  for (const path of paths) {
    expect([path, (await server.ask(server.adminKey, "GET", `${path}a%00b`)).status]).toEqual([path, 404]);
  }
});

test("a text with a NUL is refused and named, on each store", async () => {
  const text = "one\n\0two";
  const bodies: readonly (readonly [string, string, object])[] = [
    ["/projects", "description", { id: "p", description: text }],
    ["/roles", "description", { name: "r", description: text, permissions: ["usage:read"] }],
    ["/repricings", "reason", { reason: text }],
    ["/teams", "name", { name: text }],
  ];
  for (const [path, field, body] of bodies) {
    const { status, error } = await server.ask(server.adminKey, "POST", path, body);
    expect([path, status, Object.keys(error.field_errors ?? {})]).toEqual([path, 422, [field]]);
  }
});

const document = buildOpenApi({ version: "0" });
const text = "a\0b";

/** What a schema describes, once for each text in it that is one with a NUL. What is beside that is as in `base`. */
function* withNul(schema: JsonSchema, base: unknown, depth = 0): Generator<unknown> {
  const { $ref, anyOf, oneOf, properties = {}, additionalProperties, items } = schema as Record<string, never>;
  if (depth > 8) return;
  if ($ref !== undefined) {
    return yield* withNul(document.components.schemas[String($ref).split("/").at(-1) ?? ""] ?? {}, base, depth + 1);
  }
  for (const each of (anyOf ?? oneOf ?? []) as readonly JsonSchema[]) yield* withNul(each, base, depth + 1);
  if (schema["type"] === "string" && schema["enum"] === undefined) yield text;
  if (schema["type"] === "array") for (const item of withNul(items ?? {}, undefined, depth + 1)) yield [item];
  if (schema["type"] !== "object") return;
  const known = (base ?? {}) as Readonly<Record<string, unknown>>;
  for (const [name, field] of Object.entries(properties)) {
    for (const value of withNul(field as JsonSchema, known[name], depth + 1)) yield { ...known, [name]: value };
  }
  if (typeof additionalProperties !== "object") return;
  yield { ...known, [text]: text };
  for (const value of withNul(additionalProperties, undefined, depth + 1)) yield { ...known, extra: value };
}

test("a NUL in any text of any body or query is no failure of the server, on each store", async () => {
  const failed: unknown[] = [];
  let asked = 0;
  const ask = async (method: string, path: string, body?: unknown): Promise<void> => {
    asked += 1;
    const { status } = await server.ask(server.adminKey, method.toUpperCase(), path, body);
    if (status >= 500 || status === 429) failed.push([method, path, body, status]);
  };
  for (const [described, methods] of Object.entries(document.paths)) {
    const path = described.replace("/api/v1", "").replace(/\{[a-z_]+\}/g, "default");
    for (const [method, { parameters = [], requestBody }] of Object.entries(methods)) {
      for (const each of parameters) {
        const name = "$ref" in each ? (each.$ref.split("/").at(-1) ?? "") : each.name;
        const { in: place } =
          "$ref" in each ? ((document.components.parameters[name] ?? each) as typeof each & { in: string }) : each;
        if (place === "query") await ask(method, `${path}?${name}=${encodeURIComponent(text)}`);
      }
      const { schema, example } = requestBody?.content["application/json"] ?? {};
      if (schema !== undefined) for (const body of withNul(schema, example)) await ask(method, path, body);
    }
  }
  expect(failed).toEqual([]);
  expect(asked).toBeGreaterThan(300);
});
