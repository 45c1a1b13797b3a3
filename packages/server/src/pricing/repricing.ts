import type { Repricing } from "@llm-cost-ops/contract";
import { formatMoney, type Pico, type UnpricedReason } from "@llm-cost-ops/core";

/** What a repricing is about. Times are UTC milliseconds, `[fromMs, toMs)`; null is open. */
export interface RepricingScope {
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Canonical provider id. */
  readonly provider: string | null;
  readonly model: string | null;
}

/**
 * Changed records of one provider, model, day and currency. `before` and `after` are sums over them, and so is what caching
 * saved, where it is known.
 */
export interface RepricedGroup {
  readonly provider: string;
  readonly model: string;
  /** UTC, YYYY-MM-DD. */
  readonly day: string;
  readonly currency: string;
  readonly records: number;
  readonly before: Pico;
  readonly after: Pico;
  /** How many of them keep their cost: only what caching saved is another. */
  readonly sameCost: number;
  readonly savedBefore: Pico;
  readonly savedAfter: Pico;
}

/** Records that a repricing leaves as they are, although they are in its scope, because today's price is no answer. */
export interface SkippedRecords {
  /** `other_currency`, or why there is no price: a record keeps its currency and is never made unpriced. */
  readonly reason: "other_currency" | UnpricedReason;
  readonly records: number;
}

/** Sums what was skipped for the same reason; the order of what is added changes nothing. */
export function mergeSkipped(skipped: Iterable<SkippedRecords>): SkippedRecords[] {
  const sums = new Map<SkippedRecords["reason"], number>();
  for (const { reason, records } of skipped) sums.set(reason, (sums.get(reason) ?? 0) + records);
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, records]) => ({ reason, records }));
}

const groupKey = ({ provider, model, day, currency }: RepricedGroup): string =>
  JSON.stringify([day, provider, model, currency]);

/** Sums groups of the same provider, model, day and currency; the order of what is added changes nothing. */
export function mergeGroups(groups: Iterable<RepricedGroup>): RepricedGroup[] {
  const sums = new Map<string, RepricedGroup>();
  for (const group of groups) {
    const key = groupKey(group);
    const sum = sums.get(key);
    sums.set(
      key,
      sum === undefined
        ? group
        : {
            ...sum,
            records: sum.records + group.records,
            before: sum.before + group.before,
            after: sum.after + group.after,
            sameCost: sum.sameCost + group.sameCost,
            savedBefore: sum.savedBefore + group.savedBefore,
            savedAfter: sum.savedAfter + group.savedAfter,
          },
    );
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

type WireGroups = Pick<Repricing, "by_currency" | "difference" | "records_changed" | "records_same_cost">;

const changeOf = (before: Pico, after: Pico) => ({
  before: formatMoney(before),
  after: formatMoney(after),
  difference: formatMoney(after - before),
});
const money = ({ before, after, savedBefore, savedAfter }: RepricedGroup) => ({
  ...changeOf(before, after),
  savings: changeOf(savedBefore, savedAfter),
});

/** The groups as a person reads them: by day, provider and model, and summed by currency. */
export function groupsToWire(groups: readonly RepricedGroup[]): WireGroups {
  const totals = mergeGroups(groups.map((group) => ({ ...group, provider: "", model: "", day: "" })));
  return {
    records_changed: groups.reduce((sum, { records }) => sum + records, 0),
    records_same_cost: groups.reduce((sum, { sameCost }) => sum + sameCost, 0),
    by_currency: totals.map((total) => ({ currency: total.currency, ...money(total) })),
    difference: groups.map((group) => ({
      provider: group.provider,
      model: group.model,
      day: group.day,
      currency: group.currency,
      records: group.records,
      ...money(group),
    })),
  };
}

/** Computes what today's prices make of the past, and applies or takes back the difference as corrections. */
export interface Repricings {
  /** Previews: stores what would change, and changes nothing. */
  create(organizationId: string, scope: RepricingScope, createdBy: string, reason: string | null): Promise<Repricing>;
  get(organizationId: string, id: string): Promise<Repricing>;
  /** Newest first; one more than `limit` tells that there are others. `before` is the id of the last one seen. */
  list(
    organizationId: string,
    page: { readonly before?: string; readonly offset: number; readonly limit: number },
  ): Promise<readonly Repricing[]>;
  /** Resolves when it is applied, or after two minutes with the work going on in a job. */
  apply(organizationId: string, id: string): Promise<Repricing>;
  undo(organizationId: string, id: string): Promise<Repricing>;
}
