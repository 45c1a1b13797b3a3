import type { StoreConnection } from "../store/connection.ts";
import type { GroupCollector } from "./group-collector.ts";
import type { RowSource, SumPlan } from "./group-sums.ts";
import type { Segment } from "./rollup-plan.ts";
import { type StoredDay, settledKind, takeSettled } from "./settled-days.ts";

type AnySegment = Segment<RowSource>;

/** Settled days that one trip brings: each may have megabytes. */
const daysOfTrip = 10;

/**
 * What is left to be read of the plan's segments beside the settled days, which are added to the collector. Those are of users
 * alone: series the database adds up in less time than it takes to bring and to add up the days of all of them.
 */
export async function segmentsLeft(
  connection: StoreConnection,
  organizationId: string,
  plan: SumPlan,
  collector: GroupCollector,
): Promise<readonly AnySegment[]> {
  const segments = plan.segments();
  const settleable = segments.filter((segment) => settledKind(plan, segment) === "users");
  const left: AnySegment[] = segments.filter((segment) => !settleable.includes(segment));
  const end = Math.max(...settleable.map(({ to }) => to));
  let first = Math.min(...settleable.map(({ from }) => from));
  while (first < end) {
    const days = await connection.all<StoredDay>(
      `SELECT day, users AS sums FROM rollup_days WHERE organization_id = ? AND day >= ? AND day < ? AND users IS NOT NULL
       ORDER BY day LIMIT ${daysOfTrip}`,
      organizationId,
      first,
      end,
    );
    const next = days.length < daysOfTrip ? end : (days.at(-1)?.day ?? end) + 1;
    for (const segment of settleable) {
      const [from, to] = [Math.max(segment.from, first), Math.min(segment.to, next)];
      const within = days.filter(({ day }) => day >= from && day < to);
      if (from < to) left.push(...takeSettled({ ...segment, from, to }, within, collector));
    }
    first = next;
  }
  return left;
}
