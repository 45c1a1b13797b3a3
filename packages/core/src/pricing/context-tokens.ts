import { type Quantities, tokenKinds, type UsageKind } from "../usage/usage-kinds.ts";
import type { PriceVersion } from "./price-version.ts";

/** Fresh input of every modality, cached input (read or written), and everything generated. */
export type TokenGroup = "fresh" | "cached" | "output";

const freshKinds: ReadonlySet<UsageKind> = new Set(["input", "input_audio", "input_image", "input_video"]);

const tokenGroups: ReadonlyMap<UsageKind, TokenGroup> = new Map(
  tokenKinds.map((kind): [UsageKind, TokenGroup] => {
    if (freshKinds.has(kind)) return [kind, "fresh"];
    return [kind, kind.startsWith("cache_") ? "cached" : "output"];
  }),
);

/** The group of a token kind; undefined for unit kinds. */
export const tokenGroup = (kind: UsageKind): TokenGroup | undefined => tokenGroups.get(kind);

/** The number of tokens that decides the context tier: everything read, or the fresh input alone. */
export function contextTokens(quantities: Quantities, basis: PriceVersion["contextBasis"]): number {
  const fresh =
    (quantities.input ?? 0) +
    (quantities.input_audio ?? 0) +
    (quantities.input_image ?? 0) +
    (quantities.input_video ?? 0);
  if (basis === "fresh_input") return fresh;
  return (
    fresh +
    (quantities.cache_read ?? 0) +
    (quantities.cache_read_audio ?? 0) +
    (quantities.cache_read_image ?? 0) +
    (quantities.cache_read_video ?? 0) +
    (quantities.cache_write_5m ?? 0) +
    (quantities.cache_write_1h ?? 0)
  );
}
