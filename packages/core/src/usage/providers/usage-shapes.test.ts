import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type UsageFlavor, usageFlavors } from "../usage-flavors.ts";
import { isUsageKind, tokenTotals } from "../usage-kinds.ts";
import { reportedDollars, reportedTicks } from "./reported-cost.ts";
import { readProviderUsage, shapeOfFlavor } from "./usage-shapes.ts";

const read = (flavor: UsageFlavor, usage: unknown) => {
  const result = readProviderUsage(flavor, usage);
  if (result === undefined) throw new Error("no usage was read");
  return result;
};
const totalsOf = (flavor: UsageFlavor, usage: unknown) => tokenTotals(read(flavor, usage).quantities);

describe("cached tokens are never billed twice", () => {
  test("Gemini's prompt includes its cached tokens, in every modality", () => {
    const usage = {
      promptTokenCount: 1000,
      cachedContentTokenCount: 900,
      candidatesTokenCount: 1,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 600 },
        { modality: "VIDEO", tokenCount: 400 },
      ],
      cacheTokensDetails: [
        { modality: "TEXT", tokenCount: 550 },
        { modality: "VIDEO", tokenCount: 350 },
      ],
    };
    expect(read("gemini", usage)).toMatchObject({
      status: "reported",
      quantities: { input: 50, input_video: 50, cache_read: 550, cache_read_video: 350, output: 1 },
    });
  });

  test("OpenAI's prompt includes cached and cache-written tokens", () => {
    const details = { cached_tokens: 700, cache_write_tokens: 200 };
    const usage = { prompt_tokens: 1000, completion_tokens: 1, total_tokens: 1001, prompt_tokens_details: details };
    expect(read("openai_chat", usage).quantities).toStrictEqual({
      input: 100,
      cache_read: 700,
      cache_write_5m: 200,
      output: 1,
    });
  });

  test("a proxy that repeats the cached tokens under a second name changes nothing", () => {
    const usage = {
      prompt_tokens: 1000,
      completion_tokens: 1,
      total_tokens: 1001,
      prompt_tokens_details: { cached_tokens: 700 },
      cache_read_input_tokens: 700,
      cache_creation_input_tokens: 200,
    };
    expect(read("openai_chat", usage).quantities).toStrictEqual({
      input: 100,
      cache_read: 700,
      cache_write_5m: 200,
      output: 1,
    });
  });

  test("DeepSeek's hits and misses are the prompt, not an addition to it", () => {
    const usage = { completion_tokens: 4, prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 36 };
    expect(totalsOf("deepseek", { ...usage, prompt_tokens: 100 })).toMatchObject({ input: 100, cacheRead: 64 });
    expect(totalsOf("deepseek", usage)).toMatchObject({ input: 100, cacheRead: 64 });
  });
});

describe("cached tokens that are beside the input are not taken out of it", () => {
  test("Anthropic's input excludes the cache", () => {
    const usage = {
      input_tokens: 5,
      cache_read_input_tokens: 1000,
      cache_creation_input_tokens: 200,
      output_tokens: 1,
    };
    expect(read("anthropic_messages", usage).quantities).toStrictEqual({
      input: 5,
      cache_read: 1000,
      cache_write_5m: 200,
      output: 1,
    });
  });

  test("an OpenAI-shaped body whose total needs the cache beside the prompt is read so, and says so", () => {
    const usage = {
      prompt_tokens: 5,
      completion_tokens: 10,
      total_tokens: 1015,
      prompt_tokens_details: { cached_tokens: 1000 },
    };
    const result = read("openai_chat", usage);
    expect(result).toMatchObject({ status: "reported", quantities: { input: 5, cache_read: 1000, output: 10 } });
    expect(result.notes?.[0]).toContain("beside prompt_tokens");
  });
});

describe("totals and parts are not confused", () => {
  test("Bedrock's total includes the cache and its input does not", () => {
    const usage = {
      inputTokens: 4,
      outputTokens: 100,
      totalTokens: 42104,
      cacheReadInputTokens: 40000,
      cacheWriteInputTokens: 2000,
    };
    expect(read("bedrock_converse", usage)).toMatchObject({
      status: "reported",
      quantities: { input: 4, cache_read: 40000, cache_write_5m: 2000, output: 100 },
    });
  });

  test("a Bedrock total that leaves the cache out is a contradiction, and the parts are kept", () => {
    const result = read("bedrock_converse", {
      inputTokens: 4,
      outputTokens: 6,
      totalTokens: 10,
      cacheReadInputTokens: 40000,
    });
    expect(result).toMatchObject({ status: "partial", quantities: { input: 4, cache_read: 40000, output: 6 } });
    expect(result.contradictions[0]?.fields).toStrictEqual(["totalTokens", "inputTokens"]);
  });

  test("a cache that is read and written is never without a quantity", () => {
    const kinds = Object.keys(
      read("bedrock_converse", { inputTokens: 0, outputTokens: 1, cacheReadInputTokens: 7, cacheWriteInputTokens: 9 })
        .quantities,
    );
    expect(kinds).toContain("cache_read");
    expect(kinds).toContain("cache_write_5m");
  });
});

