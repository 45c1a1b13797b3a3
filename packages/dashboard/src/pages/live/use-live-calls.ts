import { AbortedError, type CostOpsClient, CostOpsError } from "@llm-cost-ops/sdk";
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { useSession } from "../../session/session-context.tsx";
import { asQuestion, type Filters } from "../../url-state/filters.ts";
import { type Arrival, arrivalOf, callOfCost, callOfUsage, changedFeed, emptyFeed, type Feed } from "./live-feed.ts";

export type Connection =
  | { readonly kind: "connecting" }
  /** `resumedMs` where it was broken before; `hasGap` where what was missed meanwhile is not kept any more. */
  | { readonly kind: "live"; readonly resumedMs?: number; readonly hasGap?: boolean }
  | { readonly kind: "broken" }
  | { readonly kind: "ended"; readonly error: unknown };

/** Drawn so often at most, however many calls come. */
const drawEveryMs = 200;
const retryMs = 3_000;
const earlierMax = 100;

/** The last calls, and from now on each as it is recorded. While it is held they wait. */
export function useLiveCalls(filters: Filters, isHeld: boolean) {
  const { client, may } = useSession();
  const mayReadUsage = may("usage:read");
  const [feed, change] = useReducer(changedFeed, emptyFeed);
  const [connection, setConnection] = useState<Connection>({ kind: "connecting" });
  const held = useRef(isHeld);
  useEffect(() => {
    held.current = isHeld;
    if (!isHeld) change({ kind: "let-in" });
  }, [isHeld]);
  // The same filters are another object at each drawing.
  const question = JSON.stringify(filters);
  useEffect(() => {
    const leaving = new AbortController();
    const arrived: Arrival[] = [];
    change({ kind: "emptied" });
    setConnection({ kind: "connecting" });
    const drawing = setInterval(() => {
      if (arrived.length > 0) change({ kind: "arrived", arrivals: arrived.splice(0), isHeld: held.current });
    }, drawEveryMs);
    const asked = JSON.parse(question) as Filters;
    void followed(client, {
      filters: asked,
      mayReadUsage,
      signal: leaving.signal,
      onArrival: (arrival) => arrived.push(arrival),
      onConnection: (next) => {
        if (!leaving.signal.aborted) setConnection(next);
      },
    });
    // What is there already is asked for at the same time; a call that comes by both ways is one line.
    void earlierCalls(client, asked, mayReadUsage, leaving.signal).then(
      (calls) => {
        if (!leaving.signal.aborted) change({ kind: "earlier", calls });
      },
      // The stream says what is wrong; without the calls from before it begins with an empty list.
      () => undefined,
    );
    return () => {
      leaving.abort();
      clearInterval(drawing);
    };
  }, [client, question, mayReadUsage]);
  const letIn = useCallback(() => change({ kind: "let-in" }), []);
  return { feed, connection, letIn } satisfies { feed: Feed; connection: Connection; letIn: () => void };
}

async function earlierCalls(client: CostOpsClient, filters: Filters, mayReadUsage: boolean, signal: AbortSignal) {
  const params = { ...asQuestion(filters), orderBy: "-occurredAt", limit: earlierMax };
  if (!mayReadUsage) {
    const costs = await client.costs.list(params, { signal });
    return costs.data.map((record) => callOfCost(record, Date.parse(record.occurredAt)));
  }
  const usage = await client.usage.list(params, { signal });
  return usage.data.map((record) => callOfUsage(record, Date.parse(record.occurredAt)));
}

interface Following {
  readonly filters: Filters;
  readonly mayReadUsage: boolean;
  readonly signal: AbortSignal;
  readonly onArrival: (arrival: Arrival) => void;
  readonly onConnection: (connection: Connection) => void;
}

/**
 * The client makes a broken connection again and goes on behind the last event. What is left to do here is the very first
 * connection, and the one after so long that what was missed is not kept any more.
 */
async function followed(client: CostOpsClient, following: Following): Promise<void> {
  const { filters, mayReadUsage, signal, onArrival, onConnection } = following;
  let wasLive = false;
  let hasGap = false;
  while (!signal.aborted) {
    try {
      const events = client.stream(
        {
          ...asQuestion(filters),
          events: mayReadUsage ? ["usage", "costs"] : ["costs"],
          onConnection: (isConnected) => {
            const resumed = wasLive ? { resumedMs: Date.now(), hasGap } : {};
            onConnection(isConnected ? { kind: "live", ...resumed } : { kind: "broken" });
            wasLive = true;
          },
        },
        { signal },
      );
      for await (const event of events) {
        const arrival = arrivalOf(event, Date.now());
        if (arrival !== undefined) onArrival(arrival);
      }
      return;
    } catch (error) {
      if (signal.aborted || error instanceof AbortedError) return;
      if (!mayPass(error)) return onConnection({ kind: "ended", error });
      hasGap ||= error instanceof CostOpsError && error.statusCode === 410;
      onConnection({ kind: "broken" });
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

/** Whether the same question may be answered a moment later. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof CostOpsError)) return false;
  const { statusCode } = error;
  return statusCode === 410 || statusCode === 429 || statusCode < 400 || statusCode >= 500;
}
