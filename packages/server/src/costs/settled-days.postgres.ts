import { setImmediate } from "node:timers/promises";
import { numberArray } from "../postgres/array-text.ts";
import { invariant } from "../refusal.ts";
import type { CopiedFields, StoreConnection } from "../store/connection.ts";
import { fromSettledBytes } from "../usage/settled-day.ts";
import { bytesOf, SettledDayMemory } from "./settled-day-memory.ts";
import type { SettledKind, SettledSegment } from "./settled-days.ts";

/**
 * Where what is kept of settled days lies. Day by day, which `OFFSET 0` holds the planner to: where it takes an organization's days
 * for few it reads all of them again for each.
 */
const sources: Readonly<
  Record<SettledKind, { readonly from: string; readonly sums: string; readonly digest: string }>
> = {
  users: { from: "rollup_days d WHERE d.users IS NOT NULL", sums: "d.users", digest: "d.users_digest" },
  series: {
    from: `rollup_days d CROSS JOIN LATERAL (SELECT * FROM settled_series t
      WHERE t.organization_id = d.organization_id AND t.day = d.day OFFSET 0) AS s WHERE d.state = 1`,
    sums: "s.sums",
    digest: "s.digest",
  },
};

/** The settled days within runs, and the digest of what is kept of each. */
const namedDays = ({ from, digest }: (typeof sources)[SettledKind]): string =>
  `SELECT named.day, named.digest FROM unnest(CAST(?2 AS bigint[]), CAST(?3 AS bigint[])) AS run (first, past)
   CROSS JOIN LATERAL (SELECT d.day, encode(${digest}, 'hex') AS digest FROM ${from}
     AND d.organization_id = ?1 AND d.day >= run.first AND d.day < run.past OFFSET 0) AS named
   ORDER BY named.day`;

const sumsOfDays = ({ from, sums }: (typeof sources)[SettledKind]): string =>
  `SELECT d.day, ${sums} FROM ${from} AND d.organization_id = ?1 AND d.day = ANY (CAST(?2 AS bigint[])) ORDER BY d.day`;

interface NamedDay {
  readonly day: number;
  readonly digest: string;
}

/**
 * Adds what settled days hold of the segments, whichever readings they are of. Only days that the process does not remember
 * come over the network, each once.
 */
export async function takeSettledDays(
  connection: StoreConnection,
  organizationId: string,
  kind: SettledKind,
  segments: readonly SettledSegment[],
): Promise<void> {
  const ascending = segments.toSorted((a, b) => a.segment.from - b.segment.from);
  const runs = runsTogether(ascending);
  if (runs.length === 0) return;
  const days = await connection.all<NamedDay>(
    namedDays(sources[kind]),
    organizationId,
    numberArray(runs.map(({ from }) => from)),
    numberArray(runs.map(({ to }) => to)),
  );
  const memory = memoryOf(connection);
  // Held until they are taken, for what others ask meanwhile may drive them out.
  const known = days.map(({ day, digest }) => ({ day, digest, sums: memory.find(digest) }));
  const missing = known.filter(({ sums }) => sums === undefined);
  await takeKnown(known, intoSegments(ascending));
  if (missing.length === 0) return;

  let room =
    memory.bytesMax / 2 - known.reduce((bytes, { sums }) => bytes + (sums === undefined ? 0 : bytesOf(sums)), 0);
  let next = 0;
  const take = intoSegments(ascending);
  const takeRead = ([day, sums]: CopiedFields): void => {
    const named = missing[next];
    const isNext = named !== undefined && day?.readBigInt64BE() === BigInt(named.day);
    invariant(isNext && sums !== undefined, "days come in the order in which they were asked for");
    next += 1;
    // A copy, for what the driver gives is part of what it reads into.
    const bytes = new Uint8Array(sums);
    // One question about years does not drive out what all others ask, nor each of its days the one that it needs first again.
    room -= bytesOf(bytes);
    if (room >= 0) memory.keep(named.digest, bytes);
    take(named.day, bytes);
  };
  invariant(connection.copied !== undefined, "settled days are read so on PostgreSQL");
  await connection.copied(
    sumsOfDays(sources[kind]),
    takeRead,
    organizationId,
    numberArray(missing.map(({ day }) => day)),
  );
  invariant(next === missing.length, "all days that were asked for come");
}

interface KnownDay extends NamedDay {
  readonly sums: Uint8Array | undefined;
}

/** So long a question keeps others of its thread waiting. */
const turnMs = 8;

/** Takes the days that are remembered. What is read leaves room for others by itself, with each of its parts. */
async function takeKnown(days: readonly KnownDay[], take: (day: number, sums: Uint8Array) => void): Promise<void> {
  let beganMs = performance.now();
  for (const { day, sums } of days) {
    if (sums === undefined) continue;
    take(day, sums);
    if (performance.now() - beganMs < turnMs) continue;
    await setImmediate();
    beganMs = performance.now();
  }
}

/** Gives days, which come in their order, to the segments that they lie in. */
function intoSegments(ascending: readonly SettledSegment[]): (day: number, sums: Uint8Array) => void {
  let next = 0;
  let around: SettledSegment[] = [];
  return (day, sums) => {
    for (let at = ascending[next]; at !== undefined && at.segment.from <= day; at = ascending[next]) {
      around.push(at);
      next += 1;
    }
    around = around.filter(({ segment }) => day < segment.to);
    const settled = fromSettledBytes(sums);
    for (const segment of around) segment.take(day, settled);
  };
}

interface Run {
  readonly from: number;
  readonly to: number;
}

/** The days of all segments, each once. */
function runsTogether(ascending: readonly SettledSegment[]): readonly Run[] {
  const runs: { from: number; to: number }[] = [];
  for (const { segment } of ascending) {
    const last = runs.at(-1);
    if (last !== undefined && segment.from <= last.to) last.to = Math.max(last.to, segment.to);
    else runs.push({ from: segment.from, to: segment.to });
  }
  return runs;
}

/** Where what a process remembers of settled days lies in the state of its connections. */
export const settledDaysKey = Symbol("settled days");

function memoryOf({ state }: StoreConnection): SettledDayMemory {
  const known = state.get(settledDaysKey) as SettledDayMemory | undefined;
  if (known !== undefined) return known;
  const made = new SettledDayMemory();
  state.set(settledDaysKey, made);
  return made;
}
