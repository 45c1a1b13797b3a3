import type { Secret } from "../secret.ts";
import type { Store } from "../store/operation.ts";
import type { AddressGuard } from "./address-guard.ts";
import {
  type AttemptEnd,
  type ClaimedChannel,
  type ClaimedDelivery,
  claimDeliveries,
  finishDelivery,
  nextDelivery,
  type Places,
  sweepDeliveries,
} from "./delivery-queue.sql.ts";
import { endedLeases, endLease } from "./leases.sql.ts";
import { nextAttemptMs } from "./retry-schedule.ts";
import { openSecret } from "./secrets.ts";
import { type RequestLimits, type RequestOutcome, sendRequest } from "./send-request.ts";
import { signatureHeaders } from "./signatures.ts";

/** How long a sender waits at most before it looks whether something is due that another process or thread caused. */
const lookMs = 500;
/** The same where nobody wants to be told of anything. */
const idleMs = 30_000;
const sweepMs = 3_600_000;
/** How often endpoints are looked for whose lease has ended. */
const leasesMs = 15_000;

const defaultPlaces: Places = { all: 256, organization: 32, endpoint: 4, failing: 1 };

/** What came of an attempt to send something to a channel. */
export type ChannelOutcome = RequestOutcome & {
  /** Those of several recipients who have it by now, also by earlier attempts. */
  readonly deliveredTo?: readonly string[];
  /** Trying again would change nothing. */
  readonly isFinal?: boolean;
};

/** Sends a delivery to a channel, whose secret has been opened, in the words of the channel's kind. */
export type SendToChannel = (
  delivery: ClaimedDelivery,
  channel: ClaimedChannel & { readonly secret: string },
  limits: RequestLimits,
) => Promise<ChannelOutcome>;

export interface SenderParts {
  readonly store: Store;
  readonly guard: AddressGuard;
  readonly sendToChannel: SendToChannel;
  readonly secretKey: Secret | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From 0 to 1. */
  readonly chance: () => number;
  readonly userAgent: string;
  readonly timeoutMs?: number;
  readonly places?: Places;
  /** Told of trouble of the sender's own; what receivers do is in their deliveries. */
  readonly onFailure: (error: unknown) => void;
}

export interface Sender {
  readonly start: () => void;
  /** To be called after something was caused in this process, so that it is sent at once. */
  readonly wake: () => void;
  /** Ends attempts under way, which are made again when their leases end, and begins no other. */
  readonly stop: () => Promise<void>;
}

/**
 * Sends what lies in the outbox. Any number of processes may: a delivery belongs to the one that claimed it, for as long as an
 * attempt can take, and to any other after that. So each is sent at least once, and twice where an answer was lost.
 */
export function createSender(parts: SenderParts): Sender {
  const { store, clock, onFailure, places = defaultPlaces } = parts;
  const stopping = new AbortController();
  const underWay = new Map<Promise<void>, ClaimedDelivery>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let woken = false;
  let sweptMs = Number.NEGATIVE_INFINITY;
  // Not at the start: whoever asks for deliveries could not while no server ran.
  let leasesEndedMs = clock();

  const send = async (delivery: ClaimedDelivery): Promise<void> => {
    const end = endOf(delivery, await attempt(parts, delivery, stopping.signal), clock(), parts.chance());
    // A sender that stops does not know whether its message arrived: that is for the next one.
    if (stopping.signal.aborted && end.outcome === "failed") return;
    const { organizationId, webhookId, id, attempts } = delivery;
    await store.run(finishDelivery, { organizationId, webhookId, id, attempts, end });
  };

  /** Begins everything that is due, and says how long to wait then. */
  const look = async (): Promise<number> => {
    if (clock() - sweptMs >= sweepMs) {
      sweptMs = clock();
      await store.run(sweepDeliveries, null);
    }
    if (clock() - leasesEndedMs >= leasesMs) {
      leasesEndedMs = clock();
      for (const ended of await store.run(endedLeases, null)) await store.run(endLease, ended);
    }
    const { endpoints, dueMs } = await store.run(nextDelivery, null);
    if (dueMs !== null && dueMs <= clock()) {
      const claimed = await store.run(claimDeliveries, { underWay: named([...underWay.values()]), places });
      for (const delivery of claimed) {
        const sending: Promise<void> = send(delivery)
          .catch(onFailure)
          .finally(() => {
            underWay.delete(sending);
            begin();
          });
        underWay.set(sending, delivery);
      }
    }
    return endpoints === 0 ? idleMs : lookMs;
  };

  const work = async (): Promise<void> => {
    let pauseMs = lookMs;
    try {
      do {
        woken = false;
        pauseMs = await look();
      } while (woken && !stopping.signal.aborted);
    } catch (error) {
      onFailure(error);
      pauseMs = idleMs;
    }
    if (!stopping.signal.aborted) timer = setTimeout(begin, pauseMs).unref();
  };

  function begin(): void {
    if (stopping.signal.aborted) return;
    woken = true;
    if (looking !== undefined) return;
    clearTimeout(timer);
    looking = work().finally(() => {
      looking = undefined;
      if (woken) begin();
    });
  }

  return {
    start: begin,
    wake: begin,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await looking;
      await Promise.all(underWay.keys());
    },
  };
}

