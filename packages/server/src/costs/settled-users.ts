import { fromSettledBytes, settledMeasures } from "../usage/settled-day.ts";
import { measures } from "./exact-sums.ts";
import type { GroupCollector } from "./group-collector.ts";
import type { RowSource, SumPlan } from "./group-sums.ts";
import type { Segment } from "./rollup-plan.ts";

type UserSegment = Segment<RowSource>;

/** Whether settled days can answer a segment of the plan. */
export const isOfSettled = ({ isOfWholeUsers }: SumPlan, { source }: UserSegment): boolean =>
  isOfWholeUsers && source === "rollup_user_daily";

/** As it is stored. */
export interface StoredDay {
  readonly day: number;
  readonly users: Uint8Array;
}

/**
 * Adds what settled days hold of a segment, and gives the parts of it that are left to be read row by row. The days are those
 * within the segment in their order: of a segment of centuries there are as many as somebody recorded in.
 */
export function takeSettled(
  segment: UserSegment,
  settled: Iterable<StoredDay>,
  collector: GroupCollector,
): readonly UserSegment[] {
  const left: UserSegment[] = [];
  let open = segment.from;
  for (const { day, users } of settled) {
    if (open < day) left.push({ ...segment, from: open, to: day });
    open = day + 1;
    if (segment.plus !== -1) addDay(users, segment.plus, 1, collector);
    if (segment.minus !== -1) addDay(users, segment.minus, -1, collector);
  }
  if (open < segment.to) left.push({ ...segment, from: open });
  return left;
}

const width = measures.length;
const unpricedAt = measures.indexOf("unpricedRequests");
/** Where each column of a settled day goes. */
const places = settledMeasures.map((_, column) => (column === 0 ? 0 : column + 1));

/** Adds a day's users, and takes them from those without a user, to whom the whole day is added beside. */
function addDay(bytes: Uint8Array, bucket: number, sign: 1 | -1, collector: GroupCollector): void {
  const { users, seriesIds, sums: columns } = fromSettledBytes(bytes);
  const { sums } = collector;
  const count = users.length;
  // Nearly all of a day are of the same group, as of one currency.
  let groupOfNobody = -1;
  let nobody = 0;
  for (const [at, user] of users.entries()) {
    const seriesId = seriesIds[at] ?? 0;
    const group = collector.groupOf(seriesId);
    if (group === -1) continue;
    if (group !== groupOfNobody) {
      groupOfNobody = group;
      nobody = collector.slotOf(group, bucket, null) * width;
    }
    const own = collector.slotOf(group, bucket, user) * width;
    for (const [column, place] of places.entries()) {
      const value = columns[column * count + at] ?? 0;
      if (value === 0) continue;
      sums.add(own + place, sign * value);
      sums.add(nobody + place, -sign * value);
    }
    const requests = columns[at] ?? 0;
    if (requests === 0 || !collector.isUnpriced(seriesId)) continue;
    sums.add(own + unpricedAt, sign * requests);
    sums.add(nobody + unpricedAt, -sign * requests);
  }
}
