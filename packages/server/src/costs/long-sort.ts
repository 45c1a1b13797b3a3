import { formatInstant } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import { always, type Period } from "./cost-filter.ts";
import type { ListQuestion } from "./cost-query.ts";

/**
 * The most records that are sorted to answer one question whose order no index has: four to seven seconds of one core. An
 * index by cost would take another 9 µs and 44 bytes of each record on the embedded store, a third of what writing its row takes.
 */
export const sortedRecordsMax = 2_000_000;

/** How many calls an organization made from one day to another, both included. */
export const requestsOfDays =
  "SELECT coalesce(sum(requests), 0) AS requests FROM rollup_daily WHERE organization_id = ? AND day >= ? AND day <= ?";

const dayMs = 86_400_000;

/** The days that a period touches. */
export const daysOf = ({ fromMs, toMs }: Omit<Period, "zone">): readonly [first: number, last: number] => [
  Math.floor(fromMs / dayMs),
  Math.floor(toMs / dayMs),
];

/** Refuses an order that no index has for more records than are sorted, and says which period is too long. */
export function longSort(
  { period, order }: Pick<ListQuestion, "period" | "order">,
  requests: number | bigint,
): Refusal {
  const { fromMs, toMs } = period;
  const range =
    fromMs === always.fromMs || toMs === always.toMs
      ? "the period asked for"
      : `${formatInstant(fromMs)} to ${formatInstant(toMs)}`;
  return new Refusal(
    "VALIDATION_ERROR",
    `Ordering by ${order[0].field} sorts at most ${sortedRecordsMax} records, and ${range} has ${requests}: narrow start_date and end_date, or order by occurred_at.`,
    {
      fieldErrors: {
        order_by: `sorts at most ${sortedRecordsMax} records`,
        start_date: `begins a period of ${requests} records`,
      },
    },
  );
}
