import type { AlertMetric, AlertRule, BudgetCrossing, BudgetStatus } from "@llm-cost-ops/contract";
import { formatInstant, parseInstant, parseMoney, thresholdsReached } from "@llm-cost-ops/core";
import type { ScopedBudget } from "../budgets/budget.ts";
import { withoutValue } from "../budgets/budget-value.ts";
import { runningPeriod } from "../budgets/measure-budget.ts";
import { standingFrom, standingOf } from "../budgets/standing.ts";
import { readUsed, type UsedValue } from "../budgets/used-values.ts";
import type { CostQuery } from "../costs/cost-query.ts";
import { invariant } from "../refusal.ts";
import type { Store } from "../store/operation.ts";
import { budgetWords, metricWords } from "./alert-text.ts";
import type { AlertOpening } from "./alerts.sql.ts";
import { isReached, readMetric, valueText, windowAt } from "./metric-reading.ts";
import type { Grounds, KeepWatch, WatchedRule, Watching } from "./watches.sql.ts";

/** What of an alert is the rule's alone. */
export type Manner = Pick<AlertOpening, "ruleId" | "severity" | "channels" | "escalateTo" | "escalateAtMs">;

/** What a subject says at an instant of one of its thresholds. */
export interface Reading {
  readonly isReached: boolean;
  /** What is told where it rises. */
  readonly opening?: Omit<AlertOpening, "id" | keyof Manner>;
  readonly events?: KeepWatch["events"];
}

/** Something whose thresholds are watched: a budget for its own sake, a budget by a rule, or a rule's metric. */
export interface Subject {
  readonly id: string;
  /** What its periods are: where that changes, what was told before was of something else. */
  readonly definition: string;
  readonly quietMs: number;
  readonly rule: AlertRule | undefined;
  readonly grounds: Grounds;
  /** What is told is told to the organization's parent. */
  readonly tellsParent?: true;
  /** The period that runs at an instant, where there is one that ends and is followed by another. UTC milliseconds. */
  readonly boundsAt: (atMs: number) => { readonly fromMs: number; readonly toMs: number } | undefined;
  /** By the name of the threshold. `known` are names of which something was told. */
  readonly read: (atMs: number, known?: readonly string[]) => Promise<ReadonlyMap<string, Reading>>;
}

interface Sources {
  readonly store: Store;
  readonly query: CostQuery;
}

interface Standings {
  /** Of a budget with one amount. */
  readonly one: (scoped: ScopedBudget, atMs: number) => Promise<BudgetStatus>;
  /** Of a budget with an amount for each value, the most used first. */
  readonly each: (scoped: ScopedBudget, atMs: number) => Promise<readonly UsedValue[]>;
}

/** Of a budget with more values those are watched that used most, and those of which something was told. */
export const watchedValuesMax = 10_000;

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Of budgets that no rule names. */
const eventQuietMs = 60 * minuteMs;

/** Everything that is watched in an organization. How a budget stands at an instant is asked once for all that want to know. */
export function subjectsOf(
  sources: Sources,
  { rules, budgets, wantsThresholds }: Watching,
  tellsParent: boolean,
): readonly Subject[] {
  const once = <Answer>(read: (scoped: ScopedBudget, atMs: number) => Promise<Answer>) => {
    const asked = new Map<string, Promise<Answer>>();
    return (scoped: ScopedBudget, atMs: number): Promise<Answer> => {
      const key = `${scoped.budget.id} ${atMs}`;
      const answer = asked.get(key) ?? read(scoped, atMs);
      asked.set(key, answer);
      return answer;
    };
  };
  const standing: Standings = {
    one: once((scoped, atMs) => standingOf(sources.query, scoped, atMs)),
    each: once((scoped, atMs) => readUsed(sources.query, scoped, atMs)),
  };
  return [
    ...(wantsThresholds ? budgets.map((scoped) => ownThresholds(scoped, standing)) : []),
    ...(tellsParent ? budgets.filter(isSetByParent).map((scoped) => parentsThresholds(scoped, standing)) : []),
    ...rules.flatMap((watched) =>
      watched.rule.kind === "metric"
        ? [metricSubject(sources, watched)]
        : budgets
            .filter(({ budget }) => watched.rule.budget_id === null || watched.rule.budget_id === budget.id)
            .map((scoped) => budgetOfRule(watched, scoped, standing)),
    ),
  ];
}

