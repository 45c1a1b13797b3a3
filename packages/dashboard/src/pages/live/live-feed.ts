import type { CostRecord, LiveEvent, UsageRecord } from "@llm-cost-ops/sdk";
import { sumDecimals } from "../../format/decimal.ts";

/** One call as the list shows it. Null is what is not known: a cost that was only reported has no latency. */
export interface LiveCall {
  readonly id: string;
  readonly occurredAt: string;
  /** When it came, by the clock of this page; of what was there before, when it occurred. */
  readonly arrivedMs: number;
  readonly provider: string;
  readonly model: string;
  readonly projectId: string | null;
  readonly userId: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly latencyMs: number | null;
  readonly status: "success" | "error" | null;
  readonly costExact: string | null;
  readonly currency: string | null;
  readonly costStatus: UsageRecord["costStatus"];
  readonly unpricedReason: string | null;
  /** Whether there is a usage record, and so a proof of the cost. */
  readonly hasUsage: boolean;
}

export interface Arrival {
  readonly call: LiveCall;
  /** False for a cost that changed: it says something of a call that is listed, and lists none. */
  readonly isNew: boolean;
}

const sharedOf = (record: UsageRecord | CostRecord) => ({
  id: record.id,
  occurredAt: record.occurredAt,
  provider: record.provider,
  model: record.model,
  projectId: record.projectId,
  userId: record.userId,
  tags: record.tags,
  inputTokens: record.inputTokens,
  outputTokens: record.outputTokens,
  costExact: record.totalCostExact,
  currency: record.currency,
  costStatus: record.costStatus,
  unpricedReason: record.unpricedReason,
});

export const callOfUsage = (record: UsageRecord, arrivedMs: number): LiveCall => ({
  ...sharedOf(record),
  arrivedMs,
  latencyMs: record.latencyMs,
  status: record.status,
  hasUsage: true,
});

export const callOfCost = (record: CostRecord, arrivedMs: number): LiveCall => ({
  ...sharedOf(record),
  arrivedMs,
  latencyMs: null,
  status: null,
  hasUsage: record.usageId !== null,
});

/** What an event says of a call; undefined where it is about something else. */
export function arrivalOf(event: LiveEvent, nowMs: number): Arrival | undefined {
  switch (event.type) {
    case "usage.created":
      return { call: callOfUsage(event.data, nowMs), isNew: true };
    case "cost.created":
      return { call: callOfCost(event.data, nowMs), isNew: true };
    case "cost.updated":
      return { call: callOfCost(event.data, nowMs), isNew: false };
    case "alert.triggered":
    case "alert.escalated":
    case "alert.acknowledged":
    case "alert.resolved":
      return undefined;
    default:
      return event satisfies never;
  }
}

/** The calls that are listed, newest first, and those that wait until they are let in. */
export interface Feed {
  readonly calls: readonly LiveCall[];
  readonly waiting: readonly Arrival[];
  /** How many calls came while it was held, also those that are not kept any more. */
  readonly waitingCount: number;
}

export const emptyFeed: Feed = { calls: [], waiting: [], waitingCount: 0 };

/** More calls than anybody reads; older ones are in the explorer. */
export const keptMax = 2_000;

export type FeedChange =
  | { readonly kind: "arrived"; readonly arrivals: readonly Arrival[]; readonly isHeld: boolean }
  | { readonly kind: "earlier"; readonly calls: readonly LiveCall[] }
  | { readonly kind: "let-in" }
  | { readonly kind: "emptied" };

