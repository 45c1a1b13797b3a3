import { gzipSync } from "node:zlib";
import { operations } from "@llm-cost-ops/contract";
import protobuf from "protobufjs/light.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ListeningApp, listen, testKey } from "../http/app-fixture.ts";
import { type ImportBench, openImportBench } from "./import-bench-fixture.ts";
import { fixture, jsonLines } from "./import-fixture.ts";
import { traceSchema } from "./otlp/otlp-protobuf.ts";
import { importRoutes } from "./routes.ts";

let bench: ImportBench;
let app: ListeningApp;
beforeAll(async () => {
  bench = await openImportBench();
  app = await listen(importRoutes({ ledger: bench.ledger, store: bench.store, now: Date.now }) as never);
});
afterAll(async () => {
  await app.fastify.close();
  await bench.close();
});

const send = (path: string, body?: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${app.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${testKey}`, ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : Buffer.from(body) }),
  });
const octets = { "content-type": "application/octet-stream" };

test("an import answers with its report, which can be read again and stands first in the list", async () => {
  const answer = await send("/api/v1/imports?name=own.jsonl", fixture("own.jsonl"), octets);
  const { data } = (await answer.json()) as { data: { id: string } };
  expect(answer.status).toBe(200);
  expect(data).toMatchObject({ name: "own.jsonl", format: "jsonl", status: "completed", read: 2, recorded: 2 });
  expect(operations["imports.get"].success.schema?.safeParse({ data }).error).toBeUndefined();
  expect(await (await send(`/api/v1/imports/${data.id}`)).json()).toEqual({ data });
  await send("/api/v1/imports", fixture("own.jsonl"), octets);
  const page = (await (await send("/api/v1/imports?limit=1")).json()) as {
    data: { duplicate: number }[];
    pagination: { has_more: boolean; next_cursor: string };
  };
  expect(page.data).toMatchObject([{ duplicate: 2 }]);
  expect(page.pagination.has_more).toBe(true);
  const next = await send(`/api/v1/imports?limit=1&cursor=${page.pagination.next_cursor}`);
  expect(await next.json()).toMatchObject({ data: [data] });
  expect((await send("/api/v1/imports/none")).status).toBe(404);
});

test("with NDJSON an import tells rejections as they come and the report last", async () => {
  const answer = await send("/api/v1/imports?format=jsonl", "nonsense\n", {
    ...octets,
    accept: "application/x-ndjson",
  });
  const events = (await answer.text())
    .trimEnd()
    .split("\n")
    .map((line): { type: string } => JSON.parse(line));
  expect(answer.headers.get("content-type")).toContain("application/x-ndjson");
  expect(events.map((event) => event.type)).toEqual(["rejected", "progress", "report"]);
});

test("what cannot be recognised is refused with a status in both forms of the answer", async () => {
  for (const accept of ["application/json", "application/x-ndjson"]) {
    const answer = await send("/api/v1/imports", "hello\n", { ...octets, accept });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ error: { code: "IMPORT_001" } });
  }
});

const span = (spanId: string, attributes: Record<string, string | number>, parentSpanId?: string): object => ({
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId,
  ...(parentSpanId === undefined ? {} : { parentSpanId }),
  name: "chat",
  startTimeUnixNano: "1767607200000000000",
  endTimeUnixNano: "1767607201500000000",
  attributes: Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  })),
});
const exportOf = (...spans: object[]): { resourceSpans: object[] } => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
      scopeSpans: [{ spans }],
    },
  ],
});
const call = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o" };
const counts = { "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2 };

const root = protobuf.Root.fromJSON(traceSchema);
function protobufOf(request: { resourceSpans: object[] }): Uint8Array {
  const asBytes = JSON.parse(JSON.stringify(request), (key, value: unknown) =>
    /^(traceId|spanId|parentSpanId)$/.test(key) ? Buffer.from(String(value), "hex").toString("base64") : value,
  ) as object;
  const type = root.lookupType("ExportTraceServiceRequest");
  return type.encode(type.fromObject(asBytes)).finish();
}

test("spans come in as protobuf, JSON and gzip, and are answered in the same encoding", async () => {
  const json = { "content-type": "application/json" };
  const protobufType = { "content-type": "application/x-protobuf" };
  const request = (id: string): { resourceSpans: object[] } =>
    exportOf(span("b7ad6b7169203331", { ...call, ...counts, "gen_ai.response.id": id }));
  const first = await send("/v1/traces", JSON.stringify(request("otlp-1")), json);
  expect([first.status, await first.json()]).toEqual([200, {}]);
  const second = await send("/v1/traces", protobufOf(request("otlp-2")), protobufType);
  expect([second.status, second.headers.get("content-type"), await second.text()]).toEqual([
    200,
    "application/x-protobuf",
    "",
  ]);
  const zipped = gzipSync(protobufOf(request("otlp-3")));
  expect((await send("/v1/traces", zipped, { ...protobufType, "content-encoding": "gzip" })).status).toBe(200);
  for (const id of ["otlp-1", "otlp-2", "otlp-3"]) {
    expect(await bench.get(id)).toMatchObject({
      provider: "openai",
      model: "gpt-4o",
      input_tokens: 10,
      output_tokens: 2,
      latency_ms: 1500,
      occurred_at: "2026-01-05T10:00:00.000Z",
      source: "otlp",
      tags: { service: "shop" },
      cost_status: "priced",
    });
  }
});

test("spans that cannot be recorded are counted in the partial success, and the others are recorded", async () => {
  const request = exportOf(
    span("b7ad6b7169203332", { ...call, ...counts, "gen_ai.response.id": "otlp-good" }),
    span("b7ad6b7169203333", {
      ...call,
      "gen_ai.usage.input_tokens": 1,
      "gen_ai.usage.output_tokens": 1,
      "gen_ai.request.model": "",
    }),
  );
  const json = await send("/v1/traces", JSON.stringify(request), { "content-type": "application/json" });
  expect(await json.json()).toMatchObject({
    partialSuccess: { rejectedSpans: "1", errorMessage: expect.stringContaining("model") },
  });
  const answer = await send("/v1/traces", protobufOf(request), { "content-type": "application/x-protobuf" });
  const response = root.lookupType("ExportTraceServiceResponse").decode(new Uint8Array(await answer.arrayBuffer()));
  expect(response.toJSON()).toMatchObject({ partialSuccess: { rejectedSpans: "1" } });
  expect(await bench.get("otlp-good")).toBeDefined();
});

test("a parent that repeats a model call is not billed, also when it arrives after its child", async () => {
  const json = { "content-type": "application/json" };
  const child = span(
    "b7ad6b7169203335",
    { ...call, ...counts, "gen_ai.response.id": "otlp-child" },
    "b7ad6b7169203334",
  );
  const parent = span("b7ad6b7169203334", { ...call, ...counts, "gen_ai.response.id": "otlp-parent" });
  await send("/v1/traces", JSON.stringify(exportOf(child)), json);
  await send("/v1/traces", JSON.stringify(exportOf(parent)), json);
  expect(await bench.get("otlp-child")).toBeDefined();
  await expect(bench.get("otlp-parent")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test.each([
  ["application/x-protobuf", Buffer.from("not protobuf at all")],
  ["application/x-protobuf", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
  ["application/json", Buffer.from("{")],
  ["application/json", Buffer.from('{"resourceSpans":7}')],
  ["application/json", Buffer.from(`{"resourceSpans":${"[".repeat(200_000)}`)],
  ["application/json", Buffer.from([0x1f, 0x8b, 1, 2, 3])],
])("hostile OTLP bodies (%s, %#) are a refusal, never a failure", async (contentType, body) => {
  const answer = await send("/v1/traces", body, { "content-type": contentType });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { code: "INVALID_REQUEST" } });
});

test("an import that a stopped process left running shows as failed", async () => {
  const report = await bench.run(
    jsonLines([{ id: "x1", provider: "openai", model: "gpt-4o", input_tokens: 1, output_tokens: 1 }]),
  );
  await bench.store.save("acme", { ...report, status: "running", finished_at: null });
  await bench.failInterrupted();
  expect(await bench.store.get("acme", report.id)).toMatchObject({ status: "failed", finished_at: expect.any(String) });
});
