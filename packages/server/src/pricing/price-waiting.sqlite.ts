import { enqueueJob } from "../jobs/job-queue.sqlite.ts";
import { type StoreThread, sqliteOperation } from "../sqlite/operation.ts";
import { applyCorrections, loadForRating } from "../usage/corrections.sqlite.ts";
import type { CorrectionInput, RatingCursor, StoredUsage } from "../usage/corrections.ts";
import { createPriceLookup } from "./price-lookup.sqlite.ts";
import type { PriceLookup } from "./price-lookup.ts";
import { rateAgain } from "./rate-again.ts";

/** The kind of the job that prices what waited for a price. Its payload is empty: all of an organization's. */
export const priceWaitingKind = "price-waiting";

/** Bounds one transaction, so that records can be taken in between. */
const batchRecords = 1_000;

/** Queues the pricing of an organization's waiting records, in the transaction that changes prices. */
export function enqueueWaiting(store: StoreThread, organizationId: string): void {
  const waiting = store.db
    .prepare("SELECT 1 FROM records WHERE organization_id = ? AND (state & 4) <> 0 LIMIT 1")
    .get(organizationId);
  if (waiting !== undefined) enqueueJob(store, { organizationId, kind: priceWaitingKind, payload: {} });
}

/** The same for every organization that has waiting records. */
export function enqueueWaitingEverywhere(store: StoreThread): void {
  const rows = store.db.prepare("SELECT organization_id FROM organizations").all() as { organization_id: string }[];
  for (const { organization_id } of rows) enqueueWaiting(store, organization_id);
}

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
