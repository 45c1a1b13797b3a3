import { storeWrite } from "../store/operation.ts";
import { applyCorrections } from "../usage/corrections.sql.ts";
import type { CorrectionInput, RatingCursor, StoredUsage } from "../usage/corrections.ts";
import { loadForRating } from "../usage/rating-walk.sql.ts";
import type { PriceLookup } from "./price-lookup.ts";
import { rateAgain } from "./rate-again.ts";
import { withPrices } from "./with-prices.sql.ts";

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
    saving: again.cost.cacheSavings,
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
export const priceWaiting = storeWrite(
  "pricing.priceWaiting",
  async (
    connection,
    { organizationId, after }: { readonly organizationId: string; readonly after?: RatingCursor },
  ): Promise<WaitingStep> => {
    const { records: waiting, next } = await loadForRating(connection, organizationId, {
      which: "waiting",
      limit: batchRecords,
      ...(after === undefined ? {} : { after }),
    });
    const corrections = await withPrices(connection, organizationId, (lookup) =>
      waiting.flatMap((usage) => latePrice(lookup, organizationId, usage) ?? []),
    );
    await applyCorrections(connection, organizationId, corrections);
    const result = { examined: waiting.length, priced: corrections.length };
    return next === undefined ? result : { ...result, next };
  },
  "it follows from a change of prices, which is told; its corrections are in the ledger",
);
