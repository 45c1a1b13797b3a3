import { UsageInput } from "@llm-cost-ops/contract";
import { expect, test } from "vitest";
import { collect, fixture, inPieces } from "../import-fixture.ts";
import { chooseReader } from "../import-formats.ts";
import type { ReadContext, ReadItem } from "../import-reader.ts";
import { RecordIdentity } from "../record-identity.ts";
import { describeHead, headBytes } from "../source/file-head.ts";

async function readFixture(name: string): Promise<{ readonly format: string; readonly items: readonly ReadItem[] }> {
  const bytes = fixture(name);
  const head = describeHead(bytes.subarray(0, headBytes), true, name);
  const reader = chooseReader("auto", head, undefined);
  const identity = new RecordIdentity();
  const context: ReadContext = {
    name,
    map: undefined,
    hasDefaults: false,
    defaultProvider: undefined,
    identify: (content, ms) => identity.identify(content, ms),
  };
  return { format: reader.format, items: await collect(reader.read(inPieces(bytes, 61), head, context)) };
}

/** What a fixture gives: the records, in order, by the fields that matter. */
const expected: Readonly<Record<string, { readonly format: string; readonly records: readonly object[] }>> = {
  "own.jsonl": {
    format: "jsonl",
    records: [
      { id: "018f0000-0000-7000-8000-000000000001", input_tokens: 1000, cached_tokens: 400 },
      { id: expect.stringMatching(/^019b8d99-6ce8-8/), prompt_tokens: 50, model: { name: "gpt-4o-mini" } },
    ],
  },
  "own.json": { format: "json", records: [{ input_tokens: 7 }, { prompt_tokens: 8 }] },
  "table.csv": {
    format: "csv",
    records: [
      { input_tokens: 374, output_tokens: 44, occurred_at: Date.UTC(2023, 10, 16, 18, 15, 46, 680) },
      { input_tokens: 396, output_tokens: 109 },
      { input_tokens: 396, output_tokens: 109 },
    ],
  },
  "responses.jsonl": {
    format: "responses",
    records: [
      { id: "chatcmpl-1", model: "gpt-4o-2024-08-06", provider: "openai", usage_format: "openai_chat" },
      { user_id: "u1", model: "gpt-4o", occurred_at: Date.UTC(2026, 0, 5, 10), usage: { prompt_tokens: 20 } },
      { id: "chatcmpl-2", service_tier: "batch" },
      { id: "msg_batch_1", provider: "anthropic", service_tier: "batch", usage: { cache_read_input_tokens: 90 } },
      { id: "bedrock-req-1", provider: "aws", region: "us-east-1", model: "anthropic.claude-sonnet-4-5-20250929-v1:0" },
      { id: "resp_1", usage_format: "openai_responses", units: { web_searches: 1 } },
      { id: "gem-1", provider: "google", model: "gemini-2.5-pro", usage_format: "gemini" },
    ],
  },
  "transcripts.txt": {
    format: "sse",
    records: [
      { id: "msg_s1", stream: true, usage: { cache_read_input_tokens: 75, output_tokens: 15 } },
      { id: "msg_s2", usage: { input_tokens: 5, output_tokens: 9 } },
      { id: "chatcmpl-s1", usage: { prompt_tokens: 11 } },
      { id: "resp_s1", usage: { input_tokens: 31 } },
    ],
  },
  "claude-code.jsonl": {
    format: "claude-code",
    records: [
      {
        id: "msg_cc1",
        project_id: "shop",
        occurred_at: Date.UTC(2026, 1, 1, 9, 0, 3),
        usage: { output_tokens: 159, cache_creation: { ephemeral_1h_input_tokens: 150 } },
        tags: { agent: "claude-code", session: "s-1" },
        metadata: { request_id: "req_cc1", git_branch: "main" },
      },
      { id: "msg_cc2", project_id: "shop", metadata: { sidechain: true } },
    ],
  },
  "codex.jsonl": {
    format: "codex",
    records: [
      { model: "gpt-4o", input_tokens: 1000, cached_tokens: 400, output_tokens: 100, reasoning_tokens: 40 },
      { model: "gpt-4o", input_tokens: 2000, cached_tokens: 1000, output_tokens: 50, reasoning_tokens: 0 },
    ],
  },
  "litellm.json": {
    format: "litellm",
    records: [
      {
        id: "chatcmpl-lite-1",
        model: "gpt-4o",
        input_tokens: 1000,
        cached_tokens: 600,
        reasoning_tokens: 20,
        project_id: "team-1",
        latency_ms: 2500,
        tags: ["env:prod", "team=search"],
        metadata: { reported_cost: "0.00135" },
      },
      { id: "chatcmpl-lite-1:cache_hit", usage_status: "void", input_tokens: 0, metadata: { cache_hit: true } },
    ],
  },
  "litellm.csv": {
    format: "litellm-csv",
    records: [
      { id: "chatcmpl-lite-1", input_tokens: 1000, cached_tokens: 600, occurred_at: Date.UTC(2026, 0, 5, 10) },
      { id: "chatcmpl-lite-9", provider: "anthropic", input_tokens: 10, output_tokens: 2 },
    ],
  },
  "langfuse.json": {
    format: "langfuse",
    records: [
      { id: "obs-1", input_tokens: 1000, cached_tokens: 600, output_tokens: 100, reasoning_tokens: 20 },
      { id: "obs-2", input_tokens: 1000, cached_tokens: 600, output_tokens: 100 },
      { id: "obs-3", input_tokens: 30, output_tokens: 3, metadata: { reported_cost: "0.0001" } },
    ],
  },
  "helicone.jsonl": {
    format: "helicone",
    records: [
      { id: "h-1", input_tokens: 1000, cached_tokens: 600, tags: { team: "search" } },
      { id: "h-2", provider: "anthropic", input_tokens: 150, cached_tokens: 50 },
      { id: "chatcmpl-1", usage_format: "openai_chat", metadata: { helicone_request_id: "h-3" } },
    ],
  },
  "otlp.json": {
    format: "otlp",
    records: [
      { id: "chatcmpl-1", input_tokens: 1000, cached_tokens: 600, tags: { service: "shop", environment: "prod" } },
      {
        input_tokens: 100,
        cached_tokens: 90,
        provider: "Anthropic",
        metadata: { cache_accounting: expect.any(String) },
      },
      { model: "gpt-4o-mini", input_tokens: 7, provider: "openai.chat" },
      { model: "gpt-4o", input_tokens: 20, metadata: { reported_cost: "0.00009" } },
    ],
  },
};

