import type { Routes } from "../http/route.ts";
import type { QuantityLimits } from "./quantity-limits.ts";

/** What a caller may use of tokens and money. */
export const limitRoutes = (parts: {
  readonly quantities: Pick<QuantityLimits, "standingOf">;
  /** UTC milliseconds. */
  readonly now: () => number;
}): Routes => ({
  "limits.list": {
    body: "json",
    handle: async ({ caller }) => ({ json: { data: await parts.quantities.standingOf(caller, parts.now()) } }),
  },
});
