import type { StoreConnection } from "../store/connection.ts";
import type { GroupCollector } from "./group-collector.ts";
import type { RowSource, SumPlan } from "./group-sums.ts";
import type { Segment } from "./rollup-plan.ts";
import { isOfSettled, takeSettled } from "./settled-users.ts";

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
  for (let first = Math.min(...settleable.map(({ from }) => from)); first < end; first += daysOfTrip) {
    const days = await connection.all<{ readonly day: number; readonly users: Uint8Array }>(
      "SELECT day, users FROM rollup_days WHERE organization_id = ? AND day >= ? AND day < ? AND users IS NOT NULL",
      organizationId,
      first,
      first + daysOfTrip,
    );
    const users = new Map(days.map((one) => [one.day, one.users]));
    for (const segment of settleable) {
      const [from, to] = [Math.max(segment.from, first), Math.min(segment.to, first + daysOfTrip)];
      if (from < to) left.push(...takeSettled({ ...segment, from, to }, (day) => users.get(day), collector));
    }
  }
  return { segments, left };
}
