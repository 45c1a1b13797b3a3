import type * as Wire from "@llm-cost-ops/contract";
import type { Alert } from "./alerts.ts";
import { AbortedError, APIError, CostOpsError } from "./errors.ts";
import { type CostFilters, queryString, questionToWire } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import type { CostRecord, UsageRecord } from "./records.ts";
import { parseServerSentEvents } from "./server-sent-events.ts";
import type { Session } from "./session.ts";
import { fromWire } from "./wire.ts";

/** Something that was recorded, with the record as it is, or a step of an alert. */
export type LiveEvent =
  | { readonly id: string; readonly type: "usage.created"; readonly data: UsageRecord }
  | { readonly id: string; readonly type: "cost.created" | "cost.updated"; readonly data: CostRecord }
  | { readonly id: string; readonly type: Extract<Wire.LiveEventType, `alert.${string}`>; readonly data: Alert };

export interface LiveParams
  extends Pick<
    CostFilters,
    "organizationId" | "provider" | "model" | "projectId" | "userId" | "apiKeyId" | "serviceTier" | "region" | "tags"
  > {
  /** What to tell of; everything that the key may see if absent. `usage` needs `usage:read`, `alerts` needs `alerts:read`. */
  readonly events?: readonly Wire.LiveSubject[] | undefined;
  /** Goes on behind the event with this id, which may be a day old. */
  readonly lastEventId?: string | undefined;
  /** Told true whenever a connection stands, and false whenever one broke and is made again. */
  readonly onConnection?: ((isConnected: boolean) => void) | undefined;
}

/** The server gives a sign of life each 15 seconds. */
const silenceMsMax = 45_000;
const pauseMsMax = 10_000;

/**
 * What is recorded, as it happens. A connection that breaks is made again, and goes on behind the last event that was given:
 * nothing is missed and nothing comes twice.
 * @throws where the first connection cannot be made, where the key may not see it (any more), and APIError with the code
 *   STREAM_001 where so much time passed without a connection that what was missed is no longer kept.
 */
export async function* followStream(
  session: Session,
  { lastEventId, onConnection, ...params }: LiveParams,
  options?: RequestOptions,
): AsyncGenerator<LiveEvent, void, undefined> {
  const question = questionToWire(params, session.organizationId);
  let position = lastEventId;
  let isFirst = true;
  for (let failures = 0; ; failures += 1) {
    if (failures > 0) {
      const pauseMs = Math.min(pauseMsMax, 250 * 2 ** failures);
      await session.transport.pause(pauseMs * (0.5 + Math.random() / 2), options);
    }
    try {
      const { chunks } = await session.transport.open({
        operation: "live.stream",
        query: queryString({ ...question, last_event_id: position }),
        accept: "text/event-stream",
        options: { timeout: silenceMsMax, ...options },
      });
      isFirst = false;
      onConnection?.(true);
      for await (const { id, event, data } of parseServerSentEvents(chunks)) {
        if (id !== "") {
          position = id;
          failures = 0;
        }
        if (event === "end") {
          requireKept(data);
          break;
        }
        if (data !== "") yield { id, type: event, data: fromWire(JSON.parse(data)) } as LiveEvent;
      }
    } catch (error) {
      if (isFirst || isFinal(error)) throw error;
    }
    onConnection?.(false);
  }
}

function requireKept(data: string): void {
  const { reason } = JSON.parse(data) as { readonly reason: Wire.LiveEndReason };
  if (reason !== "not_kept") return;
  throw new APIError("what followed on this position is not kept any more", { code: "STREAM_001", statusCode: 410 });
}

/** What another attempt would meet as well. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof CostOpsError) || error instanceof AbortedError) return true;
  const { statusCode } = error;
  return statusCode >= 400 && statusCode < 500 && ![408, 425, 429].includes(statusCode);
}
