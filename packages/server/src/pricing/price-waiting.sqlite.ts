import { sqliteOperation } from "../sqlite/operation.ts";
import { applyCorrections, loadForRating } from "../usage/corrections.sqlite.ts";
import type { CorrectionInput, RatingCursor, StoredUsage } from "../usage/corrections.ts";
import { createPriceLookup } from "./price-lookup.sqlite.ts";
import type { PriceLookup } from "./price-lookup.ts";
import { rateAgain } from "./rate-again.ts";

/** Bounds one transaction, so that records can be taken in between. */
const batchRecords = 1_000;

function latePrice(lookup: PriceLookup, organizationId: string, usage: StoredUsage): CorrectionInput | undefined {
  const again = rateAgain(lookup, organizationId, usage);
  if (again === undefined) return undefined;
  const { provider, model, rule, detail, region } = again.resolution;
  return {
    recordId: usage.id,
    reason: "late_price",
    amount: again.cost.total,
    currency: again.cost.currency,
    priceVersionId: again.cost.priceVersionId,
    rule: again.rule,
    lines: again.cost.lines,
    repricingId: null,
    resolution: { provider, model, rule, detail, ...(region === undefined ? {} : { region }) },
  };
}

export interface WaitingStep {
  readonly examined: number;
  readonly priced: number;
  /** Where to read on; absent when all were looked at. */
  readonly next?: RatingCursor;
}

/** Prices one batch of waiting records at today's price book, each at the price of its own date. */
export const priceWaiting = sqliteOperation<
  { readonly organizationId: string; readonly after?: RatingCursor },
  WaitingStep
>("pricing.priceWaiting", (store, { organizationId, after }) => {
  const lookup = createPriceLookup(store);
  lookup.refresh();
  const waiting = loadForRating(store, organizationId, {
    which: "waiting",
    limit: batchRecords,
    ...(after === undefined ? {} : { after }),
  });
  const corrections = waiting.flatMap((usage) => latePrice(lookup, organizationId, usage) ?? []);
  applyCorrections(store, organizationId, corrections);
  const last = waiting.at(-1);
  const result = { examined: waiting.length, priced: corrections.length };
  return last === undefined || waiting.length < batchRecords ? result : { ...result, next: last.cursor };
});
