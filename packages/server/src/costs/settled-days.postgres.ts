import type { StoreConnection } from "../store/connection.ts";
import type { GroupCollector } from "./group-collector.ts";
import type { RowSource } from "./group-sums.ts";
import type { Segment } from "./rollup-plan.ts";
import { type SettledColumn, type StoredDay, takeSettled } from "./settled-days.ts";

type AnySegment = Segment<RowSource>;

/** Settled days that one trip brings: each may have megabytes. */
const daysOfTrip = 10;

/** What is left to be read of segments beside the settled days, which are added to the collector; `columnOf` says from where. */
export async function segmentsLeft(
  connection: StoreConnection,
  organizationId: string,
  segments: readonly AnySegment[],
  columnOf: (segment: AnySegment) => SettledColumn | undefined,
  collector: GroupCollector,
): Promise<readonly AnySegment[]> {
  const left: AnySegment[] = [];
  for (const [column, ofColumn] of Map.groupBy(segments, columnOf)) {
    if (column === undefined) left.push(...ofColumn);
    else left.push(...(await leftOf(connection, organizationId, ofColumn, column, collector)));
  }
  return left;
}

async function leftOf(
  connection: StoreConnection,
  organizationId: string,
  segments: readonly AnySegment[],
  column: SettledColumn,
  collector: GroupCollector,
): Promise<readonly AnySegment[]> {
  const left: AnySegment[] = [];
  const end = Math.max(...segments.map(({ to }) => to));
  let first = Math.min(...segments.map(({ from }) => from));
  while (first < end) {
    const days = await connection.all<StoredDay>(
      `SELECT day, ${column} AS sums FROM rollup_days
       WHERE organization_id = ? AND day >= ? AND day < ? AND ${column} IS NOT NULL ORDER BY day LIMIT ${daysOfTrip}`,
      organizationId,
      first,
      end,
    );
    const next = days.length < daysOfTrip ? end : (days.at(-1)?.day ?? end) + 1;
    for (const segment of segments) {
      const [from, to] = [Math.max(segment.from, first), Math.min(segment.to, next)];
      const within = days.filter(({ day }) => day >= from && day < to);
      if (from < to) left.push(...takeSettled({ ...segment, from, to }, within, collector));
    }
    first = next;
  }
  return left;
}