const named = (deliveries: readonly ClaimedDelivery[]) =>
  deliveries.map(({ organizationId, webhookId }) => ({ organizationId, webhookId }));

const requestTimeoutMs = 10_000;
const patienceMaxMs = 3_600_000;

async function attempt(
  { guard, sendToChannel, secretKey, clock, userAgent, timeoutMs = requestTimeoutMs }: SenderParts,
  delivery: ClaimedDelivery,
  signal: AbortSignal,
): Promise<ChannelOutcome> {
  const { url, channel, secrets, eventId, body } = delivery;
  const opened = secrets.map((secret) => openSecret(secret, secretKey)).filter((secret) => secret !== undefined);
  const [present, ...others] = opened;
  if (present === undefined || opened.length < secrets.length) {
    const error = "the secret was sealed with another secret key: replace it";
    return { kind: "unanswered", error, durationMs: 0 };
  }
  const limits = { guard, timeoutMs, signal };
  if (channel !== undefined) return sendToChannel(delivery, { ...channel, secret: present }, limits);
  const headers = {
    "content-type": "application/json",
    "user-agent": userAgent,
    ...signatureHeaders({ id: eventId, atMs: clock(), body }, [present, ...others]),
  };
  return sendRequest({ url, headers, body }, limits);
}

/** What an attempt means: done by any status of 200 to 299, over by 410 of a webhook, tried again by everything else. */
function endOf(delivery: ClaimedDelivery, outcome: ChannelOutcome, nowMs: number, chance: number): AttemptEnd {
  const status = outcome.kind === "answered" ? outcome.status : null;
  const isSuccess = status !== null && status >= 200 && status < 300;
  const isGone = status === 410 && delivery.channel === undefined;
  // Who asks for patience gets it, as far as somebody may who would be asked again within hours anyway.
  const patienceMs = Math.min((outcome.kind === "answered" ? outcome.retryAfterMs : undefined) ?? 0, patienceMaxMs);
  const nextMs = nextAttemptMs(delivery, nowMs, chance);
  const isRedirect = status !== null && status >= 300 && status < 400;
  return {
    outcome: isSuccess ? "succeeded" : "failed",
    againMs:
      isSuccess || isGone || outcome.isFinal === true || nextMs === undefined
        ? null
        : Math.max(nextMs, nowMs + patienceMs),
    isGone,
    responseStatus: status,
    responseBody: outcome.kind === "answered" ? outcome.body : null,
    error: outcome.kind === "unanswered" ? outcome.error : isRedirect ? "redirects are not followed" : null,
    durationMs: outcome.durationMs,
    deliveredTo: outcome.deliveredTo ?? (delivery.deliveredTo.length > 0 ? delivery.deliveredTo : undefined),
  };
}