export function changedFeed(feed: Feed, change: FeedChange): Feed {
  switch (change.kind) {
    case "arrived": {
      if (!change.isHeld) return { ...feed, calls: withArrivals(feed.calls, change.arrivals) };
      const known = new Set([...feed.calls, ...feed.waiting.map(({ call }) => call)].map(({ id }) => id));
      const fresh = new Set(change.arrivals.filter(({ call, isNew }) => isNew && !known.has(call.id)).map(idOf));
      return {
        ...feed,
        waiting: [...feed.waiting, ...change.arrivals].slice(-2 * keptMax),
        waitingCount: feed.waitingCount + fresh.size,
      };
    }
    case "earlier": {
      const known = new Set(feed.calls.map(({ id }) => id));
      return { ...feed, calls: [...feed.calls, ...change.calls.filter(({ id }) => !known.has(id))].slice(0, keptMax) };
    }
    case "let-in":
      return { calls: withArrivals(feed.calls, feed.waiting), waiting: [], waitingCount: 0 };
    case "emptied":
      return emptyFeed;
    default:
      return change satisfies never;
  }
}

const idOf = ({ call }: Arrival): string => call.id;

/** A call and its cost come as two events, in any order; together they are one line, at the place of the first. */
function withArrivals(calls: readonly LiveCall[], arrivals: readonly Arrival[]): readonly LiveCall[] {
  if (arrivals.length === 0) return calls;
  const listed = new Set(calls.map(({ id }) => id));
  const told = new Map<string, LiveCall>();
  const fresh: string[] = [];
  const old = new Map(calls.map((call) => [call.id, call]));
  for (const { call, isNew } of arrivals) {
    const before = told.get(call.id) ?? old.get(call.id);
    if (before === undefined && !isNew) continue;
    if (before === undefined) fresh.push(call.id);
    told.set(call.id, before === undefined ? call : together(before, call));
  }
  const first = fresh.toReversed().flatMap((id) => (listed.has(id) ? [] : [told.get(id) as LiveCall]));
  return [...first, ...calls.map((call) => told.get(call.id) ?? call)].slice(0, keptMax);
}

const together = (before: LiveCall, after: LiveCall): LiveCall => ({
  ...before,
  ...after,
  arrivedMs: before.arrivedMs,
  latencyMs: after.latencyMs ?? before.latencyMs,
  status: after.status ?? before.status,
  hasUsage: before.hasUsage || after.hasUsage,
});

export const shownKinds = ["all", "errors", "unpriced"] as const;
export type ShownKind = (typeof shownKinds)[number];

/** Those that somebody looks for among what is kept: words in any name, and one kind of outcome. */
export function shownCalls(calls: readonly LiveCall[], search: string, kind: ShownKind): readonly LiveCall[] {
  const words = search.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return calls.filter((call) => {
    if (kind === "errors" && call.status !== "error") return false;
    if (kind === "unpriced" && call.costStatus !== "unpriced") return false;
    if (words.length === 0) return true;
    const tags = Object.entries(call.tags).map(([key, value]) => `${key}:${value}`);
    const text = [call.provider, call.model, call.projectId, call.userId, call.id, ...tags].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export interface Minute {
  readonly calls: number;
  readonly errors: number;
  readonly unpriced: number;
  /** Of those whose latency is known. */
  readonly medianLatencyMs: number | undefined;
  readonly costs: readonly { readonly currency: string; readonly costExact: string }[];
}

/** What came in the minute before now. */
export function minuteOf(calls: readonly LiveCall[], nowMs: number): Minute {
  const recent = calls.filter(({ arrivedMs }) => arrivedMs > nowMs - 60_000);
  const latencies = recent.flatMap(({ latencyMs }) => latencyMs ?? []).toSorted((a, b) => a - b);
  const byCurrency = new Map<string, string[]>();
  for (const { currency, costExact } of recent) {
    if (currency === null || costExact === null) continue;
    byCurrency.set(currency, [...(byCurrency.get(currency) ?? []), costExact]);
  }
  return {
    calls: recent.length,
    errors: recent.filter(({ status }) => status === "error").length,
    unpriced: recent.filter(({ costStatus }) => costStatus === "unpriced").length,
    medianLatencyMs: latencies[Math.floor((latencies.length - 1) / 2)],
    costs: [...byCurrency].map(([currency, costs]) => ({ currency, costExact: sumDecimals(costs) })),
  };
}
