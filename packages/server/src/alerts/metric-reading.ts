import type { Alert, AlertMetric, AlertRule, Totals } from "@llm-cost-ops/contract";
import { type BudgetPeriodBounds, formatMoney, parseMoney, periodAt, picoDigits } from "@llm-cost-ops/core";
import { readRecordFilter } from "../costs/cost-filter.ts";
import type { CostQuery } from "../costs/cost-query.ts";
import { invariant } from "../refusal.ts";
import type { Store } from "../store/operation.ts";
import { countErrors } from "./error-counts.sql.ts";
import type { WatchedRule } from "./watches.sql.ts";

const unit = 10n ** BigInt(picoDigits);
const minuteMs = 60_000;
/** Percents of a rule's text have so many decimals. */
const percentStep = 10n ** BigInt(picoDigits - 4);

/** A metric as an exact fraction: numerator in 10⁻¹² of its unit. Undefined where too few requests say anything. */
export interface MetricValue {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly requests: number;
}

/** The time that a rule's window is at an instant; an hour and a day of the calendar as a whole. */
export function windowAt({ window }: AlertRule, nowMs: number): BudgetPeriodBounds {
  invariant(window !== null, "a rule of a metric has a window");
  if (window.kind !== "rolling") return periodAt({ kind: window.kind, zone: window.time_zone ?? "UTC" }, nowMs);
  // Ends with the present millisecond, whose calls count.
  return { fromMs: nowMs + 1 - (window.minutes ?? 60) * minuteMs, toMs: nowMs + 1 };
}

const sumOf = (totals: readonly Totals[], read: (one: Totals) => number | string | undefined): bigint =>
  totals.reduce((sum, one) => sum + BigInt(read(one) ?? 0), 0n);

export async function readMetric(
  { store, query }: { readonly store: Store; readonly query: CostQuery },
  { rule, teamProjects }: WatchedRule,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<MetricValue | undefined> {
  const { organization_id: organizationId, metric, window, currency, requests_min: requestsMin } = rule;
  const { team: _, ...words } = rule.scope ?? {};
  const records = teamProjects === undefined ? {} : { records: { projects: teamProjects } };
  const filter = readRecordFilter({ organizationId, ...records }, words);
  if (metric === "error_rate") {
    const { requests, errors } = await store.run(countErrors, { organizationId, fromMs, toMs, filter });
    return shareOf(errors, requests, requestsMin ?? 1);
  }
  const period = { fromMs, toMs, zone: window?.time_zone ?? "UTC" };
  const { totals } = await query.aggregate(organizationId, { period, filter, groupBy: [], metrics: ["sum", "count"] });
  const requests = Number(sumOf(totals, (one) => one.total_requests));
  switch (metric) {
    case "daily_cost":
    case "hourly_cost":
    case "cost_per_request": {
      const ours = totals.find((one) => one.currency === currency);
      const numerator = parseMoney(ours?.total_cost ?? "0");
      invariant(numerator !== undefined, "a sum of the ledger is money");
      if (metric !== "cost_per_request") return { numerator, denominator: 1n, requests };
      const priced = ours?.total_requests ?? 0;
      return priced < (requestsMin ?? 1) ? undefined : { numerator, denominator: BigInt(priced), requests: priced };
    }
    case "tokens":
      return { numerator: sumOf(totals, (one) => one.total_tokens) * unit, denominator: 1n, requests };
    case "unpriced_share":
      return shareOf(Number(sumOf(totals, (one) => one.unpriced_requests)), requests, requestsMin ?? 1);
    case null:
      return undefined;
    default:
      return metric satisfies never;
  }
}

const shareOf = (part: number, requests: number, requestsMin: number): MetricValue | undefined =>
  requests < requestsMin
    ? undefined
    : { numerator: BigInt(part) * 100n * unit, denominator: BigInt(requests), requests };

/** Exactly, with equality where the rule says so. */
export function isReached({ comparison, threshold }: AlertRule, value: MetricValue | undefined): boolean {
  const picos = parseMoney(threshold ?? "");
  if (value === undefined || picos === undefined) return false;
  const limit = picos * value.denominator;
  return comparison === ">" ? value.numerator > limit : value.numerator >= limit;
}

/** For people: rounded down, percents to four decimals. */
export function valueText(metric: AlertMetric, { numerator, denominator }: MetricValue): Alert["value"] {
  const picos = numerator / denominator;
  return formatMoney(metric === "error_rate" || metric === "unpriced_share" ? picos - (picos % percentStep) : picos);
}