const groundsOf = (watched: WatchedRule | undefined, scoped: ScopedBudget | undefined): Grounds => ({
  rule: watched && { id: watched.rule.id, updatedAtMs: watched.updatedAtMs },
  budget: scoped && { id: scoped.budget.id, updatedAt: scoped.budget.updated_at },
});

/** What every budget is watched for, to whoever listens to events. */
function ownThresholds(scoped: ScopedBudget, standing: Standings): Subject {
  const { budget } = scoped;
  return {
    ...ofBudget(scoped),
    id: `budget:${budget.id}`,
    quietMs: eventQuietMs,
    rule: undefined,
    grounds: groundsOf(undefined, scoped),
    read: async (atMs, known = []) => {
      const readings = (status: BudgetStatus): readonly (readonly [string, Reading])[] => {
        const event = (type: "budget.threshold_exceeded" | "budget.exceeded", threshold: number): Reading => ({
          isReached: hasReached(status, status.spent, threshold),
          events: [{ type, data: crossingOf(status, threshold) }],
        });
        return [
          ...budget.thresholds.map(
            (threshold) => [String(threshold), event("budget.threshold_exceeded", threshold)] as const,
          ),
          ["exceeded", event("budget.exceeded", 100)],
        ];
      };
      return readEach(scoped, standing, { atMs, known, readings });
    },
  };
}

const isSetByParent = ({ budget }: ScopedBudget): boolean => budget.set_by === "parent";

/** The same for the parent that set it, with marks of its own: it may have begun to listen at another time. */
const parentsThresholds = (scoped: ScopedBudget, standing: Standings): Subject => ({
  ...ownThresholds(scoped, standing),
  id: `parent:${scoped.budget.id}`,
  tellsParent: true,
});

function budgetOfRule(watched: WatchedRule, scoped: ScopedBudget, standing: Standings): Subject {
  const { rule } = watched;
  const { budget } = scoped;
  const of = rule.of ?? "spent";
  return {
    ...ofBudget(scoped),
    id: `rule:${rule.id}:${budget.id}`,
    quietMs: rule.quiet_period_minutes * minuteMs,
    rule,
    grounds: groundsOf(watched, scoped),
    read: async (atMs, known = []) => {
      const readings = (status: BudgetStatus): readonly (readonly [string, Reading])[] => {
        const value = of === "spent" ? status.spent : projectedAt(status, atMs);
        const reading = (threshold: number): Reading => ({
          isReached: value !== null && hasReached(status, value, threshold),
          opening: {
            ...budgetWords(status, of, String(threshold)),
            rule_name: rule.name,
            kind: "budget",
            budgetId: budget.id,
            budget_name: budget.name,
            threshold: String(threshold),
            value: value ?? status.spent,
            period: { from: status.period.from, to: status.period.to },
          },
        });
        const thresholds = rule.thresholds ?? budget.thresholds;
        return thresholds.map((threshold) => [`${of} ${threshold}`, reading(threshold)] as const);
      };
      return readEach(scoped, standing, { atMs, known, readings });
    },
  };
}

interface BudgetReading {
  readonly atMs: number;
  readonly known: readonly string[];
  /** Of a standing, by the names of the thresholds that are asked for. */
  readonly readings: (status: BudgetStatus) => readonly (readonly [string, Reading])[];
}

/** The readings of a budget; where it has an amount for each value, those of each of them by itself. */
async function readEach(
  scoped: ScopedBudget,
  standing: Standings,
  { atMs, known, readings }: BudgetReading,
): Promise<ReadonlyMap<string, Reading>> {
  if (scoped.budget.per === null) return new Map(readings(await standing.one(scoped, atMs)));
  const found = new Map<string, Reading>();
  const all = await standing.each(scoped, atMs);
  for (const one of all.slice(0, watchedValuesMax)) {
    const own = readings(standingFrom(scoped, one, atMs));
    const reached = own.filter(([, { isReached }]) => isReached);
    // Whoever comes after used less.
    if (reached.length === 0) break;
    for (const [name, reading] of reached) found.set(`${name} ${one.key}`, reading);
  }
  const left = known.filter((mark) => !found.has(mark));
  if (left.length === 0) return found;
  // What was told is judged by what its own value used, however many used more, and whether it still has anything or not.
  const names = readings(standingFrom(scoped, { key: withoutValue, totals: [] }, atMs)).map(([name]) => name);
  const used = new Map(all.map((one) => [one.key, one]));
  for (const mark of left) {
    const name = names.find((one) => isOfName(mark, `${one} `));
    if (name === undefined) continue;
    const one = used.get(mark.slice(name.length + 1));
    const own = one && readings(standingFrom(scoped, one, atMs)).find(([threshold]) => threshold === name);
    found.set(mark, own?.[1] ?? { isReached: false });
  }
  return found;
}

