import type { Quantities } from "./usage-kinds.ts";

/**
 * How sure a record's quantities are: `reported` by the provider in full; `estimated` by a tokenizer or a caller;
 * `partial` when the stream broke or the provider's own numbers contradict each other; `void` when nothing was charged.
 */
export const usageStatuses = ["reported", "estimated", "partial", "void"] as const;
export type UsageStatus = (typeof usageStatuses)[number];

/** Inclusive counts as callers send them: `input` includes cached and written tokens, `output` includes reasoning. */
export interface InclusiveCounts {
  readonly input?: number | undefined;
  readonly output?: number | undefined;
  readonly total?: number | undefined;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite5m?: number | undefined;
  readonly cacheWrite1h?: number | undefined;
  readonly reasoning?: number | undefined;
  readonly inputAudio?: number | undefined;
  readonly inputImage?: number | undefined;
  readonly inputVideo?: number | undefined;
  readonly outputAudio?: number | undefined;
  readonly outputImage?: number | undefined;
  readonly outputVideo?: number | undefined;
}

/** Two fields that cannot both be true. Field names are those of `InclusiveCounts` or of the provider's usage object. */
export interface UsageContradiction {
  readonly fields: readonly [string, string];
  readonly message: string;
}

export type Decomposition =
  | { readonly kind: "decomposed"; readonly quantities: Quantities }
  | { readonly kind: "contradictory"; readonly contradiction: UsageContradiction };

/** A provider's usage object, read by that provider's rules. Contradictions are kept, with status `partial`. */
export interface ProviderUsage {
  readonly quantities: Quantities;
  readonly status: UsageStatus;
  readonly contradictions: readonly UsageContradiction[];
  /** What the reader had to assume or leave out, in sentences for people (a malformed field, a split that is not reported). */
  readonly notes?: readonly string[];
  /** The tier that served the call, as the provider names it; absent where the usage does not say. */
  readonly serviceTier?: string;
  /** What the provider itself says the call cost, as a decimal string, with its currency. Kept as evidence, never trusted as price. */
  readonly reportedCost?: { readonly amount: string; readonly currency: string };
}

/** One provider response (or the end of one stream) as far as metering cares. Absent means that the body does not say. */
export interface ProviderResponse extends ProviderUsage {
  readonly flavor: UsageFlavor;
  readonly provider?: string;
  readonly model?: string;
  readonly responseId?: string;
  /** Milliseconds since the epoch, UTC. */
  readonly occurredAtMs?: number;
  /** The provider's usage object, untouched. */
  readonly rawUsage: unknown;
  readonly region?: string;
}

/** The shapes in which providers report usage (not who sends it: many providers speak `openai_chat`). */
export const usageFlavors = [
  "openai_chat",
  "openai_responses",
  "openai_embeddings",
  "openai_images",
  "openai_realtime",
  "openai_audio",
  "anthropic_messages",
  "gemini",
  "bedrock_converse",
  "deepseek",
  "xai",
  "mistral",
  "cohere",
  "groq",
  "openrouter",
  "perplexity",
  "azure_openai",
] as const;
export type UsageFlavor = (typeof usageFlavors)[number];
