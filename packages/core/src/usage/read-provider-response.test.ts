import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readProviderResponse } from "./read-provider-response.ts";
import { readStreamTranscript } from "./read-stream-transcript.ts";
import { usageFlavors } from "./usage-flavors.ts";
import { isUsageKind } from "./usage-kinds.ts";

const folder = new URL("./fixtures/", import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const bodies: readonly unknown[] = readdirSync(folder)
  .filter((name) => /\.jsonl?$/.test(name) && name !== "expected.json")
  .flatMap((name): unknown[] => {
    const texts = name.endsWith(".json") ? [textOf(name)] : textOf(name).trim().split("\n");
    return texts.map((text): unknown => JSON.parse(text));
  });

const chatUsage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

describe("a usage object that arrived alone", () => {
  test.each<[object, string, object]>([
    [chatUsage, "openai_chat", { input: 10, output: 5 }],
    [{ prompt_tokens: 10, total_tokens: 10 }, "openai_embeddings", { input: 10 }],
    [{ input_tokens: 10, output_tokens: 5 }, "anthropic_messages", { input: 10, output: 5 }],
    [
      { input_tokens: 100, input_tokens_details: { cached_tokens: 80 }, output_tokens: 5 },
      "openai_responses",
      { input: 20, cache_read: 80, output: 5 },
    ],
    [
      { input_tokens: 100, output_tokens: 5, output_tokens_details: { reasoning_tokens: 4 } },
      "openai_responses",
      { input: 100, output: 1, reasoning: 4 },
    ],
    [
      { input_tokens: 100, output_tokens: 5, output_tokens_details: { thinking_tokens: 4 } },
      "anthropic_messages",
      { input: 100, output: 1, reasoning: 4 },
    ],
    [
      { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 90 },
      "anthropic_messages",
      { input: 10, cache_read: 90, output: 5 },
    ],
    [
      { input_tokens: 10, output_tokens: 5, total_tokens: 15, input_tokens_details: { cached_tokens: 4 } },
      "openai_responses",
      { input: 6, cache_read: 4, output: 5 },
    ],
    [{ promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 }, "gemini", { input: 10, output: 5 }],
    [{ usage_metadata: { prompt_token_count: 10, total_token_count: 10 } }, "gemini", { input: 10 }],
    [{ inputTokens: 10, outputTokens: 5, totalTokens: 15 }, "bedrock_converse", { input: 10, output: 5 }],
    [
      { ...chatUsage, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 6 },
      "deepseek",
      { input: 6, cache_read: 4, output: 5 },
    ],
    [{ billed_units: { input_tokens: 10, output_tokens: 5 } }, "cohere", { input: 10, output: 5 }],
    [{ type: "duration", seconds: 2 }, "openai_audio", { input_audio_ms: 2000 }],
    [{ usage: chatUsage }, "openai_chat", { input: 10, output: 5 }],
  ])("%j", (usage, flavor, quantities) => {
    expect(readProviderResponse(usage)).toMatchObject({ flavor, quantities, status: "reported" });
  });

  test("is not looked for in an object full of content", () => {
    expect(readProviderResponse({ ...chatUsage, messages: [{ role: "user", content: "Hi" }] })).toBeUndefined();
    expect(readProviderResponse({ ...chatUsage, note: "x".repeat(300) })).toBeUndefined();
  });

  test("whose input may or may not include the cache is not guessed at", () => {
    expect(readProviderResponse({ inputTokens: 10, outputTokens: 5, cachedInputTokens: 4 })).toBeUndefined();
  });
});

describe("what holds no usage", () => {
  test.each([
    [null],
    [undefined],
    [7],
    ["usage"],
    [[]],
    [{}],
    [{ usage: {} }],
    [{ usage: null, id: "chatcmpl-1" }],
    [{ error: { message: "Rate limited", type: "rate_limit_error" } }],
    [{ type: "response.failed", response: { object: "response", id: "resp_1", usage: null } }],
  ])("%j is undefined", (value) => {
    expect(readProviderResponse(value)).toBeUndefined();
  });

  test("a list of several responses is not one response", () => {
    const first = JSON.parse(textOf("openai-chat.json")) as object;
    expect(readProviderResponse([first, { ...first, id: "chatcmpl-other" }])).toBeUndefined();
    expect(readProviderResponse([first])).toMatchObject({ responseId: "chatcmpl-CbX1aKq0v3Jp7LrT2mWz" });
  });
});

describe("the tier that served the call stands, not the one that was asked for", () => {
  const body = { id: "chatcmpl-1", model: "gpt-5", choices: [], usage: chatUsage };
  test.each<[object, string | undefined]>([
    [{ ...body, service_tier: "flex" }, "flex"],
    [{ ...body, service_tier: "default" }, "default"],
    [{ ...body, service_tier: "auto" }, undefined],
    [{ ...body, service_tier: null }, undefined],
    [{ custom_id: "1", response: { status_code: 200, body: { ...body, service_tier: "default" } } }, "batch"],
    [{ usage: { input_tokens: 1, output_tokens: 1, service_tier: "batch" } }, "batch"],
    [{ usage: { input_tokens: 1, output_tokens: 1, service_tier: "standard", speed: "fast" } }, "fast"],
    [{ usageMetadata: { promptTokenCount: 1, trafficType: "ON_DEMAND_PRIORITY" } }, "ON_DEMAND_PRIORITY"],
    [{ usage: { inputTokens: 1, outputTokens: 1 }, performanceConfig: { latency: "optimized" } }, "optimized"],
  ])("%j", (value, tier) => {
    expect(readProviderResponse(value)?.serviceTier).toBe(tier);
  });
});

describe("the provider is named on evidence and unknown without it", () => {
  const body = { id: "chatcmpl-1", usage: chatUsage };
  test.each<[object, string | undefined]>([
    [{ ...body, model: "gpt-4o-2024-08-06" }, "openai"],
    [{ ...body, model: "ft:gpt-4o-mini-2024-07-18:acme::9aBc" }, "openai"],
    [{ ...body, model: "gpt-oss-120b" }, undefined],
    [{ ...body, model: "openai/gpt-4o" }, undefined],
    [{ ...body, model: "meta-llama/Llama-3.3-70B-Instruct" }, undefined],
    [{ ...body, model: "mistral-large-latest" }, undefined],
    [{ ...body, id: "e5cc70bb28c444948073e77776eb30ef", model: "mistral-large-latest" }, "mistral"],
    [{ ...body, model: "accounts/fireworks/models/deepseek-v3" }, "fireworks"],
    [{ ...body, model: "kimi-k2-0905-preview" }, "moonshotai"],
    [{ ...body }, undefined],
    [
      {
        id: "msg_01",
        type: "message",
        role: "assistant",
        model: "claude-opus-4-6",
        usage: { input_tokens: 1, output_tokens: 1 },
      },
      "anthropic",
    ],
    [{ id: "msg_vrtx_01", model: "claude-opus-4-6", usage: { input_tokens: 1, output_tokens: 1 } }, "google"],
    [{ id: "msg_bdrk_01", model: "claude-opus-4-6", usage: { input_tokens: 1, output_tokens: 1 } }, "aws"],
    [{ id: "msg_01", model: "kimi-for-coding", usage: { input_tokens: 1, output_tokens: 1 } }, "moonshotai"],
  ])("%j", (value, provider) => {
    expect(readProviderResponse(value)?.provider).toBe(provider);
  });

  test("hints go before detection, and a provider's own rules come with its name", () => {
    const usage = { ...chatUsage, completion_tokens_details: { reasoning_tokens: 3 }, total_tokens: undefined };
    const value = { id: "chatcmpl-1", model: "house-model", usage };
    expect(readProviderResponse(value)?.quantities).toStrictEqual({ input: 10, reasoning: 3, output: 2 });
    expect(readProviderResponse(value, { provider: "xai" })).toMatchObject({
      flavor: "xai",
      provider: "xai",
      quantities: { input: 10, reasoning: 3, output: 5 },
    });
    expect(readProviderResponse({ usage: chatUsage }, { model: "gpt-4o" })?.model).toBe("gpt-4o");
    expect(readProviderResponse({ usage: chatUsage, model: "gpt-4o-2024-08-06" }, { model: "gpt-4o" })?.model).toBe(
      "gpt-4o-2024-08-06",
    );
    expect(readProviderResponse({ usage: chatUsage }, { flavor: "anthropic_messages" })).toBeUndefined();
  });
});

test("the same message recorded twice has the same id, so that it can count once", () => {
  const fromBody = readProviderResponse(JSON.parse(textOf("anthropic-messages.json")));
  expect(readProviderResponse(JSON.parse(textOf("anthropic-messages.json")))).toStrictEqual(fromBody);
  const [streamed, replayed] = [1, 2].map(() => readStreamTranscript(textOf("anthropic-messages.sse")));
  expect(replayed).toStrictEqual(streamed);
  expect(fromBody?.responseId).toBe("msg_01XFDUDYJgAACzvnptvVoYEL");
});

test("the raw usage is the provider's own object, untouched", () => {
  const body = JSON.parse(textOf("openai-chat.json")) as { usage: unknown };
  const before = structuredClone(body);
  expect(readProviderResponse(body)?.rawUsage).toBe(body.usage);
  expect(body).toStrictEqual(before);
});

describe("times", () => {
  test.each<[object, number | undefined]>([
    [{ created: 1763000000 }, 1763000000000],
    [{ created_at: "2025-11-13T02:13:20Z" }, 1763000000000],
    [{ createTime: "2025-11-13T02:13:20.123456789Z" }, 1763000000123],
    [{ created: 1763000000000 }, 1763000000000],
    [{ created_at: "2025-11-13T02:13:20" }, undefined],
    [{ created: -5 }, undefined],
    [{ created: 1e300 }, undefined],
    [{ created: "soon" }, undefined],
  ])("%j", (fields, ms) => {
    expect(readProviderResponse({ ...fields, usage: chatUsage })?.occurredAtMs).toBe(ms);
  });
});

/** Every path to a value inside a JSON value. */
function pathsOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, item]) => pathsOf(item, [...path, name]));
  return [path, ...inner];
}

