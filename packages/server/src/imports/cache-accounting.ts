/** Token counts as another tool reports them, where it is not said whether `input` includes the cached tokens. */
export interface ReportedCounts {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly total?: number | undefined;
}

/** Whether a tool's input count includes tokens read from and written to a cache. */
export type CacheAccounting = "included" | "excluded";

/**
 * Decides from the counts themselves where they prove it: more cached tokens than input, or a total that only adds up
 * with the cached tokens, mean that they are excluded. Otherwise what the source is known to do.
 */
export function cacheAccounting(counts: ReportedCounts, usual: CacheAccounting): CacheAccounting {
  const cached = counts.cacheRead + counts.cacheWrite;
  if (cached === 0) return "included";
  if (cached > counts.input) return "excluded";
  if (counts.total === counts.input + counts.output + cached) return "excluded";
  return usual;
}

/** The input count with the cached tokens in it. */
export function inclusiveInput(counts: ReportedCounts, usual: CacheAccounting): number {
  const excluded = cacheAccounting(counts, usual) === "excluded";
  return excluded ? counts.input + counts.cacheRead + counts.cacheWrite : counts.input;
}
