import { gzipSync } from "node:zlib";
import type { ImportEvent } from "@llm-cost-ops/contract";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Refusal } from "../refusal.ts";
import { type ImportBench, openImportBench } from "./import-bench-fixture.ts";
import { fixture, inPieces, jsonLines } from "./import-fixture.ts";

let bench: ImportBench;
beforeAll(async () => {
  bench = await openImportBench();
});
afterAll(() => bench.close());

let series = 0;
/** Records that no other test sends. */
const records = (count: number): object[] => {
  series++;
  return Array.from({ length: count }, (_, index) => ({
    provider: "openai",
    model: "gpt-4o",
    input_tokens: 100,
    output_tokens: 10,
    occurred_at: "2026-01-05T10:00:00Z",
    project_id: `series-${series}`,
    metadata: { index },
  }));
};

test.each([
  "own.jsonl",
  "table.csv",
  "responses.jsonl",
  "transcripts.txt",
  "claude-code.jsonl",
  "codex.jsonl",
  "litellm.csv",
  "langfuse.json",
  "otlp.json",
])("importing %s again records nothing", async (name) => {
  const defaults = { provider: "openai", model: "gpt-4o" };
  const first = await bench.run(fixture(name), { name, ...(name.endsWith("table.csv") ? { defaults } : {}) });
  const again = await bench.run(fixture(name), { name, ...(name.endsWith("table.csv") ? { defaults } : {}) });
  expect(first.rejections).toEqual([]);
  expect(first.read).toBeGreaterThan(0);
  expect(again).toMatchObject({ recorded: 0, duplicate: first.read, rejected: 0, read: first.read });
});

test("equal rows within a file are distinct records, and a longer file records only its new rows", async () => {
  const row = { ...records(1)[0], metadata: {} };
  const first = await bench.run(jsonLines([row, row, row]));
  const longer = await bench.run(jsonLines([row, row, row, row]));
  expect(first.recorded).toBe(3);
  expect(longer).toMatchObject({ recorded: 1, duplicate: 3 });
});

test("the same call seen through a recorded response, a spend log, a proxy's export and a span counts once", async () => {
  const usage = {
    prompt_tokens: 1000,
    completion_tokens: 100,
    total_tokens: 1100,
    prompt_tokens_details: { cached_tokens: 600 },
  };
  const response = {
    id: "chatcmpl-once",
    object: "chat.completion",
    created: 1767607200,
    model: "gpt-4o",
    choices: [],
    usage,
  };
  const spendLog = {
    request_id: "chatcmpl-once",
    call_type: "acompletion",
    spend: 0.1,
    model: "gpt-4o",
    custom_llm_provider: "openai",
    prompt_tokens: 1000,
    completion_tokens: 100,
    startTime: "2026-01-05T10:00:00Z",
    metadata: { usage_object: usage },
  };
  const proxied = {
    request_id: "h-once",
    request_created_at: "2026-01-05T10:00:00Z",
    provider: "OPENAI",
    response_body: response,
  };
  const attributes = [
    { key: "gen_ai.operation.name", value: { stringValue: "chat" } },
    { key: "gen_ai.provider.name", value: { stringValue: "openai" } },
    { key: "gen_ai.response.model", value: { stringValue: "gpt-4o" } },
    { key: "gen_ai.response.id", value: { stringValue: "chatcmpl-once" } },
    { key: "gen_ai.usage.input_tokens", value: { intValue: "1000" } },
    { key: "gen_ai.usage.output_tokens", value: { intValue: "100" } },
  ];
  const span = {
    resourceSpans: [
      {
        scopeSpans: [
          { spans: [{ traceId: "a1", spanId: "b1", startTimeUnixNano: "1767607200000000000", attributes }] },
        ],
      },
    ],
  };
  const reports = [];
  for (const value of [response, spendLog, proxied, span]) reports.push(await bench.run(jsonLines([value])));
  expect(reports.map((report) => report.format)).toEqual(["responses", "litellm", "helicone", "otlp"]);
  expect(reports.map((report) => report.recorded)).toEqual([1, 0, 0, 0]);
  expect(reports.map((report) => report.duplicate)).toEqual([0, 1, 1, 1]);
});

test("bad lines are rejected by number and spoil no other", async () => {
  const [good, other] = jsonLines(records(2)).trimEnd().split("\n");
  const bad = [
    '{"model":',
    "[]",
    '{"model":"gpt-4o","provider":"openai","input_tokens":-1,"output_tokens":1}',
    `${"[".repeat(5000)}`,
  ];
  const report = await bench.run(`${[good, ...bad, other].join("\r\n")}\r\n`, { format: "jsonl" });
  expect(report).toMatchObject({ recorded: 2, rejected: 4, read: 6, status: "completed" });
  expect(report.rejections.map((rejection) => rejection.line).sort()).toEqual([2, 3, 4, 5]);
  expect(report.rejections.find((rejection) => rejection.line === 4)?.field).toBe("input_tokens");
});

test("a byte order mark, CRLF, gzip and invalid UTF-8 are no obstacle", async () => {
  const lines = jsonLines(records(3)).replaceAll("\n", "\r\n");
  const bytes = Buffer.concat([
    Buffer.from([0xef, 0xbb, 0xbf]),
    Buffer.from(lines),
    Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]),
  ]);
  const report = await bench.run(gzipSync(bytes), { format: "jsonl" });
  expect(report).toMatchObject({ recorded: 3, rejected: 1, bytes: gzipSync(bytes).length });
  expect(report.rejections[0]).toMatchObject({ line: 4, reason: "not valid UTF-8" });
});

