import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readProviderResponse } from "./read-provider-response.ts";
import { readStreamTranscript } from "./read-stream-transcript.ts";
import { type ProviderResponse, usageFlavors } from "./usage-flavors.ts";
import { type Quantities, tokenTotals } from "./usage-kinds.ts";

const folder = new URL("./fixtures/", import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(name, folder), "utf8");

interface Expected extends Partial<Omit<ProviderResponse, "rawUsage" | "contradictions">> {
  readonly flavor: ProviderResponse["flavor"];
  readonly quantities: Quantities;
  /** Inclusive input and output, as the provider itself would quote them. */
  readonly totals: readonly [input: number, output: number];
}

const second = (seconds: number): { occurredAtMs: number } => ({ occurredAtMs: seconds * 1000 });

/** Fixture (with `#line` for a line of JSONL) → what metering takes from it. Status is `reported` unless given. */
const expected: Readonly<Record<string, Expected>> = {
  "openai-chat.json": {
    flavor: "openai_chat",
    provider: "openai",
    model: "gpt-5-mini-2025-08-07",
    responseId: "chatcmpl-CbX1aKq0v3Jp7LrT2mWz",
    serviceTier: "default",
    ...second(1763000000),
    quantities: { input: 86, cache_read: 1920, reasoning: 128, output: 172 },
    totals: [2006, 300],
  },
  "openai-chat-cache-write.json": {
    flavor: "openai_chat",
    provider: "openai",
    model: "gpt-5.6",
    responseId: "chatcmpl-DkT82LmPq91Zx",
    serviceTier: "flex",
    ...second(1763000000),
    quantities: { input: 1000, cache_read: 1000, cache_write_5m: 3000, output: 50 },
    totals: [5000, 50],
  },
  "openai-chat-audio.json": {
    flavor: "openai_chat",
    provider: "openai",
    model: "gpt-4o-audio-preview-2025-06-03",
    responseId: "chatcmpl-AuD10q8sN4kR",
    ...second(1763000000),
    quantities: { input: 20, input_audio: 100, output: 30, output_audio: 60 },
    totals: [120, 90],
  },
  "openai-responses.json": {
    flavor: "openai_responses",
    provider: "openai",
    model: "gpt-5-2025-08-07",
    responseId: "resp_68a1f0c2b4d8819c9e7a",
    serviceTier: "priority",
    ...second(1763000100),
    quantities: {
      input: 4904,
      cache_read: 4096,
      reasoning: 512,
      output: 188,
      web_searches: 2,
      file_searches: 1,
      code_executions: 1,
    },
    totals: [9000, 700],
  },
  "openai-responses-incomplete.json": {
    flavor: "openai_responses",
    provider: "openai",
    model: "gpt-5-2025-08-07",
    responseId: "resp_68a1f0c2b4d8819c9e7b",
    ...second(1763000200),
    quantities: { input: 50, reasoning: 1024 },
    totals: [50, 1024],
  },
  "openai-embeddings.json": {
    flavor: "openai_embeddings",
    provider: "openai",
    model: "text-embedding-3-small",
    quantities: { input: 8 },
    totals: [8, 0],
  },
  "openai-images.json": {
    flavor: "openai_images",
    ...second(1763000300),
    quantities: { input: 50, input_image: 323, output_image: 1056 },
    totals: [373, 1056],
  },
  "openai-images-by-piece.json": {
    flavor: "openai_images",
    ...second(1763000310),
    quantities: { output_images: 2 },
    totals: [0, 0],
  },
  "openai-realtime-event.json": {
    flavor: "openai_realtime",
    responseId: "resp_BGwTn2qLr8yA",
    quantities: {
      input: 86,
      input_audio: 122,
      cache_read: 64,
      cache_read_audio: 128,
      output: 50,
      output_audio: 150,
    },
    totals: [400, 200],
  },
  "openai-audio-duration.json": { flavor: "openai_audio", quantities: { input_audio_ms: 9470 }, totals: [0, 0] },
  "openai-audio-tokens.json": {
    flavor: "openai_audio",
    quantities: { input: 14, input_audio: 100, output: 45 },
    totals: [114, 45],
  },
  "openai-batch-output.jsonl#1": {
    flavor: "openai_chat",
    provider: "openai",
    model: "gpt-4o-mini-2024-07-18",
    responseId: "chatcmpl-BtC1",
    serviceTier: "batch",
    ...second(1763000000),
    quantities: { input: 100, output: 20 },
    totals: [100, 20],
  },
  "openai-batch-output.jsonl#2": {
    flavor: "openai_chat",
    status: "void",
    responseId: "req_0a2",
    serviceTier: "batch",
    quantities: {},
    totals: [0, 0],
  },
  "openai-batch-output.jsonl#3": {
    flavor: "openai_chat",
    status: "void",
    responseId: "batch_req_6720a3",
    serviceTier: "batch",
    quantities: {},
    totals: [0, 0],
  },
  "anthropic-messages.json": {
    flavor: "anthropic_messages",
    provider: "anthropic",
    model: "claude-sonnet-4-5-20250929",
    responseId: "msg_01XFDUDYJgAACzvnptvVoYEL",
    serviceTier: "standard",
    region: "us",
    quantities: {
      input: 21,
      cache_read: 188086,
      cache_write_5m: 1000,
      cache_write_1h: 500,
      reasoning: 200,
      output: 193,
      web_searches: 3,
    },
    totals: [189607, 393],
  },
  "anthropic-messages-compaction.json": {
    flavor: "anthropic_messages",
    provider: "anthropic",
    model: "claude-opus-4-6",
    responseId: "msg_01CoMpActQ8",
    serviceTier: "priority",
    quantities: { input: 203000, output: 4500 },
    totals: [203000, 4500],
    notes: ["tokens of a compaction, which the totals leave out, are added"],
  },
  "anthropic-bedrock-invoke.json": {
    flavor: "anthropic_messages",
    provider: "aws",
    model: "claude-3-7-sonnet-20250219",
    responseId: "msg_bdrk_01Hq7nT4",
    quantities: { input: 10, cache_write_5m: 400, output: 7 },
    totals: [410, 7],
  },
  "anthropic-batch-results.jsonl#1": {
    flavor: "anthropic_messages",
    provider: "anthropic",
    model: "claude-haiku-4-5-20251001",
    responseId: "msg_014VwiXbi91y3JMjcpyGBHX5",
    serviceTier: "batch",
    quantities: { input: 11, output: 36 },
    totals: [11, 36],
  },
  "anthropic-batch-results.jsonl#2": {
    flavor: "anthropic_messages",
    status: "void",
    serviceTier: "batch",
    quantities: {},
    totals: [0, 0],
  },
  "anthropic-batch-results.jsonl#3": {
    flavor: "anthropic_messages",
    status: "void",
    serviceTier: "batch",
    quantities: {},
    totals: [0, 0],
  },
  "gemini.json": {
    flavor: "gemini",
    provider: "google",
    model: "gemini-2.5-flash",
    responseId: "mAwJaNq7Oe2l1PIPx9rR6Ac",
    occurredAtMs: 1763000000123,
    quantities: {
      input: 230,
      input_audio: 300,
      input_image: 500,
      cache_read: 3300,
      cache_read_audio: 700,
      reasoning: 800,
      output: 200,
    },
    totals: [5030, 1000],
  },
  "gemini-cached-audio.json": {
    flavor: "gemini",
    provider: "google",
    model: "gemini-2.5-flash",
    status: "partial",
    notes: ["how cachedContentTokenCount divides over modalities is not reported; text is taken as cached first"],
    quantities: { input_audio: 400, cache_read: 500, cache_read_audio: 100, output: 10 },
    totals: [1000, 10],
  },
  "gemini-stream-chunks.json": {
    flavor: "gemini",
    provider: "google",
    model: "gemini-2.5-pro",
    responseId: "oAwJaA1",
    quantities: { input: 20, reasoning: 40, output: 5 },
    totals: [20, 45],
  },
  "vertex-flex.json": {
    flavor: "gemini",
    provider: "google",
    model: "gemini-2.5-flash-image",
    responseId: "nQwJaIzXB6",
    serviceTier: "ON_DEMAND_FLEX",
    ...second(1763000001),
    quantities: { input: 64, output_image: 1290 },
    totals: [64, 1290],
  },
  "vertex-batch-output.jsonl#1": {
    flavor: "gemini",
    provider: "google",
    model: "gemini-2.0-flash-001",
    serviceTier: "batch",
    ...second(1763000002),
    quantities: { input: 12, output: 30 },
    totals: [12, 30],
  },
  "bedrock-converse.json": {
    flavor: "bedrock_converse",
    provider: "aws",
    serviceTier: "priority",
    quantities: { input: 4, cache_read: 8000, cache_write_5m: 500, cache_write_1h: 1500, output: 120 },
    totals: [10004, 120],
  },
  "bedrock-invocation-log.jsonl#1": {
    flavor: "bedrock_converse",
    provider: "aws",
    model: "eu.anthropic.claude-sonnet-4-20250514-v1:0",
    responseId: "3f0b8a52-8d3e-4c51-9b0a-1f6a6cf0a113",
    region: "eu-central-1",
    ...second(1763000003),
    quantities: { input: 15, cache_read: 100, output: 42 },
    totals: [115, 42],
  },
  "bedrock-invocation-log.jsonl#2": {
    flavor: "anthropic_messages",
    provider: "aws",
    model: "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
    responseId: "msg_bdrk_01Hq7nT5",
    region: "us-east-1",
    ...second(1763000004),
    quantities: { input: 10, cache_read: 50, cache_write_5m: 400, output: 7 },
    totals: [460, 7],
  },
  "bedrock-invocation-log.jsonl#3": {
    flavor: "bedrock_converse",
    status: "void",
    provider: "aws",
    model: "amazon.nova-lite-v1:0",
    responseId: "3f0b8a52-8d3e-4c51-9b0a-1f6a6cf0a115",
    region: "us-east-1",
    ...second(1763000005),
    quantities: {},
    totals: [0, 0],
  },
  "deepseek.json": {
    flavor: "deepseek",
    provider: "deepseek",
    model: "deepseek-reasoner",
    responseId: "930c60df-bf64-41c9-a88e-3ec75f81e00e",
    ...second(1763000000),
    quantities: { input: 360, cache_read: 640, reasoning: 300, output: 100 },
    totals: [1000, 400],
  },
  "xai.json": {
    flavor: "xai",
    provider: "x-ai",
    model: "grok-4-0709",
    responseId: "0e3b7a31-52c1-4f0e-9a56-2dd1a2a1f001",
    ...second(1763000000),
    reportedCost: { amount: "0.00491", currency: "USD" },
    quantities: { input: 26, cache_read: 6, reasoning: 94, output: 9 },
    totals: [32, 103],
  },
  "xai-responses.json": {
    flavor: "xai",
    provider: "x-ai",
    model: "grok-4-fast",
    responseId: "5d1f8a0c-2b31-9c77-aa10-7f0d2b9e0002",
    ...second(1763000400),
    reportedCost: { amount: "0.0127344", currency: "USD" },
    quantities: { input: 2810, cache_read: 1024, reasoning: 400, output: 67, web_searches: 3 },
    totals: [3834, 467],
  },
  "mistral.json": {
    flavor: "mistral",
    provider: "mistral",
    model: "mistral-large-latest",
    responseId: "cmpl-e5cc70bb28c444948073e77776eb30ef",
    ...second(1763000000),
    quantities: { input: 8, cache_read: 8, output: 34 },
    totals: [16, 34],
  },
  "mistral-voxtral.json": {
    flavor: "mistral",
    provider: "mistral",
    model: "voxtral-mini-2507",
    responseId: "2f9e7b1c4d5a4e1b8c7d6f5a4b3c2d1e",
    ...second(1763000000),
    quantities: { input: 12, output: 30, input_audio_ms: 25000 },
    totals: [12, 30],
  },
  "mistral-ocr.json": {
    flavor: "mistral",
    provider: "mistral",
    model: "mistral-ocr-2505-completion",
    quantities: { pages: 3 },
    totals: [0, 0],
  },
  "cohere-v2.json": {
    flavor: "cohere",
    provider: "cohere",
    responseId: "c14c80c3-18eb-4519-9460-6c92edd8cfb4",
    quantities: { input: 5, output: 418 },
    totals: [5, 418],
  },
  "cohere-v1.json": {
    flavor: "cohere",
    provider: "cohere",
    responseId: "bd4b4a35-0b7a-4b1e-a1b5-4b5a4c9a0001",
    quantities: { input: 7, output: 11 },
    totals: [7, 11],
  },
  "cohere-rerank.json": {
    flavor: "cohere",
    provider: "cohere",
    responseId: "07734bd2-2473-4f07-94e1-0d9f0e6843cf",
    quantities: { requests: 2 },
    totals: [0, 0],
  },
  "groq.json": {
    flavor: "groq",
    provider: "groq",
    model: "llama-3.3-70b-versatile",
    responseId: "chatcmpl-7f3c9b5e-1b7a-4c52-8c1f-8f9c0d2b6a33",
    serviceTier: "on_demand",
    ...second(1763000000),
    quantities: { input: 18, output: 556 },
    totals: [18, 556],
  },
  "openrouter.json": {
    flavor: "openrouter",
    provider: "openrouter",
    model: "anthropic/claude-sonnet-4.5",
    responseId: "gen-1763000500-Vj2mQ7pYx1bKc3",
    ...second(1763000000),
    reportedCost: { amount: "0.00014", currency: "USD" },
    quantities: { input: 94, cache_read: 1000, cache_write_5m: 100, output: 2 },
    totals: [1194, 2],
  },
  "perplexity-deep-research.json": {
    flavor: "perplexity",
    provider: "perplexity",
    model: "sonar-deep-research",
    responseId: "b4f2c1d0-9a3e-4a53-8c4a-1f2e3d4c5b6a",
    ...second(1763000000),
    reportedCost: { amount: "0.409", currency: "USD" },
    quantities: { input: 20049, reasoning: 73997, output: 7163, web_searches: 18, requests: 1 },
    totals: [20049, 81160],
  },
  "perplexity-sonar.json": {
    flavor: "perplexity",
    provider: "perplexity",
    model: "sonar-pro",
    responseId: "b4f2c1d0-9a3e-4a53-8c4a-1f2e3d4c5b6b",
    ...second(1763000000),
    reportedCost: { amount: "0.007", currency: "USD" },
    quantities: { input: 14, output: 70, requests: 1 },
    totals: [14, 70],
  },
  "azure-openai.json": {
    flavor: "azure_openai",
    provider: "azure",
    model: "gpt-4o-2024-11-20",
    responseId: "chatcmpl-9aZq3R1",
    ...second(1763000000),
    quantities: { input: 60, output: 15 },
    totals: [60, 15],
  },
};

