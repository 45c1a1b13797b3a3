import type { UsageKind } from "@llm-cost-ops/core";

/** A price field of the LiteLLM map: the price of one unit, which we state for `per` units by moving the point `shift` places. */
export interface LitellmUnit {
  readonly kind: UsageKind;
  readonly per: number;
  readonly shift: number;
}

const token = (kind: UsageKind): LitellmUnit => ({ kind, per: 1_000_000, shift: 6 });
const one = (kind: UsageKind): LitellmUnit => ({ kind, per: 1, shift: 0 });
const second = (kind: UsageKind): LitellmUnit => ({ kind, per: 1_000, shift: 0 });

/** Fields by their name without suffixes. */
export const litellmUnits: Readonly<Record<string, LitellmUnit>> = {
  input_cost_per_token: token("input"),
  output_cost_per_token: token("output"),
  output_cost_per_reasoning_token: token("reasoning"),
  cache_read_input_token_cost: token("cache_read"),
  cache_creation_input_token_cost: token("cache_write_5m"),
  cache_creation_input_token_cost_above_1hr: token("cache_write_1h"),
  input_cost_per_audio_token: token("input_audio"),
  output_cost_per_audio_token: token("output_audio"),
  cache_read_input_audio_token_cost: token("cache_read_audio"),
  input_cost_per_image_token: token("input_image"),
  output_cost_per_image_token: token("output_image"),
  cache_read_input_image_token_cost: token("cache_read_image"),
  input_cost_per_video_token: token("input_video"),
  output_cost_per_video_token: token("output_video"),
  input_cost_per_character: { kind: "input_characters", per: 1_000_000, shift: 6 },
  output_cost_per_character: { kind: "output_characters", per: 1_000_000, shift: 6 },
  input_cost_per_image: one("input_images"),
  output_cost_per_image: one("output_images"),
  input_cost_per_second: second("input_audio_ms"),
  input_cost_per_audio_per_second: second("input_audio_ms"),
  output_cost_per_audio_per_second: second("output_audio_ms"),
  input_cost_per_video_per_second: second("input_video_ms"),
  output_cost_per_video_per_second: second("output_video_ms"),
  input_cost_per_query: one("requests"),
  input_cost_per_request: one("requests"),
  ocr_cost_per_page: one("pages"),
  file_search_cost_per_1k_calls: { kind: "file_searches", per: 1_000, shift: 0 },
};

/** What a second of output is, by the model's mode; of other modes nothing is known. */
export const outputSecondByMode: Readonly<Record<string, LitellmUnit>> = {
  video_generation: second("output_video_ms"),
  audio_speech: second("output_audio_ms"),
};

export const litellmTiers: Readonly<Record<string, string>> = {
  batches: "batch",
  flex: "flex",
  priority: "priority",
};

/** Fields that describe a model and price nothing. */
export const litellmDescriptions =
  /^(?:mode|litellm_provider|source|metadata|notes?|comment|deprecation_date|rpm|tpm|aliases|multi_vendor|thinking_always_on|output_vector_size|web_search_billing_unit|(?:max|min|supports|supported|default|tool_use|prompt_cache|uses|use)_.*|.*_tokens_per_.*)$/;

/** Fields that hold an object; any other object inside an entry means that the file's braces are wrong. */
export const litellmObjects: ReadonlySet<string> = new Set([
  "metadata",
  "search_context_cost_per_query",
  "provider_specific_entry",
]);

/** Not a model: the map's own description of its fields. */
export const litellmSampleEntry = "sample_spec";
