import type { Alert } from "@llm-cost-ops/contract";
import { formatUuid, uuidV7Maker } from "../usage/record-id.ts";
import { sweepAlerts } from "./alerts.sql.ts";
import { type EvaluationParts, evaluate } from "./evaluate.ts";
import { watchedOrganizations } from "./watches.sql.ts";

/** How long after usage is committed it is looked at, with all that is committed meanwhile. */
const debounceMs = 200;
/** How often everything is looked at: what other processes recorded, what was corrected, and time that passed. */
const roundMs = 15_000;
/** How often alerts are forgotten that are kept no longer. */
const sweepMs = 3_600_000;
/** Of its time an evaluation takes this part at most, but rests no longer than so many milliseconds. */
const shareOfTime = 5;
const restMaxMs = 250;

export interface EvaluatorParts extends Omit<EvaluationParts, "newId"> {
  /** Told what was told, alerts that begin and alerts that end, once it lies in the outbox: whoever sends that may begin. */
  readonly onTold?: (organizationId: string, alerts: readonly Alert[]) => void;
  readonly debounceMs?: number;
  readonly roundMs?: number;
}

export interface AlertEvaluator {
  readonly start: () => void;
  /** Usage of these organizations is committed. It only takes a note. */
  readonly committed: (organizations: readonly string[]) => void;
  /** What is watched in an organization has changed. */
  readonly changed: (organizationId: string) => void;
  /** Has everything that is watched anywhere looked at, once. */
  readonly round: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * Looks at the ledger for whoever wants to be told of it: soon after usage was committed here, and every quarter of a minute
 * at everything. Any number of processes may do so at a time; see `keepWatch` for why each crossing is told once.
 */
export function createAlertEvaluator(parts: EvaluatorParts): AlertEvaluator {
  const { onTold, onFailure, store } = parts;
  const pauseMs = parts.debounceMs ?? debounceMs;
  const makeId = uuidV7Maker();
  const evaluation: EvaluationParts = { ...parts, newId: () => formatUuid(makeId(parts.clock())) };
  /** In which something is watched, as far as is known here. */
  let watched: ReadonlySet<string> = new Set();
  const timers = new Map<string, NodeJS.Timeout>();
  const underWay = new Map<string, Promise<void>>();
  /** What runs may have read the ledger before these were asked for. */
  const again = new Set<string>();
  const restUntilMs = new Map<string, number>();
  let rounds: NodeJS.Timeout | undefined;
  let going: Promise<void> | undefined;
  let isStopped = false;
  let sweptMs = Number.NEGATIVE_INFINITY;

  const later = (organizationId: string, afterMs: number): void => {
    if (isStopped || timers.has(organizationId)) return;
    const restMs = (restUntilMs.get(organizationId) ?? 0) - performance.now();
    const begin = (): void => {
      timers.delete(organizationId);
      if (underWay.has(organizationId)) again.add(organizationId);
      else void look(organizationId);
    };
    timers.set(organizationId, setTimeout(begin, Math.max(afterMs, restMs)).unref());
  };

  function look(organizationId: string): Promise<void> {
    const looking = lookOnce(organizationId).finally(() => {
      underWay.delete(organizationId);
      if (again.delete(organizationId)) later(organizationId, pauseMs);
    });
    underWay.set(organizationId, looking);
    return looking;
  }

  async function lookOnce(organizationId: string): Promise<void> {
    const startedAt = performance.now();
    try {
      const seen = await evaluate(evaluation, organizationId);
      if (seen.isStale) again.add(organizationId);
      if (seen.hasTold) onTold?.(organizationId, seen.told);
    } catch (error) {
      if (!isStopped) onFailure(error);
    }
    const endedAt = performance.now();
    restUntilMs.set(organizationId, endedAt + Math.min(restMaxMs, (endedAt - startedAt) * (shareOfTime - 1)));
  }

  const round = async (): Promise<void> => {
    if (parts.clock() - sweptMs >= sweepMs) {
      sweptMs = parts.clock();
      await store.run(sweepAlerts, { nowMs: sweptMs });
    }
    const organizations = await store.run(watchedOrganizations, null);
    watched = new Set(organizations);
    for (const organizationId of restUntilMs.keys()) {
      if (!watched.has(organizationId)) restUntilMs.delete(organizationId);
    }
    for (const organizationId of organizations) {
      if (isStopped) return;
      await (underWay.get(organizationId) ?? look(organizationId));
    }
  };

  const goRound = (): void => {
    going = round()
      .catch((error: unknown) => {
        if (!isStopped) onFailure(error);
      })
      .finally(() => {
        if (!isStopped) rounds = setTimeout(goRound, parts.roundMs ?? roundMs).unref();
      });
  };

  return {
    start: goRound,
    committed(organizations) {
      for (const organizationId of organizations) if (watched.has(organizationId)) later(organizationId, pauseMs);
    },
    changed(organizationId) {
      watched = new Set([...watched, organizationId]);
      later(organizationId, 0);
    },
    round,
    async stop() {
      isStopped = true;
      clearTimeout(rounds);
      for (const timer of timers.values()) clearTimeout(timer);
      await going;
      await Promise.all(underWay.values());
    },
  };
}