const responsesStream: Expected = {
  flavor: "openai_responses",
  provider: "openai",
  model: "gpt-5-2025-08-07",
  responseId: "resp_StReAm01",
  serviceTier: "flex",
  ...second(1763000700),
  quantities: { input: 200, cache_read: 128, reasoning: 40, output: 12, web_searches: 1 },
  totals: [328, 52],
};

const expectedStreams: Readonly<Record<string, Expected>> = {
  "openai-chat.sse": {
    flavor: "openai_chat",
    provider: "openai",
    model: "gpt-4o-2024-08-06",
    responseId: "chatcmpl-StR1",
    serviceTier: "default",
    ...second(1763000600),
    quantities: { input: 19, output: 10 },
    totals: [19, 10],
  },
  "groq.sse": {
    flavor: "groq",
    provider: "groq",
    model: "llama-3.1-8b-instant",
    responseId: "chatcmpl-f51b2cd2-bef7-417e-964e-a08f0b513c22",
    ...second(1763000600),
    quantities: { input: 20, output: 100 },
    totals: [20, 100],
  },
  "perplexity-cumulative.sse": {
    flavor: "perplexity",
    provider: "perplexity",
    model: "sonar",
    responseId: "b4f2c1d0-0000-4a53-8c4a-1f2e3d4c5b6c",
    ...second(1763000600),
    quantities: { input: 14, output: 12, requests: 1 },
    totals: [14, 12],
  },
  "anthropic-messages.sse": {
    flavor: "anthropic_messages",
    provider: "anthropic",
    model: "claude-sonnet-4-5-20250929",
    responseId: "msg_01StReAm7",
    serviceTier: "standard",
    quantities: { input: 3, cache_read: 15000, cache_write_1h: 2000, output: 89 },
    totals: [17003, 89],
  },
  "anthropic-broken.sse": {
    flavor: "anthropic_messages",
    provider: "anthropic",
    model: "claude-sonnet-4-5-20250929",
    responseId: "msg_01StReAm7",
    serviceTier: "standard",
    status: "partial",
    notes: ["the stream ended before its last event", "1 events could not be read"],
    quantities: { input: 3, cache_read: 15000, cache_write_1h: 2000, output: 1 },
    totals: [17003, 1],
  },
  "openai-responses-completed.sse": responsesStream,
  "openai-responses-incomplete.sse": responsesStream,
  "openai-responses-failed.sse": responsesStream,
  "gemini.sse": {
    flavor: "gemini",
    provider: "google",
    model: "gemini-2.5-pro",
    responseId: "oAwJaA1",
    quantities: { input: 20, reasoning: 40, output: 5 },
    totals: [20, 45],
  },
  "bedrock-converse-stream.jsonl": {
    flavor: "bedrock_converse",
    provider: "aws",
    quantities: { input: 30, cache_read: 100, output: 20 },
    totals: [130, 20],
  },
  "cohere-v2.sse": {
    flavor: "cohere",
    provider: "cohere",
    responseId: "29f14a5a-11de-4cae-9800-25e4747408ea",
    quantities: { input: 3, output: 9 },
    totals: [3, 9],
  },
  "openai-images.sse": {
    flavor: "openai_images",
    ...second(1763000801),
    quantities: { input: 10, input_image: 40, output_image: 50 },
    totals: [50, 50],
  },
};

