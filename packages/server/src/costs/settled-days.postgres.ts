import { numberArray } from "../postgres/array-text.ts";
import { invariant } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { SettledDayMemory } from "./settled-day-memory.ts";
import type { SettledKind, SettledSegment } from "./settled-days.ts";

/** Where what is kept of settled days lies. */
const sources: Readonly<
  Record<SettledKind, { readonly from: string; readonly sums: string; readonly digest: string }>
> = {
  users: { from: "rollup_days d WHERE d.users IS NOT NULL", sums: "d.users", digest: "d.users_digest" },
  series: {
    from: `rollup_days d JOIN settled_series s ON s.organization_id = d.organization_id AND s.day = d.day WHERE d.state = 1`,
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
  // Held until they are taken, for what comes meanwhile may drive them out.
  const known = days.map(({ digest }) => memory.find(digest));
  const missing = days.filter((_, at) => known[at] === undefined).map(({ day }) => day);
  const take = inOrder(ascending);
  let at = 0;
  const takeKnown = (): void => {
    for (; at < days.length; at += 1) {
      const [day, sums] = [days[at], known[at]];
      if (day === undefined || sums === undefined) return;
      take(day.day, sums);
    }
  };
  takeKnown();
  if (missing.length === 0) return;
  const takeRead = ([, sums]: readonly (Buffer | undefined)[]): void => {
    const day = days[at];
    invariant(sums !== undefined && day !== undefined, "the days that are missing come in their order");
    // A copy, for what the driver gives is part of what it reads into.
    const bytes = new Uint8Array(sums);
    memory.keep(day.digest, bytes);
    take(day.day, bytes);
    at += 1;
    takeKnown();
  };
  invariant(connection.copied !== undefined, "settled days are read so on PostgreSQL");
  await connection.copied(sumsOfDays(sources[kind]), takeRead, organizationId, numberArray(missing));
  invariant(at === days.length, "all settled days are taken");
}

/** Gives days, which come in their order, to the segments that they lie in. */
function inOrder(ascending: readonly SettledSegment[]): (day: number, sums: Uint8Array) => void {
  let next = 0;
  let around: SettledSegment[] = [];
  return (day, sums) => {
    for (let at = ascending[next]; at !== undefined && at.segment.from <= day; at = ascending[next]) {
      around.push(at);
      next += 1;
    }
    around = around.filter(({ segment }) => day < segment.to);
    for (const segment of around) segment.take({ day, sums });
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

const memoryKey = Symbol("settled days");

function memoryOf({ state }: StoreConnection): SettledDayMemory {
  const known = state.get(memoryKey) as SettledDayMemory | undefined;
  if (known !== undefined) return known;
  const made = new SettledDayMemory();
  state.set(memoryKey, made);
  return made;
}
