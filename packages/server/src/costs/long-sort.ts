import { Refusal } from "../refusal.ts";
import type { Period } from "./cost-filter.ts";
import type { ListOrder } from "./list-order.ts";

/** The most records that are sorted to answer one question whose order no index has. */
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

export const longSort = (order: ListOrder): Refusal =>
  new Refusal(
    "VALIDATION_ERROR",
    `Ordering by ${order[0].field} sorts at most ${sortedRecordsMax} records and the period has more: narrow the dates, or order by occurred_at.`,
    { fieldErrors: { order_by: `sorts at most ${sortedRecordsMax} records` } },
  );
