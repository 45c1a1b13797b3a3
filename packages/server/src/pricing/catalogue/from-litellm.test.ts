import { describe, expect, test } from "vitest";
import { Refusal } from "../../refusal.ts";
import { catalogueFromLitellm } from "./from-litellm.ts";

const read = (fields: object, entry = "gpt-x") => {
  const result = catalogueFromLitellm({ [entry]: { litellm_provider: "openai", mode: "chat", ...fields } });
  return { ...result, price: result.catalogue.providers[0]?.models[0]?.prices[0] };
};

function refusal(content: unknown): Refusal {
  try {
    catalogueFromLitellm(content);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a LiteLLM price map", () => {
  test.each([
    [{ input_cost_per_token: 2.5e-6 }, { kind: "input", price: "2.5", per: 1_000_000 }],
    [{ input_cost_per_token: "1.25e-08" }, { kind: "input", price: "0.0125", per: 1_000_000 }],
    [{ output_cost_per_token: 0.00012 }, { kind: "output", price: "120", per: 1_000_000 }],
    [{ input_cost_per_token_above_272k_tokens: 5e-6 }, { kind: "input", price: "5", per: 1_000_000, above: 272_000 }],
    [
      { cache_read_input_token_cost_above_200k_tokens_priority: 1e-7 },
      { kind: "cache_read", price: "0.1", per: 1_000_000, above: 200_000, serviceTier: "priority" },
    ],
    [{ input_cost_per_token_batches: 1e-6 }, { kind: "input", price: "1", per: 1_000_000, serviceTier: "batch" }],
    [{ output_cost_per_token_flex: 5e-6 }, { kind: "output", price: "5", per: 1_000_000, serviceTier: "flex" }],
    [{ cache_creation_input_token_cost: 3.75e-6 }, { kind: "cache_write_5m", price: "3.75", per: 1_000_000 }],
    [{ cache_creation_input_token_cost_above_1hr: 6e-6 }, { kind: "cache_write_1h", price: "6", per: 1_000_000 }],
    [{ output_cost_per_reasoning_token: 3e-6 }, { kind: "reasoning", price: "3", per: 1_000_000 }],
    [{ input_cost_per_audio_token: 4e-5 }, { kind: "input_audio", price: "40", per: 1_000_000 }],
    [{ output_cost_per_image: 0.04 }, { kind: "output_images", price: "0.04", per: 1 }],
    [{ input_cost_per_second: 0.0001 }, { kind: "input_audio_ms", price: "0.0001", per: 1_000 }],
    [{ ocr_cost_per_page: 0.001 }, { kind: "pages", price: "0.001", per: 1 }],
    [
      { search_context_cost_per_query: { search_context_size_low: 0.01, search_context_size_high: 0.01 } },
      { kind: "web_searches", price: "10", per: 1_000 },
    ],
  ])("%j becomes the exact rate", (fields, rate) => {
    expect(read(fields)).toMatchObject({ price: { rates: [rate] }, problems: [] });
  });

  test("an output second is video or audio by the model's mode, and unknown otherwise", () => {
    expect(read({ mode: "video_generation", output_cost_per_second: 0.1 }).price?.rates).toEqual([
      { kind: "output_video_ms", price: "0.1", per: 1_000 },
    ]);
    const chat = read({ input_cost_per_token: 1e-6, output_cost_per_second: 0.1 });
    expect(chat.problems).toEqual([
      { entry: "gpt-x", message: "output_cost_per_second has no place in the price book; left out" },
    ]);
  });

  test("bands by range become rates above a threshold", () => {
    const tiered_pricing = [
      { range: [0, 32_000], input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 },
      { range: [32_000, 128_000], input_cost_per_token: 3e-6, output_cost_per_token: 4e-6 },
    ];
    expect(read({ tiered_pricing }).price?.rates).toEqual([
      { kind: "input", price: "1", per: 1_000_000 },
      { kind: "output", price: "2", per: 1_000_000 },
      { kind: "input", price: "3", per: 1_000_000, above: 32_000 },
      { kind: "output", price: "4", per: 1_000_000, above: 32_000 },
    ]);
  });

  test("an uplift of a region becomes its factor", () => {
    const { price } = read({ input_cost_per_token: 1e-6, regional_processing_uplift_multiplier_eu: 1.1 });
    expect(price?.multipliers).toEqual([{ region: "eu", factor: "1.1" }]);
  });

  test("the provider's name is the book's, and its route is dropped from the model's", () => {
    const { catalogue } = read({ litellm_provider: "azure", input_cost_per_token: 1e-6 }, "azure/gpt-4o");
    expect(catalogue.providers[0]).toMatchObject({ id: "azure", models: [{ model: "gpt-4o" }] });
  });

  test("what the price book has no kind for is reported, and descriptions are not", () => {
    const { problems } = read({
      input_cost_per_token: 1e-6,
      code_interpreter_cost_per_session: 0.03,
      supports_vision: true,
      max_tokens: 4_096,
      source: "a page",
    });
    expect(problems).toEqual([
      { entry: "gpt-x", message: "code_interpreter_cost_per_session has no place in the price book; left out" },
    ]);
    const two = {
      "gpt-a": { litellm_provider: "openai", input_cost_per_token: 1e-6 },
      "gpt-b": { litellm_provider: "openai" },
    };
    expect(catalogueFromLitellm(two).problems).toEqual([
      { entry: "gpt-b", message: "lists no price that the price book knows; left out" },
    ]);
  });

  test("a brace too many, which nests models in a model, refuses the whole map and names the entry", () => {
    const content = {
      "gpt-a": {
        litellm_provider: "openai",
        input_cost_per_token: 1e-6,
        "gpt-b": { litellm_provider: "openai", input_cost_per_token: 2e-6 },
      },
    };
    const { code, fieldErrors } = refusal(content);
    expect(code).toBe("PRICING_002");
    expect(fieldErrors).toEqual({ "gpt-a.gpt-b": expect.stringContaining("brace") });
  });

  test.each([
    [{ "gpt-a": 5 }, "gpt-a"],
    [{ "gpt-a": { input_cost_per_token: 1e-6 } }, "gpt-a.litellm_provider"],
    [{ "gpt-a": { litellm_provider: "openai", input_cost_per_token: "cheap" } }, "gpt-a.input_cost_per_token"],
    [{ "gpt-a": { litellm_provider: "openai", input_cost_per_token: -1 } }, "gpt-a.input_cost_per_token"],
    [{ "gpt-a": { litellm_provider: "openai", tiered_pricing: 1 } }, "gpt-a.tiered_pricing"],
  ])("%j is refused at %s", (content, field) => {
    expect(Object.keys(refusal(content).fieldErrors ?? {})).toEqual([field]);
  });

  test("an empty map is refused, for it would say nothing", () => {
    expect(refusal({ sample_spec: {} }).code).toBe("PRICING_002");
  });
});