function replaceAt(value: unknown, path: readonly (string | number)[], replacement: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return replacement;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[name] = replaceAt(copy[name], rest, replacement);
  return copy;
}

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, -1, 0, 1.5, 2 ** 53, Number.MAX_SAFE_INTEGER, "12", [], {}, true),
);

test("no value makes it throw, and what it takes are counts of known kinds", () => {
  const mutated = fc
    .tuple(fc.constantFrom(...bodies), fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 4 }))
    .map(([body, changes]) =>
      changes.reduce<unknown>((value, [pick, replacement]) => {
        const paths = pathsOf(value);
        return replaceAt(value, paths[pick % paths.length] ?? [], replacement);
      }, body),
    );
  const hints = fc.record(
    {
      flavor: fc.constantFrom(...usageFlavors),
      provider: fc.constantFrom("x-ai", "openai", "__proto__"),
      model: fc.string(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(mutated, fc.jsonValue({ maxDepth: 5 })), hints, (value, given) => {
      const result = readProviderResponse(value, given);
      if (result === undefined) return;
      for (const [kind, quantity] of Object.entries(result.quantities)) {
        expect(isUsageKind(kind)).toBe(true);
        expect(Number.isSafeInteger(quantity) && quantity >= 0).toBe(true);
      }
      if (result.contradictions.length > 0) expect(result.status).toBe("partial");
      if (result.occurredAtMs !== undefined) expect(Number.isSafeInteger(result.occurredAtMs)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