describe("reasoning is counted once, where the provider's total says it is", () => {
  const usage = { prompt_tokens: 10, completion_tokens: 20, completion_tokens_details: { reasoning_tokens: 15 } };
  test.each<[UsageFlavor, number | undefined, number]>([
    ["openai_chat", undefined, 20],
    ["openai_chat", 30, 20],
    ["openai_chat", 45, 35],
    ["xai", undefined, 35],
    ["xai", 45, 35],
    ["xai", 30, 20],
    ["perplexity", 30, 35],
  ])("%s with total %s generates %d", (flavor, total, output) => {
    const totals = totalsOf(flavor, { ...usage, ...(total === undefined ? {} : { total_tokens: total }) });
    expect(totals).toMatchObject({ output, reasoning: 15 });
  });

  test("Gemini's thoughts are beside the candidates, unless its total puts them inside", () => {
    const counts = { promptTokenCount: 10, candidatesTokenCount: 20, thoughtsTokenCount: 15 };
    expect(totalsOf("gemini", { ...counts, totalTokenCount: 45 }).output).toBe(35);
    expect(totalsOf("gemini", { ...counts, totalTokenCount: 30 }).output).toBe(20);
  });

  test("accepted and rejected predictions are inside the completion", () => {
    const details = { accepted_prediction_tokens: 5, rejected_prediction_tokens: 6, reasoning_tokens: 0 };
    expect(totalsOf("openai_chat", { ...usage, completion_tokens_details: details }).output).toBe(20);
  });
});

describe("contradictions are cut into disjoint kinds that still sum to the provider's total", () => {
  test.each<[UsageFlavor, object, readonly [string, string], object]>([
    [
      "openai_chat",
      { prompt_tokens: 50, completion_tokens: 5, total_tokens: 55, prompt_tokens_details: { cached_tokens: 60 } },
      ["prompt_tokens_details.cached_tokens", "prompt_tokens"],
      { cache_read: 50, output: 5 },
    ],
    [
      "openai_responses",
      { input_tokens: 5, output_tokens: 10, total_tokens: 15, output_tokens_details: { reasoning_tokens: 11 } },
      ["output_tokens_details.reasoning_tokens", "output_tokens"],
      { input: 5, reasoning: 10 },
    ],
    [
      "openai_chat",
      { prompt_tokens: 5, completion_tokens: 10, total_tokens: 99 },
      ["prompt_tokens", "total_tokens"],
      { input: 5, output: 10 },
    ],
    ["openai_chat", { total_tokens: 99 }, ["total_tokens", "prompt_tokens"], {}],
    [
      "openai_realtime",
      {
        input_tokens: 100,
        output_tokens: 0,
        input_token_details: {
          audio_tokens: 90,
          cached_tokens: 50,
          cached_tokens_details: { text_tokens: 50, audio_tokens: 0 },
        },
      },
      ["input_token_details.cached_tokens", "input_tokens"],
      { input_audio: 50, cache_read: 10, cache_read_audio: 40, output: 0 },
    ],
    [
      "anthropic_messages",
      {
        input_tokens: 1,
        output_tokens: 1,
        cache_creation_input_tokens: 10,
        cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
      },
      ["cache_creation.ephemeral_5m_input_tokens", "cache_creation_input_tokens"],
      { input: 1, cache_write_1h: 4, cache_write_5m: 6, output: 1 },
    ],
    [
      "deepseek",
      { prompt_tokens: 100, completion_tokens: 1, prompt_cache_hit_tokens: 60, prompt_cache_miss_tokens: 60 },
      ["prompt_cache_miss_tokens", "prompt_tokens"],
      { input: 40, cache_read: 60, output: 1 },
    ],
    [
      "gemini",
      { promptTokenCount: 10, candidatesTokenCount: 2, totalTokenCount: 50 },
      ["totalTokenCount", "promptTokenCount"],
      { input: 10, output: 2 },
    ],
  ])("%s %j", (flavor, usage, fields, quantities) => {
    const result = read(flavor, usage);
    expect(result.quantities).toStrictEqual(quantities);
    expect(result.status).toBe("partial");
    expect(result.contradictions.map((contradiction) => contradiction.fields)).toContainEqual(fields);
  });
});

describe("what is not a count never becomes a number", () => {
  test.each([["12"], [-1], [1.5], [2 ** 53], [true], [[3]], [{ tokens: 3 }], [Number.NaN]])("%j", (value) => {
    const result = read("openai_chat", { prompt_tokens: 10, completion_tokens: value });
    expect(result.quantities).toStrictEqual({ input: 10 });
    expect(result.status).toBe("partial");
    expect(result.notes?.[0]).toContain("completion_tokens is");
  });

  test("null and absent details are absent, and an explicit zero is a report", () => {
    const nulls = {
      prompt_tokens: 3,
      completion_tokens: 0,
      prompt_tokens_details: null,
      completion_tokens_details: null,
    };
    expect(read("openai_chat", nulls)).toStrictEqual({
      quantities: { input: 3, output: 0 },
      status: "reported",
      contradictions: [],
    });
    expect(readProviderUsage("openai_chat", {})).toBeUndefined();
    expect(readProviderUsage("openai_chat", null)).toBeUndefined();
    expect(readProviderUsage("openai_chat", "usage")).toBeUndefined();
  });
});

