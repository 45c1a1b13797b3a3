import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  buildOpenApi,
  ErrorBody,
  errorCodes,
  type Operation,
  type OperationId,
  operations,
} from "@llm-cost-ops/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Composition, compose } from "../compose.ts";
import { loadConfig } from "../config.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { arbitraryRequest } from "./arbitrary-request-fixture.ts";
import { createLogger } from "./request-log.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-fuzz-"));
/** Things that exist, so that requests about one thing can succeed. */
const ids = ["fuzz-1", "fuzz-2", "default"];
/** The same by the first part of the path under which they were made. */
const idsByKind = new Map([
  ["usage", ["fuzz-1", "fuzz-2"]],
  ["costs", ["fuzz-1", "fuzz-2"]],
  ["organizations", ["default"]],
]);
const succeeded = new Set<OperationId>();
let server: Composition;
let client: ReturnType<Composition["local"]>;

beforeAll(async () => {
  const config = loadConfig({ environment: await newDatabase(folder), workingFolder: folder, homeFolder: folder });
  server = await compose(config, { clock: Date.now, logger: createLogger("silent") });
  client = server.local();
  for (const id of ["fuzz-1", "fuzz-2"]) {
    const record = { id, provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: 2, tags: { team: "a" } };
    await make("/usage", record);
  }
  const price = { provider: "openai", model: "fuzz", input_price_per_million: "1", output_price_per_million: "2" };
  ids.push(await make("/pricing", price), await make("/exports", { format: "csv" }), await make("/repricings", {}));
  ids.push(await make("/imports?format=jsonl", { id: "fuzz-3", model: "gpt-4o", input_tokens: 1 }));
  ids.push(await make("/api-keys", { name: "fuzz" }));
  ids.push(await make("/projects", { id: "fuzz-project" }), await make("/teams", { name: "Fuzz" }));
  ids.push(await make("/roles", { name: "fuzz-role", permissions: ["costs:read"] }));
  ids.push(await make("/budgets", { name: "Fuzz", amount: "5", currency: "USD", period: { kind: "month" } }));
  ids.push(await make("/budgets/reservations", { amount: "0.01" }));
  ids.push(await make("/alerts/rules", { name: "Fuzz", kind: "budget" }));
  ids.push(await make("/webhooks", { url: "https://hooks.example.invalid/", events: ["webhook.test"] }));
  ids.push(await make("/channels", { kind: "slack", name: "Fuzz", url: "https://hooks.example.invalid/" }));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Posts something right and gives back the id of what it made. */
async function make(path: string, body: unknown): Promise<string> {
  const headers = { "content-type": "application/json" };
  const response = await ask({ path: `/api/v1${path}`, method: "POST", headers, body: JSON.stringify(body) });
  const { id, name = "" } = ((await response.json()) as { data: { id?: string; name?: string } }).data;
  // Roles are known by their names.
  return known(path, id ?? name);
}

function known(path: string, id: string): string {
  idsByKind.set(kindOf(path), [...(idsByKind.get(kindOf(path)) ?? []), id]);
  return id;
}

const kindOf = (path: string): string => path.replace("/api/v1", "").split(/[/?]/)[1] ?? "";

/** Ids of which half are of what the path is about. */
function idsFor(path: string): readonly string[] {
  const own = idsByKind.get(kindOf(path)) ?? [];
  return own.length === 0 ? ids : [...ids, ...ids.map((_, at) => own[at % own.length] as string)];
}

type Asked = Parameters<Parameters<ReturnType<typeof arbitraryRequest>["map"]>[0]>[0];

function ask({ path, method, headers, body }: Asked): Promise<Response> {
  return client.fetch(`http://in-process${path}`, {
    method,
    headers: { ...headers, authorization: `Bearer ${client.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });
}

/** Each of these reads the whole catalogue, so it is asked less often. */
const slow: ReadonlySet<string> = new Set(["catalogue.apply", "catalogue.preview"]);

const document = buildOpenApi({ version: "0" });
/** What deletes comes last, lest it leave nothing to the others. */
const described = Object.entries(document.paths)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation, id: operation.operationId })),
  )
  .sort((a, b) => Number(a.method === "delete") - Number(b.method === "delete"));

test("the document describes every operation", () => {
  expect(described.map(({ id }) => id).sort()).toEqual(Object.keys(operations).sort());
});

describe("whatever is sent, the answer is what the contract says and never a failure of the server", () => {
  test.each(described)("$id", async ({ id, path, method, operation }) => {
    const requests = arbitraryRequest(document, path, method, operation, idsFor(path));
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const response = await ask(request);
        const text = await textOf(response);
        expect(response.headers.get("x-request-id"), "request id").toBeTruthy();
        if (response.status >= 400) checkError(response.status, text);
        else {
          checkSuccess(id, response, text);
          succeeded.add(id);
        }
      }),
      { numRuns: slow.has(id) ? 6 : 60 },
    );
  });
});

test("the generated requests are right often enough to try what happens behind the checks", () => {
  // What is for people in a session is refused to the key that asks here.
  const possible = Object.values<Operation>(operations).filter(({ tag }) => tag !== "Sign-in");
  expect(succeeded.size).toBeGreaterThan(0.75 * possible.length);
});

/** Nothing of a stream that has no end. */
async function textOf(response: Response): Promise<string> {
  if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) return response.text();
  await response.body?.cancel();
  return "";
}

function checkError(status: number, text: string): void {
  expect(status, text).toBeLessThan(500);
  const { error } = ErrorBody.parse(JSON.parse(text));
  expect(errorCodes[error.code].status).toBe(status);
  expect(error.message).not.toMatch(/SQLITE|SELECT |\.ts:\d|ZodError|undefined/);
}

function checkSuccess(id: OperationId, response: Response, text: string): void {
  const { success }: Operation = operations[id];
  expect(response.status).toBe(success.status);
  const type = response.headers.get("content-type") ?? "";
  if (success.schema !== undefined && type.startsWith("application/json")) {
    const parsed = success.schema.safeParse(JSON.parse(text));
    expect(parsed.success ? "" : `${parsed.error.message} in ${text.slice(0, 2_000)}`).toBe("");
  } else if (success.contentTypes !== undefined) {
    expect(
      success.contentTypes.some((known) => type.startsWith(known)),
      type,
    ).toBe(true);
  }
}