function check(actual: ProviderResponse | undefined, { totals, ...wanted }: Expected): void {
  expect(actual).toBeDefined();
  if (actual === undefined) return;
  const { rawUsage, contradictions, ...rest } = actual;
  expect(rest).toStrictEqual({ status: "reported", ...wanted });
  expect(contradictions).toStrictEqual([]);
  const sums = tokenTotals(actual.quantities);
  expect([sums.input, sums.output]).toStrictEqual(totals);
  if (actual.status !== "void" && !("output_images" in actual.quantities)) expect(rawUsage).toBeTypeOf("object");
}

describe("recorded bodies", () => {
  test.each(Object.entries(expected))("%s", (name, wanted) => {
    const [file = "", line] = name.split("#");
    const text = textOf(file);
    const json = line === undefined ? text : (text.split("\n")[Number(line) - 1] ?? "");
    check(readProviderResponse(JSON.parse(json)), wanted);
  });
});

describe("recorded streams", () => {
  test.each(Object.entries(expectedStreams))("%s", (name, wanted) => {
    const reading = readStreamTranscript(textOf(name));
    check(reading.kind === "response" ? reading.response : undefined, wanted);
  });

  test("openai-chat-no-usage.sse ends properly without usage, and nothing is invented", () => {
    expect(readStreamTranscript(textOf("openai-chat-no-usage.sse"))).toMatchObject({
      kind: "no_usage",
      reason: "not_reported",
    });
  });
});

test("every fixture is expected, and every flavor has one", () => {
  const named = [...Object.keys(expected), ...Object.keys(expectedStreams), "openai-chat-no-usage.sse"];
  const files = new Set(named.map((name) => name.split("#")[0]));
  expect(readdirSync(folder).filter((file) => !files.has(file))).toStrictEqual([]);
  const flavors = new Set(Object.values(expected).map(({ flavor }) => flavor));
  expect(usageFlavors.filter((flavor) => !flavors.has(flavor))).toStrictEqual([]);
});