test("a provider's own cost is evidence in plain decimal digits", () => {
  expect(reportedTicks(49_100_000)).toStrictEqual({ amount: "0.00491", currency: "USD" });
  expect(reportedTicks(12_345_678_901_234)).toStrictEqual({ amount: "1234.5678901234", currency: "USD" });
  expect(reportedTicks(0)).toStrictEqual({ amount: "0", currency: "USD" });
  expect(reportedDollars(1.4e-7)).toStrictEqual({ amount: "0.00000014", currency: "USD" });
  expect(reportedDollars(0.3)).toStrictEqual({ amount: "0.3", currency: "USD" });
  expect(reportedDollars("0.25")).toStrictEqual({ amount: "0.25", currency: "USD" });
  for (const odd of [-1, Number.NaN, 1e30, "1e3", null, {}]) expect(reportedDollars(odd)).toBeUndefined();
  for (const odd of [-1, 0.5, "5", null]) expect(reportedTicks(odd)).toBeUndefined();
});

const count = fc.integer({ min: 0, max: 30 });
const maybe = fc.option(count, { nil: undefined });

test("inclusive usage sums to the provider's own prompt and completion, however its parts contradict each other", () => {
  const details = fc.record({
    cached_tokens: maybe,
    cache_write_tokens: maybe,
    audio_tokens: maybe,
    image_tokens: maybe,
  });
  const generated = fc.record({ reasoning_tokens: maybe, audio_tokens: maybe, image_tokens: maybe });
  fc.assert(
    fc.property(count, count, details, generated, (prompt, completion, input, output) => {
      for (const flavor of ["openai_chat", "groq", "openrouter", "mistral", "azure_openai", "deepseek"] as const) {
        const totals = totalsOf(flavor, {
          prompt_tokens: prompt,
          completion_tokens: completion,
          prompt_tokens_details: input,
          completion_tokens_details: output,
        });
        expect([totals.input, totals.output]).toStrictEqual([prompt, completion]);
      }
    }),
  );
});

test("Realtime usage sums to its totals for any split by modality", () => {
  const split = fc.record({ text_tokens: maybe, audio_tokens: maybe, image_tokens: maybe, cached_tokens: maybe });
  fc.assert(
    fc.property(count, count, split, split, split, (input, output, inputDetails, cachedDetails, outputDetails) => {
      const totals = totalsOf("openai_realtime", {
        input_tokens: input,
        output_tokens: output,
        input_token_details: { ...inputDetails, cached_tokens_details: cachedDetails },
        output_token_details: outputDetails,
      });
      expect([totals.input, totals.output]).toStrictEqual([input, output]);
    }),
  );
});

test("Gemini usage sums to prompt + tools and candidates + thoughts, for any details", () => {
  const detail = fc.record({
    modality: fc.constantFrom("TEXT", "AUDIO", "IMAGE", "VIDEO", "DOCUMENT"),
    tokenCount: count,
  });
  const list = fc.option(fc.array(detail, { maxLength: 5 }), { nil: undefined });
  fc.assert(
    fc.property(fc.tuple(count, count, count, count, count), list, list, list, (counts, prompt, cache, candidates) => {
      const [promptCount, cached, candidateCount, thoughts, tools] = counts;
      const totals = totalsOf("gemini", {
        promptTokenCount: promptCount,
        cachedContentTokenCount: cached,
        candidatesTokenCount: candidateCount,
        thoughtsTokenCount: thoughts,
        toolUsePromptTokenCount: tools,
        totalTokenCount: promptCount + candidateCount + thoughts + tools,
        promptTokensDetails: prompt,
        cacheTokensDetails: cache,
        candidatesTokensDetails: candidates,
      });
      expect([totals.input, totals.output]).toStrictEqual([promptCount + tools, candidateCount + thoughts]);
    }),
  );
});

test("no value makes a reader throw, and every quantity is a count of a known kind", () => {
  fc.assert(
    fc.property(fc.constantFrom(...usageFlavors), fc.jsonValue({ maxDepth: 4 }), (flavor, value) => {
      const result = readProviderUsage(flavor, value);
      for (const [kind, quantity] of Object.entries(result?.quantities ?? {})) {
        expect(isUsageKind(kind)).toBe(true);
        expect(Number.isSafeInteger(quantity) && quantity >= 0).toBe(true);
      }
    }),
  );
});

test("every flavor has a shape", () => {
  for (const flavor of usageFlavors) expect(shapeOfFlavor(flavor)?.flavor).toBe(flavor);
});
