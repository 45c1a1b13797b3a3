import type { StatementSync } from "node:sqlite";
import { keptFrom } from "../retention/kept-from.sqlite.ts";
import type { StoreThread } from "../sqlite/operation.ts";
import { fromSettledBytes } from "../usage/settled-day.ts";
import type { SummedRow } from "./answer-rows.ts";
import type { RecordedExtent } from "./cost-query.ts";
import type { GroupCollector } from "./group-collector.ts";
import {
  type ExtentEnds,
  extentOf,
  firstKeptDay,
  type GroupQuestion,
  planSums,
  type RowSource,
  type SumPlan,
} from "./group-sums.ts";
import type { Segment } from "./rollup-plan.ts";
import { rowAbsorber } from "./row-absorber.sqlite.ts";
import { seriesCatalogue } from "./series-catalogue.sqlite.ts";
import type { SeriesCatalogue } from "./series-catalogue.ts";
import { type SettledKind, SettledSegment, settledKind } from "./settled-days.ts";
import { type Reading, readingsOf, SumsTogether } from "./shared-reading.ts";

/** Sums what was recorded in a period by any dimensions and by currency, as `planSums` says. */
export function sumGroups(store: StoreThread, organizationId: string, question: GroupQuestion): readonly SummedRow[] {
  return sumGroupsOfAll(store, organizationId, [question])[0] ?? [];
}

/** The same for several questions, in their order: they share readings. */
export function sumGroupsOfAll(
  store: StoreThread,
  organizationId: string,
  questions: readonly GroupQuestion[],
): readonly (readonly SummedRow[])[] {
  const sums = new SumsTogether(questions.length);
  const extent = readExtent(store, organizationId);
  if (extent === undefined) return sums.found;
  const catalogue = seriesCatalogue(store, organizationId);
  const planOf = (question: GroupQuestion) => planSums(organizationId, catalogue, extent, question);
  for (const reading of readingsOf(questions, planOf)) {
    sums.add(reading, collected(store, organizationId, catalogue, reading));
  }
  return sums.found;
}

function collected(
  store: StoreThread,
  organizationId: string,
  catalogue: SeriesCatalogue,
  { question: { filter }, plan }: Pick<Reading, "question" | "plan">,
): GroupCollector {
  const seriesIds = selectiveIds(catalogue, plan.matching);
  const isAll = plan.matching.length === catalogue.ids.length;
  const isOneGroup = (isAll || seriesIds !== undefined) && isOfOneGroup(catalogue, plan);
  const settledDays = settledDaysOf(store, organizationId);
  const read = ({ big, adds }: Way): GroupCollector => {
    const collector = plan.collector();
    const absorb = rowAbsorber(store, collector, big);
    if (filter.ids !== undefined || filter.usageIds !== undefined) {
      absorb.named(organizationId, filter, plan);
      return collector;
    }
    for (const segment of plan.segments()) {
      const kind = seriesIds === undefined ? settledKind(plan, segment) : undefined;
      for (const part of kind === undefined ? [segment] : settledDays(kind, segment, collector)) {
        absorb.segment(organizationId, part, { userIds: filter.userIds, seriesIds, isOneGroup: isOneGroup && adds });
      }
    }
    return collector;
  };
  return readExactly(read);
}

const settledRows: Readonly<Record<SettledKind, string>> = {
  users: "SELECT d.day, d.users AS sums FROM rollup_days d WHERE d.users IS NOT NULL",
  series: `SELECT d.day, s.sums FROM rollup_days d
    JOIN settled_series s ON s.organization_id = d.organization_id AND s.day = d.day WHERE d.state = 1`,
};

/** Adds what settled days hold of a segment, and gives the parts of it that are left. */
function settledDaysOf({ db }: StoreThread, organizationId: string) {
  const selects = new Map<SettledKind, StatementSync>();
  return (kind: SettledKind, segment: Segment<RowSource>, collector: GroupCollector): readonly Segment<RowSource>[] => {
    const select =
      selects.get(kind) ??
      db.prepare(`${settledRows[kind]} AND d.organization_id = ? AND d.day >= ? AND d.day < ? ORDER BY d.day`);
    selects.set(kind, select);
    const settled = new SettledSegment(segment, collector);
    for (const row of select.iterate(organizationId, segment.from, segment.to)) {
      const { day, sums } = row as unknown as { readonly day: number; readonly sums: Uint8Array };
      settled.take(day, fromSettledBytes(sums));
    }
    return settled.left();
  };
}

/** Above this many series a list of them costs more than it saves. */
const selectiveMax = 20_000;

/** The ids of the matching series where SQL had better leave the others out, else undefined. */
function selectiveIds(catalogue: SeriesCatalogue, matching: readonly number[]): readonly number[] | undefined {
  const selective = matching.length <= selectiveMax && matching.length * 2 <= catalogue.ids.length;
  return selective ? matching.map((at) => catalogue.ids[at] ?? 0) : undefined;
}

/** Whether all series of the question add to the same rows, as of an organization with one currency that asks about users. */
function isOfOneGroup(catalogue: SeriesCatalogue, { series, matching }: SumPlan): boolean {
  if (series.groups.length !== 1) return false;
  const isUnpriced = (at: number | undefined): boolean => series.unpriced[catalogue.ids[at ?? 0] ?? 0] === 1;
  const first = isUnpriced(matching[0]);
  return matching.every((at) => isUnpriced(at) === first);
}

/** The first and last instant of the organization's records, of which sums alone may be left. */
export function readExtent(store: StoreThread, organizationId: string): RecordedExtent | undefined {
  const { db } = store;
  const keptFromMs = keptFrom(store);
  const kept = (direction: "ASC" | "DESC"): string =>
    `(SELECT occurred_at FROM records WHERE organization_id = ?1 AND occurred_at >= ?2 ORDER BY occurred_at ${direction} LIMIT 1)`;
  const dropped = (end: "min" | "max"): string =>
    keptFromMs === 0 ? "NULL" : `(SELECT ${end}(day) FROM rollup_daily WHERE organization_id = ?1 AND day < ?3)`;
  const ends = db
    .prepare(
      `SELECT ${kept("ASC")} AS first, ${kept("DESC")} AS last, ${dropped("min")} AS firstDay, ${dropped("max")} AS lastDay`,
    )
    .get(organizationId, keptFromMs, ...(keptFromMs === 0 ? [] : [firstKeptDay(keptFromMs)])) as unknown as ExtentEnds;
  return extentOf(ends, keptFromMs);
}

/** How rows are read: with BigInts or without, and whether the database may add some up first. */
interface Way {
  readonly big: boolean;
  readonly adds: boolean;
}

/** The fast way, then what a sum that has outgrown the database's integers needs, then what one that has outgrown doubles does. */
const ways: readonly Way[] = [
  { big: false, adds: true },
  { big: true, adds: true },
  { big: true, adds: false },
];

function readExactly(read: (way: Way) => GroupCollector): GroupCollector {
  for (const way of ways) {
    try {
      return read(way);
    } catch (error) {
      if (way === ways.at(-1) || !isOutgrown(error)) throw error;
    }
  }
  throw new Error("there is a last way");
}

const isOutgrown = (error: unknown): boolean =>
  error instanceof Error &&
  (("code" in error && error.code === "ERR_OUT_OF_RANGE") || /^integer overflow$/.test(error.message));
