import { type SettledDay, settledMeasures } from "../usage/settled-day.ts";
import { measures } from "./exact-sums.ts";
import type { GroupCollector } from "./group-collector.ts";
import type { RowSource, SumPlan } from "./group-sums.ts";
import type { Segment } from "./rollup-plan.ts";

/** What is kept of a settled day: the sums of each user, or those of each series. */
export const settledKinds = ["users", "series"] as const;
export type SettledKind = (typeof settledKinds)[number];

/** What is kept of settled days that can answer a segment of the plan; undefined where nothing can. */
export function settledKind({ isOfWholeUsers }: SumPlan, { source }: Segment<RowSource>): SettledKind | undefined {
  if (source === "rollup_daily") return "series";
  return source === "rollup_user_daily" && isOfWholeUsers ? "users" : undefined;
}

/** Takes what settled days hold of a segment. */
export class SettledSegment {
  readonly segment: Segment<RowSource>;
  readonly #collector: GroupCollector;
  readonly #days: number[] = [];

  constructor(segment: Segment<RowSource>, collector: GroupCollector) {
    this.segment = segment;
    this.#collector = collector;
  }

  /** Adds what a day within the segment holds. */
  take(day: number, sums: SettledDay): void {
    const { plus, minus } = this.segment;
    this.#days.push(day);
    if (plus !== -1) addDay(sums, plus, 1, this.#collector);
    if (minus !== -1) addDay(sums, minus, -1, this.#collector);
  }

  /** The parts that no day was taken of: they are read row by row. Of a segment of centuries they are as many as its days. */
  left(): readonly Segment<RowSource>[] {
    const { segment } = this;
    const left: Segment<RowSource>[] = [];
    let open = segment.from;
    for (const day of this.#days.toSorted((a, b) => a - b)) {
      if (open < day) left.push({ ...segment, from: open, to: day });
      open = day + 1;
    }
    return open < segment.to ? [...left, { ...segment, from: open }] : left;
  }
}

const unpricedAt = measures.indexOf("unpricedRequests");
/** Where each column of a settled day goes. */
const places = settledMeasures.map((_, column) => (column === 0 ? 0 : column + 1));

/** Adds a day's sums. Those of users are taken from those without a user, to whom the whole day is added beside. */
function addDay(
  { users, seriesIds, columns }: SettledDay,
  bucket: number,
  sign: 1 | -1,
  collector: GroupCollector,
): void {
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
