/**
 * What a call can consume, as disjoint kinds: no token is counted in two of them, so a cost is a plain sum over kinds.
 * Token kinds count tokens; unit kinds count whole units (durations in milliseconds, so that every quantity is an integer).
 */
export const tokenKinds = [
  "input",
  "input_audio",
  "input_image",
  "input_video",
  "cache_read",
  "cache_read_audio",
  "cache_read_image",
  "cache_read_video",
  "cache_write_5m",
  "cache_write_1h",
  "output",
  "reasoning",
  "output_audio",
  "output_image",
  "output_video",
] as const;

export const unitKinds = [
  "requests",
  "web_searches",
  "file_searches",
  "code_executions",
  "tool_calls",
  "input_images",
  "output_images",
  "input_audio_ms",
  "output_audio_ms",
  "input_video_ms",
  "output_video_ms",
  "input_characters",
  "output_characters",
  "pages",
] as const;

export type TokenKind = (typeof tokenKinds)[number];
export type UnitKind = (typeof unitKinds)[number];
export type UsageKind = TokenKind | UnitKind;

/** Quantities per kind: non-negative integers up to 2^53-1; an absent kind was not consumed or not reported. */
export type Quantities = { readonly [K in UsageKind]?: number };

export const usageKinds: readonly UsageKind[] = [...tokenKinds, ...unitKinds];

const tokenKindSet: ReadonlySet<string> = new Set(tokenKinds);
const usageKindSet: ReadonlySet<string> = new Set(usageKinds);

export const isTokenKind = (kind: string): kind is TokenKind => tokenKindSet.has(kind);
export const isUsageKind = (kind: string): kind is UsageKind => usageKindSet.has(kind);

/**
 * The kind whose price a kind takes when it has none of its own: a more specific kind is charged like its ancestor
 * (reasoning tokens like output, cached tokens like fresh input). Kinds that are not listed have no fallback.
 */
export const parentKind: { readonly [K in UsageKind]?: UsageKind } = {
  input_audio: "input",
  input_image: "input",
  input_video: "input",
  cache_read: "input",
  cache_read_audio: "cache_read",
  cache_read_image: "cache_read",
  cache_read_video: "cache_read",
  cache_write_5m: "input",
  cache_write_1h: "cache_write_5m",
  reasoning: "output",
  output_audio: "output",
  output_image: "output",
  output_video: "output",
};

/** Token totals as providers and people quote them: each includes the kinds named, so they overlap and are never priced. */
export interface TokenTotals {
  /** Everything that was read: fresh, cached and written to a cache, of any modality. */
  readonly input: number;
  /** Everything that was generated: visible, reasoning and other modalities. */
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
}

/** The inclusive totals of disjoint quantities. */
export function tokenTotals(quantities: Quantities): TokenTotals {
  const cacheRead =
    (quantities.cache_read ?? 0) +
    (quantities.cache_read_audio ?? 0) +
    (quantities.cache_read_image ?? 0) +
    (quantities.cache_read_video ?? 0);
  const cacheWrite = (quantities.cache_write_5m ?? 0) + (quantities.cache_write_1h ?? 0);
  const fresh =
    (quantities.input ?? 0) +
    (quantities.input_audio ?? 0) +
    (quantities.input_image ?? 0) +
    (quantities.input_video ?? 0);
  const reasoning = quantities.reasoning ?? 0;
  const output =
    (quantities.output ?? 0) +
    reasoning +
    (quantities.output_audio ?? 0) +
    (quantities.output_image ?? 0) +
    (quantities.output_video ?? 0);
  return { input: fresh + cacheRead + cacheWrite, output, cacheRead, cacheWrite, reasoning };
}
