import { fromSettledBytes, settledMeasures } from "../usage/settled-day.ts";
import { measures } from "./exact-sums.ts";
import type { GroupCollector } from "./group-collector.ts";
import type { RowSource, SumPlan } from "./group-sums.ts";
import type { Segment } from "./rollup-plan.ts";

/** What is kept of a settled day: the sums of each user, or those of each series. */
export type SettledKind = "users" | "series";

/** What is kept of settled days that can answer a segment of the plan; undefined where nothing can. */
export function settledKind({ isOfWholeUsers }: SumPlan, { source }: Segment<RowSource>): SettledKind | undefined {
  if (source === "rollup_daily") return "series";
  return source === "rollup_user_daily" && isOfWholeUsers ? "users" : undefined;
}

/** As it is stored. */
export interface StoredDay {
  readonly day: number;
  readonly sums: Uint8Array;
}

/**
 * Adds what settled days hold of a segment, and gives the parts of it that are left to be read row by row. The days are those
 * within the segment in their order: of a segment of centuries there are as many as somebody recorded in.
 */
export function takeSettled(
  segment: Segment<RowSource>,
  settled: Iterable<StoredDay>,
  collector: GroupCollector,
): readonly Segment<RowSource>[] {
  const left: Segment<RowSource>[] = [];
  let open = segment.from;
  for (const { day, sums } of settled) {
    if (open < day) left.push({ ...segment, from: open, to: day });
    open = day + 1;
    if (segment.plus !== -1) addDay(sums, segment.plus, 1, collector);
    if (segment.minus !== -1) addDay(sums, segment.minus, -1, collector);
  }
  if (open < segment.to) left.push({ ...segment, from: open });
  return left;
}

const unpricedAt = measures.indexOf("unpricedRequests");
/** Where each column of a settled day goes. */
const places = settledMeasures.map((_, column) => (column === 0 ? 0 : column + 1));

/** Adds a day's sums. Those of users are taken from those without a user, to whom the whole day is added beside. */
function addDay(bytes: Uint8Array, bucket: number, sign: 1 | -1, collector: GroupCollector): void {
  const { users, seriesIds, columns } = fromSettledBytes(bytes);
  const count = seriesIds.length;
  const slots = new Int32Array(count).fill(-1);
  const slotsOfNobody = new Int32Array(users.length).fill(-1);
  for (let at = 0; at < count; at += 1) {
    const group = collector.groupOf(seriesIds[at] ?? 0);
    if (group === -1) continue;
    slots[at] = collector.slotOf(group, bucket, users[at] ?? null);
    if (users.length > 0) slotsOfNobody[at] = collector.slotOf(group, bucket, null);
  }
  const add = (place: number, values: Float64Array): void => {
    collector.sums.addColumn(place, slots, values, sign);
    if (users.length > 0) collector.sums.addColumn(place, slotsOfNobody, values, sign === 1 ? -1 : 1);
  };
  for (const [column, place] of places.entries()) {
    const values = columns[column];
    if (values !== undefined) add(place, values);
  }
  const [requests] = columns;
  if (requests === undefined || !seriesIds.some((id) => collector.isUnpriced(id))) return;
  add(
    unpricedAt,
    requests.map((value, at) => (collector.isUnpriced(seriesIds[at] ?? 0) ? value : 0)),
  );
}