/** Whether a mark is of a threshold's name, a space, and the key of a value. */
const isOfName = (mark: string, name: string): boolean =>
  mark.startsWith(name) && (mark[name.length] === "=" || mark.slice(name.length) === withoutValue);

/** The periods of a budget. One that rolls is always another, and what is prepaid has no end: they are watched as one. */
function ofBudget({ budget }: ScopedBudget): Pick<Subject, "definition" | "boundsAt"> {
  const isEndless = budget.period.kind === "rolling" || budget.period.kind === "prepaid";
  return {
    definition: JSON.stringify(budget.period),
    boundsAt: (atMs) => {
      const { fromMs, toMs } = runningPeriod(budget, atMs).bounds;
      return isEndless || toMs === undefined ? undefined : { fromMs, toMs };
    },
  };
}

/** In the smallest unit of the budget. */
function quantity(text: string, { unit }: BudgetStatus): bigint {
  const read = unit === "tokens" ? BigInt(text) : parseMoney(text);
  invariant(read !== undefined, "a status has amounts");
  return read;
}

function hasReached(status: BudgetStatus, value: string, threshold: number): boolean {
  const [used, amount] = [quantity(value, status), quantity(status.amount, status)];
  // Of an amount of 0 each threshold is reached from the start: told is only what is spent.
  if (amount === 0n) return used > 0n;
  return thresholdsReached(used, amount, [threshold]).length > 0;
}

/** The first calls of a period say nothing about its end. */
function projectedAt({ projected, period }: BudgetStatus, atMs: number): string | null {
  const [fromMs = 0, toMs] = [parseInstant(period.from), period.to === null ? undefined : parseInstant(period.to)];
  if (toMs === undefined) return null;
  return atMs - fromMs < Math.min(dayMs, (toMs - fromMs) / 10) ? null : projected;
}

const crossingOf = (status: BudgetStatus, threshold: number): BudgetCrossing => ({
  budget_id: status.budget_id,
  name: status.name,
  per: status.per,
  value: status.value,
  unit: status.unit,
  currency: status.currency,
  period: { kind: status.period.kind, from: status.period.from, to: status.period.to },
  threshold,
  amount: status.amount,
  spent: status.spent,
  utilization: status.utilization,
  as_of: status.as_of,
});

function metricSubject(sources: Sources, watched: WatchedRule): Subject {
  const { rule } = watched;
  const { metric, window } = rule;
  invariant(metric !== null && window !== null, "a rule of a metric names one");
  return {
    id: `rule:${rule.id}`,
    definition: JSON.stringify(window),
    quietMs: rule.quiet_period_minutes * minuteMs,
    rule,
    grounds: groundsOf(watched, undefined),
    boundsAt: (atMs) => (window.kind === "rolling" ? undefined : spanAt(rule, atMs)),
    read: async (atMs) => {
      const span = spanAt(rule, atMs);
      const value = await readMetric(sources, watched, span);
      const mark = [metric, rule.comparison, rule.threshold, rule.currency ?? ""].join(" ").trimEnd();
      if (value === undefined) return new Map([[mark, { isReached: false }]]);
      const period = { from: formatInstant(span.fromMs), to: formatInstant(span.toMs) };
      const text = valueText(metric, value);
      const named: AlertRule & { readonly metric: AlertMetric } = { ...rule, metric };
      const opening = {
        ...metricWords(named, { value: text, requests: String(value.requests), period }),
        ...{ rule_name: rule.name, kind: "metric" as const, budgetId: null, budget_name: null },
        ...{ threshold: rule.threshold ?? "0", value: text, period },
      };
      return new Map([[mark, { isReached: isReached(rule, value), opening }]]);
    },
  };
}

function spanAt(rule: AlertRule, atMs: number): { readonly fromMs: number; readonly toMs: number } {
  const { fromMs, toMs } = windowAt(rule, atMs);
  invariant(toMs !== undefined, "a window ends");
  return { fromMs, toMs };
}
