import type { Alert, AlertRule } from "@llm-cost-ops/contract";
import { askedTogether } from "../costs/asked-together.ts";
import type { CostQuery } from "../costs/cost-query.ts";
import type { Store } from "../store/operation.ts";
import type { AlertOpening } from "./alerts.sql.ts";
import { crossingsOf, type Marks } from "./crossings.ts";
import { type Manner, type Reading, type Subject, subjectsOf } from "./subjects.ts";
import {
  escalateDue,
  type KeepWatch,
  keepParentsWatch,
  keepWatch,
  parentWantsThresholds,
  readWatching,
  type Watch,
} from "./watches.sql.ts";

export interface EvaluationParts {
  readonly store: Store;
  readonly query: CostQuery;
  /** UTC milliseconds. */
  readonly clock: () => number;
  /** Ids of alerts in the order of time. */
  readonly newId: () => string;
  /** Told of what cannot be evaluated; all else goes on. */
  readonly onFailure: (error: unknown) => void;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How long after a period's end what arrives late is still told. */
const graceMs = (fromMs: number, toMs: number): number => Math.min(hourMs, Math.floor((toMs - fromMs) / 10));

export interface Seen {
  /** Alerts that began, escalated or ended. */
  readonly told: readonly Alert[];
  /** Whether anything was told, be it events alone. */
  readonly hasTold: boolean;
  /** Whether something changed meanwhile, so that it is to be done again. */
  readonly isStale: boolean;
}

/** Looks at everything that is watched in an organization, and tells what there is to tell. */
export async function evaluate(parts: EvaluationParts, organizationId: string): Promise<Seen> {
  const { store, clock, onFailure } = parts;
  const watching = await store.run(readWatching, { organizationId, nowMs: clock() });
  const told: Alert[] = [];
  let isStale = false;
  let hasTold = false;
  const keep = async (kept: Kept): Promise<void> => {
    const done = await store.run(kept.tellsParent ? keepParentsWatch : keepWatch, { organizationId, ...kept });
    if (done === undefined) {
      isStale = true;
      return;
    }
    told.push(...done);
    hasTold ||= done.length > 0 || kept.events.length > 0;
  };
  const tellsParent =
    watching.budgets.some(({ budget }) => budget.set_by === "parent") &&
    (await store.run(parentWantsThresholds, { organizationId }));
  const subjects = subjectsOf({ store, query: askedTogether(parts.query) }, watching, tellsParent);
  const known = new Set(subjects.map(({ id }) => id));
  for (const watch of watching.watches) if (!known.has(watch.subject)) await keep(ending(watch, "changed", clock()));
  const watchesOf = Map.groupBy(watching.watches, (watch) => watch.subject);
  const nowMs = clock();
  // All begin before one waits, so that what they ask of the ledger is asked together.
  const looks = subjects.map((subject) => look(parts, subject, watchesOf.get(subject.id) ?? [], nowMs));
  for (const found of await Promise.allSettled(looks)) {
    if (found.status === "rejected") {
      onFailure(found.reason);
      continue;
    }
    // Decided one after the other, so that alerts have their ids in the order of what is watched.
    for (const decide of found.value) {
      const kept = decide();
      if (kept !== undefined) await keep(kept);
    }
  }
  if (watching.hasToEscalate) told.push(...(await store.run(escalateDue, { organizationId, nowMs: clock() })));
  return { told, hasTold: hasTold || told.length > 0, isStale };
}

type Kept = Omit<KeepWatch, "organizationId">;

const ending = (watch: Watch, because: "changed" | "period_over", nowMs: number): Kept => ({
  watch,
  revision: watch.revision,
  isOver: true,
  grounds: undefined,
  opened: [],
  ended: alertsOf(watch.marks).map((alertId) => ({ alertId, because })),
  events: [],
  nowMs,
});

const alertsOf = (marks: Marks): readonly string[] =>
  Object.values(marks).flatMap(({ alertId }) => (alertId === null ? [] : [alertId]));

/** What is to be kept of one subject: of its present period, and of earlier ones until nothing comes late any more. */
async function look(
  parts: EvaluationParts,
  subject: Subject,
  watches: readonly Watch[],
  nowMs: number,
): Promise<readonly Decision[]> {
  const prefix = `${subject.definition}@`;
  const bounds = subject.boundsAt(nowMs);
  const present = `${prefix}${bounds?.fromMs ?? ""}`;
  const decisions: (Decision | Promise<Decision>)[] = [];
  let isPast = false;
  for (const watch of watches) {
    const { period, fromMs, toMs } = watch;
    if (!period.startsWith(prefix)) decisions.push(() => ending(watch, "changed", nowMs));
    else if (period === present) decisions.push(compare(parts, subject, watch, { atMs: nowMs, nowMs }));
    else if (toMs !== null && toMs <= nowMs) {
      const last = compare(parts, subject, watch, { atMs: toMs - 1, nowMs });
      const isLast = nowMs >= toMs + graceMs(fromMs, toMs);
      decisions.push(isLast ? last.then((decide) => () => lastOf(watch, decide(), nowMs)) : last);
    } // By another process, whose clock is ahead.
    else isPast = true;
  }
  if (!isPast && !watches.some(({ period }) => period === present)) {
    const watch = { subject: subject.id, period: present, fromMs: bounds?.fromMs ?? 0, toMs: bounds?.toMs ?? null };
    decisions.push(compare(parts, subject, { ...watch, revision: null, marks: {} }, { atMs: nowMs, nowMs }));
  }
  return Promise.all(decisions);
}

/** A period that is over: what it still told is told, and all of it ends. */
function lastOf(watch: Watch, last: Kept | undefined, nowMs: number): Kept {
  const end = ending(watch, "period_over", nowMs);
  if (last === undefined) return end;
  const open = alertsOf(last.watch.marks).map((alertId) => ({ alertId, because: "period_over" as const }));
  return { ...last, isOver: true, ended: [...last.ended, ...open] };
}

/** What is to be kept, by what was read; undefined where there is nothing. */
type Decision = () => Kept | undefined;

/** As it was read; without a revision where there was none. */
type OpenWatch = Omit<Watch, "revision"> & { readonly revision: number | null };

interface Instants {
  /** The instant that is looked at, and the present one. UTC milliseconds. */
  readonly atMs: number;
  readonly nowMs: number;
}

async function compare(
  { newId }: EvaluationParts,
  subject: Subject,
  watch: OpenWatch,
  { atMs, nowMs }: Instants,
): Promise<Decision> {
  const readings = await subject.read(atMs, Object.keys(watch.marks));
  return () => decided({ newId, nowMs }, subject, watch, readings);
}

function decided(
  { newId, nowMs }: Pick<EvaluationParts, "newId"> & Pick<Instants, "nowMs">,
  subject: Subject,
  { revision, ...watch }: OpenWatch,
  readings: ReadonlyMap<string, Reading>,
): Kept | undefined {
  const reached = new Map([...readings].map(([mark, reading]) => [mark, reading.isReached]));
  const crossings = crossingsOf(watch.marks, reached, { nowMs, quietMs: subject.quietMs });
  // A period that ends is kept from the start, so that whoever comes after its end knows that it is to be looked at.
  if (!crossings.isChanged && (revision !== null || watch.toMs === null)) return undefined;
  const opened: AlertOpening[] = [];
  const events: KeepWatch["events"][number][] = [];
  const marks = { ...crossings.marks };
  for (const mark of crossings.risen) {
    const { opening, events: ofMark = [] } = readings.get(mark) ?? { isReached: true };
    events.push(...ofMark);
    const before = marks[mark];
    if (opening === undefined || subject.rule === undefined || before === undefined) continue;
    const alert = { id: newId(), ...opening, ...mannerOf(subject.rule, nowMs) };
    opened.push(alert);
    marks[mark] = { ...before, alertId: alert.id };
  }
  const ended = crossings.fallen.flatMap(({ alertId, isAskedFor }) =>
    alertId === null ? [] : [{ alertId, because: isAskedFor ? ("below" as const) : ("changed" as const) }],
  );
  return {
    watch: { ...watch, marks },
    revision,
    isOver: false,
    grounds: subject.grounds,
    opened,
    ended,
    events,
    ...(subject.tellsParent && { tellsParent: true as const }),
    nowMs,
  };
}

const mannerOf = (rule: AlertRule, nowMs: number): Manner => ({
  ruleId: rule.id,
  severity: rule.severity,
  channels: rule.channels,
  escalateTo: rule.escalate_after_minutes === null ? [] : rule.escalate_to,
  escalateAtMs: rule.escalate_after_minutes === null ? null : nowMs + rule.escalate_after_minutes * minuteMs,
});
