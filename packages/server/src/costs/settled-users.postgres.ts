import type { StoreConnection } from "../store/connection.ts";
import type { GroupCollector } from "./group-collector.ts";
import type { RowSource, SumPlan } from "./group-sums.ts";
import type { Segment } from "./rollup-plan.ts";
import { isOfSettled, type StoredDay, takeSettled } from "./settled-users.ts";

type AnySegment = Segment<RowSource>;

/** Settled days that one trip brings: each may have megabytes. */
const daysOfTrip = 10;

/** The plan's segments, and what is left to be read of them beside the settled days, which are added to the collector. */
export async function segmentsLeft(
  connection: StoreConnection,
  organizationId: string,
  plan: SumPlan,
  collector: GroupCollector,
): Promise<{ readonly segments: readonly AnySegment[]; readonly left: readonly AnySegment[] }> {
  const segments = plan.segments();
  const settleable = segments.filter((segment) => isOfSettled(plan, segment));
  const left: AnySegment[] = segments.filter((segment) => !isOfSettled(plan, segment));
  const end = Math.max(...settleable.map(({ to }) => to));
  let first = Math.min(...settleable.map(({ from }) => from));
  while (first < end) {
    const days = await connection.all<StoredDay>(
      `SELECT day, users FROM rollup_days WHERE organization_id = ? AND day >= ? AND day < ? AND users IS NOT NULL
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
  return { segments, left };
}
