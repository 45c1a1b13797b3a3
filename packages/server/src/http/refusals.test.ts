import { gzipSync } from "node:zlib";
import { ErrorBody, limits } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auth, deep, get, json, type ListeningApp, listen, post, triedRoutes } from "./app-fixture.ts";

let app: ListeningApp;
beforeAll(async () => {
  app = await listen(triedRoutes);
});
afterAll(() => app.fastify.close());

interface Case {
  readonly name: string;
  readonly path: string;
  readonly init?: RequestInit;
  readonly status: number;
  readonly code: string;
  readonly fields?: Record<string, unknown>;
  readonly message?: RegExp;
}

const refused: readonly Case[] = [
  { name: "an unknown address", path: "/api/v1/nothing", init: get, status: 404, code: "NOT_FOUND" },
  { name: "the root", path: "/", status: 404, code: "NOT_FOUND" },
  {
    name: "another method",
    path: "/api/v1/usage",
    init: { method: "DELETE", headers: auth },
    status: 405,
    code: "METHOD_NOT_ALLOWED",
  },
  {
    name: "another method with a body",
    path: "/api/v1/costs/x",
    init: { ...post("{}"), method: "PUT" },
    status: 405,
    code: "METHOD_NOT_ALLOWED",
  },
  { name: "a bad percent sign", path: "/api/v1/usage/%zz", init: get, status: 400, code: "INVALID_REQUEST" },
  { name: "a path that is not UTF-8", path: "/api/v1/usage/%ff", init: get, status: 400, code: "INVALID_REQUEST" },
  {
    name: "a form body",
    path: "/api/v1/costs",
    init: post("a=1", { ...auth, "content-type": "application/x-www-form-urlencoded" }),
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "text/plain",
    path: "/api/v1/usage",
    init: post("{}", { ...auth, "content-type": "text/plain" }),
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "a broken content type",
    path: "/api/v1/costs",
    init: post("{}", { ...auth, "content-type": "json" }),
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "another charset",
    path: "/api/v1/costs",
    init: post("{}", { ...auth, "content-type": "application/json; charset=latin1" }),
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "an unknown encoding",
    path: "/api/v1/costs",
    init: post("{}", { ...json, "content-encoding": "br" }),
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "a raw type nobody reads",
    path: "/api/v1/imports",
    init: post("x", { ...auth, "content-type": "image/png" }),
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "broken JSON",
    path: "/api/v1/costs",
    init: post('{\n  "a": x}'),
    status: 400,
    code: "INVALID_REQUEST",
    message: /line 2, column 8/,
  },
  {
    name: "JSON that ends early",
    path: "/api/v1/costs",
    init: post('{"a": 1'),
    status: 400,
    code: "INVALID_REQUEST",
    message: /ends too early.*line 1, column 8/,
  },
  {
    name: "no body",
    path: "/api/v1/api-keys",
    init: { method: "POST", headers: auth },
    status: 400,
    code: "INVALID_REQUEST",
  },
  {
    name: "bytes that are not UTF-8",
    path: "/api/v1/costs",
    init: post(new Uint8Array([0x22, 0xff, 0x22])),
    status: 400,
    code: "INVALID_REQUEST",
  },
  {
    name: "deep JSON",
    path: "/api/v1/costs",
    init: post(deep(100_000)),
    status: 400,
    code: "INVALID_REQUEST",
    message: /deeper than 32/,
  },
  {
    name: "a body over the limit",
    path: "/api/v1/costs",
    init: post("x".repeat(limits.bodyBytes + 1)),
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
  },
  {
    name: "bytes over the limit",
    path: "/api/v1/usage",
    init: post("x".repeat(limits.bodyBytes + 1)),
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
  },
  {
    name: "a zip bomb",
    path: "/api/v1/costs",
    init: post(gzipSync(Buffer.alloc(limits.bodyBytes + 1)), { ...json, "content-encoding": "gzip" }),
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
  },
  {
    name: "a zip that is none",
    path: "/api/v1/costs",
    init: post("{}", { ...json, "content-encoding": "gzip" }),
    status: 400,
    code: "INVALID_REQUEST",
  },
  {
    name: "half a zip in a stream",
    path: "/api/v1/imports",
    init: post(gzipSync("x".repeat(100_000)).subarray(0, 50), { ...auth, "content-encoding": "gzip" }),
    status: 400,
    code: "INVALID_REQUEST",
  },
  {
    name: "a wrong field",
    path: "/api/v1/costs",
    init: post('{"input_tokens":-1}'),
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { input_tokens: expect.stringContaining("whole number") },
  },
  {
    name: "an unknown field",
    path: "/api/v1/costs",
    init: post('{"tokns":1,"__proto__":{"x":1}}'),
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { tokns: "is not a known field" },
  },
  {
    name: "a tag that the map would lose",
    path: "/api/v1/budgets/reservations",
    init: post('{"amount":"1","tags":{"__proto__":"a","b":"c"}}'),
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { "tags.__proto__": "is not an allowed key" },
  },
  {
    name: "a wrong nested field",
    path: "/api/v1/pricing",
    init: post('{"provider":"p","model":"m","rates":[{"kind":"input"}]}'),
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { "rates.0.price": expect.any(String) },
  },
  {
    name: "a missing field",
    path: "/api/v1/pricing",
    init: post('{"provider":"p"}'),
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { model: "is required" },
  },
  {
    name: "a body that is no object",
    path: "/api/v1/costs",
    init: post("[]"),
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { body: "must be an object" },
  },
  {
    name: "an unknown query field",
    path: "/api/v1/usage?modell=x",
    init: get,
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { modell: "is not a known field" },
  },
  {
    name: "a query where none is",
    path: "/api/v1/usage/1?x=1",
    init: get,
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { x: "is not a known field" },
  },
  {
    name: "a doubled query field",
    path: "/api/v1/usage?range=a&range=b",
    init: get,
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { range: "must be given once" },
  },
  {
    name: "a wrong page size",
    path: "/api/v1/usage?limit=1001",
    init: get,
    status: 422,
    code: "VALIDATION_ERROR",
    fields: { limit: "must be at most 1000" },
  },
  {
    name: "another organization in the query",
    path: "/api/v1/usage?organization_id=other",
    init: get,
    status: 403,
    code: "AUTH_002",
  },
  {
    name: "another organization in the body",
    path: "/api/v1/costs",
    init: post('{"organization_id":"other"}'),
    status: 403,
    code: "AUTH_002",
  },
  {
    name: "another organization in a filter",
    path: "/api/v1/costs/batch-query",
    init: post('{"filters":[{"organization_id":"other"}]}'),
    status: 403,
    code: "AUTH_002",
  },
  {
    name: "a defect",
    path: "/api/v1/usage/bug",
    init: get,
    status: 500,
    code: "INTERNAL_ERROR",
    message: /^The server failed/,
  },
  { name: "a full queue", path: "/api/v1/usage/full", init: get, status: 503, code: "UNAVAILABLE" },
  { name: "no key", path: "/api/v1/usage", status: 401, code: "AUTH_001" },
  {
    name: "a stream that fails early",
    path: "/api/v1/costs/stream?model=early",
    init: get,
    status: 422,
    code: "VALIDATION_ERROR",
  },
];

describe("every refusal has its status, its code and the one form", () => {
  test.each(refused)("$name", async ({ path, init, status, code, fields, message }) => {
    const response = await fetch(app.url + path, init);
    const body = ErrorBody.parse(await response.json());
    expect([response.status, body.error.code]).toEqual([status, code]);
    expect(response.headers.get("x-request-id")).toBe(body.request_id);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(JSON.stringify(body)).not.toMatch(/SELECT|app\.ts|node:|FST_|ZodError/);
    if (fields !== undefined) expect(body.error.field_errors).toMatchObject(fields);
    if (message !== undefined) expect(body.error.message).toMatch(message);
    if (status === 405) expect(response.headers.get("allow")).toMatch(/GET, HEAD/);
    if (status === 401) expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    if (status === 503) expect(response.headers.get("retry-after")).toBe("1");
  });
});