test.each(Object.entries(expected))(
  "%s is told by its first bytes and gives the expected records",
  async (name, want) => {
    const { format, items } = await readFixture(name);
    const records = items.flatMap((item) =>
      "record" in item
        ? [item.record]
        : "json" in item
          ? [JSON.parse(Buffer.from(item.json).toString()) as object]
          : [],
    );
    expect(items.filter((item) => "rejected" in item)).toEqual([]);
    expect(format).toBe(want.format);
    expect(records).toHaveLength(want.records.length);
    for (const [index, record] of records.entries()) {
      expect(record).toMatchObject(want.records[index] as object);
      expect(UsageInput.safeParse(record).error).toBeUndefined();
    }
  },
);

test("a codex fork gives only what happened after the fork, under the identity of the chain's first session", async () => {
  const parent = await readFixture("codex.jsonl");
  const fork = await readFixture("codex-fork.jsonl");
  const idsOf = (items: readonly ReadItem[]): unknown[] =>
    items.flatMap((item) => ("record" in item ? [item.record.id] : []));
  const [replayed, own] = idsOf(fork.items);
  expect(idsOf(parent.items)).toContain(replayed);
  expect(idsOf(parent.items)).not.toContain(own);
  expect(fork.items.filter((item) => "skipped" in item && item.skipped.includes("forked"))).toHaveLength(1);
});

test("keys of litellm callers never leave the file", async () => {
  const { items } = await readFixture("litellm.json");
  expect(JSON.stringify(items)).not.toContain("88dc28d0f030c55e");
});