test("a line longer than 16 MiB is rejected by its number and not kept", async () => {
  const [before, after] = jsonLines(records(2)).trimEnd().split("\n");
  async function* source(): AsyncIterable<Uint8Array> {
    yield Buffer.from(`${before}\n{"x":"`);
    for (let megabyte = 0; megabyte < 20; megabyte++) yield Buffer.alloc(1024 * 1024, "x");
    yield Buffer.from(`"}\n${after}\n`);
  }
  const report = await bench.run(source());
  expect(report).toMatchObject({ recorded: 2, rejected: 1 });
  expect(report.rejections[0]).toMatchObject({ line: 2, reason: "longer than 16 MiB" });
});

test("a cut-off gzip fails with what was read before it recorded, and the whole file completes the rest", async () => {
  const zipped = gzipSync(
    jsonLines(records(5_000).map((record, index) => ({ ...record, user_id: `user-${(index * 7919) % 4999}` }))),
  );
  const events = await bench.events(inPieces(zipped.subarray(0, zipped.length / 2)));
  const report = events.at(-1);
  expect(events.find((event) => event.type === "error")).toMatchObject({ error: { code: "INVALID_REQUEST" } });
  if (report?.type !== "report") throw new Error("no report");
  expect(report.report.status).toBe("failed");
  expect(report.report.recorded).toBeGreaterThan(100);
  expect(await bench.store.get("acme", report.report.id)).toMatchObject({
    status: "failed",
    recorded: report.report.recorded,
  });
  const whole = await bench.run(zipped);
  expect(whole).toMatchObject({ read: 5_000, duplicate: report.report.recorded, status: "completed" });
});

test("defaults fill only what a record does not say", async () => {
  const id = "defaults-1";
  const report = await bench.run(
    jsonLines([{ id, model: "gpt-4o", input_tokens: 1, output_tokens: 1, project_id: "own", tags: ["team:own"] }]),
    {
      defaults: {
        provider: "openai",
        model: "other",
        project_id: "default",
        user_id: "u",
        occurred_at: "2026-01-01",
        tags: { team: "default", env: "prod" },
      },
    },
  );
  expect(report.recorded).toBe(1);
  expect(await bench.get(id)).toMatchObject({
    provider: "openai",
    model: "gpt-4o",
    project_id: "own",
    user_id: "u",
    occurred_at: "2026-01-01T00:00:00.000Z",
    tags: { team: "own", env: "prod" },
    source: "import:jsonl",
  });
});

test("a dry run records nothing and leaves no report", async () => {
  const lines = jsonLines(records(10));
  const dry = await bench.run(lines, { dryRun: true });
  expect(dry).toMatchObject({ read: 10, recorded: 10 });
  expect(await bench.store.get("acme", dry.id)).toBeUndefined();
  expect(await bench.run(lines)).toMatchObject({ recorded: 10, duplicate: 0 });
});

test("models without a price are named with their reason", async () => {
  const report = await bench.run(jsonLines(records(3).map((record) => ({ ...record, model: "no-such-model" }))));
  expect(report).toMatchObject({ recorded: 3, unpriced: 3 });
  expect(report.unpriced_models).toEqual([
    { provider: "openai", model: "no-such-model", reason: "unknown_model", records: 3 },
  ]);
});

test("a large list in one document is read element by element", async () => {
  const text = JSON.stringify({ note: { records: [1] }, records: records(3_000), more: [1, 2] });
  expect(await bench.run(text)).toMatchObject({ format: "json", read: 3_000, recorded: 3_000, rejected: 0 });
});

test("what is no import at all is refused before anything is answered", async () => {
  for (const nonsense of ["", "hello world\n", "\0\0\0\0", "{}", "[]", JSON.stringify({ hello: 1 })]) {
    await expect(bench.run(nonsense)).rejects.toThrow(Refusal);
  }
  await expect(bench.run(fixture("table.csv"), { map: "input_tokens=Nope" })).rejects.toMatchObject({
    code: "VALIDATION_ERROR",
    fieldErrors: { map: expect.stringContaining("Nope") },
  });
});

test("any bytes in any format end in a report or a refusal", async () => {
  const formats = [
    "jsonl",
    "json",
    "csv",
    "responses",
    "sse",
    "claude-code",
    "codex",
    "litellm",
    "litellm-csv",
    "langfuse",
    "helicone",
    "otlp",
  ] as const;
  const line = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.string(),
    fc.constantFrom(
      '{"__proto__":{"x":1},"model":"gpt-4o","input_tokens":1,"output_tokens":1}',
      `${"[".repeat(200_000)}`,
      `{"a":${"[".repeat(50)}${"]".repeat(50)}}`,
      '{"type":"assistant","sessionId":"s","message":{"usage":{"input_tokens":"x"}}}',
      '{"type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":[]}}}',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[null,1,{"attributes":[{"key":1}]}]}]}]}',
      'data: {"type":"message_start","message":null}',
      "]}",
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...formats), fc.array(line, { maxLength: 8 }), async (format, lines) => {
      const map = format === "csv" ? { map: "input_tokens='1',provider='openai',model='gpt-4o'" } : {};
      const events: ImportEvent[] = await bench.events(lines.join("\n"), { format, dryRun: true, ...map });
      const last = events.at(-1);
      expect(last?.type).toBe("report");
      if (last?.type === "report") {
        const { read, recorded, duplicate, rejected, status } = last.report;
        expect(read).toBe(recorded + duplicate + rejected);
        expect(status).toBe("completed");
      }
    }),
    { numRuns: 150 },
  );
});
