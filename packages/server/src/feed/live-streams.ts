import type { LiveEndReason, LiveQuery } from "@llm-cost-ops/contract";
import type { Authenticator } from "../http/app.ts";
import type { Caller, Reply } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { FeedAlert, FeedPage, FeedRecord } from "./feed.sql.ts";
import type { FeedPages } from "./feed-pages.ts";
import { type FeedPosition, formatPosition, parsePosition, slotsOf } from "./feed-position.ts";
import type { FeedListener, FeedWatch } from "./feed-watch.ts";
import { matches, readShown, type Shown } from "./live-filter.ts";
import { type LiveNews, newsOf } from "./tell-webhooks.sql.ts";

/** A sign of life for whoever waits, and for what stands between. */
const heartbeatMs = 15_000;
/** How long a credential that was revoked, or may see less, goes on seeing what it saw. */
const trustMs = 2_000;
/** A reader that takes nothing for so long is cut off, and goes on where it was when it comes back. */
const stalledMs = 30_000;

export interface LiveStreamsParts {
  readonly watch: FeedWatch;
  readonly pages: FeedPages;
  readonly authenticator: Authenticator;
  /** Streams of one credential, and of all, at most. */
  readonly streamsMax?: { readonly credential: number; readonly all: number };
  readonly heartbeatMs?: number;
  readonly stalledMs?: number;
}

/** Who asks for a stream, and by which credential. */
export interface LiveRequest {
  readonly caller: Caller;
  readonly authorization: string | undefined;
  readonly query: LiveQuery;
  /** Of the header, which what reconnects by itself sends. */
  readonly lastEventId: string | undefined;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** What a stream takes of those that may be open, from before it waits for anything. */
interface Place {
  readonly credential: string;
}

interface Open {
  readonly listener: FeedListener;
  readonly cut: AbortController;
  /** Since when what was given waits to be taken, in milliseconds of `performance.now`. */
  givenMs: number | undefined;
}

/**
 * The live streams of a process. Each reads the feed at its own pace and holds one page of it: who reads slowly costs no
 * memory, and whoever comes back goes on where it was, at any process.
 */
export class LiveStreams {
  readonly #parts: LiveStreamsParts;
  readonly #places = new Set<Place>();
  readonly #open = new Set<Open>();
  #isStopping = false;
  #stallTimer: NodeJS.Timeout | undefined;

  constructor(parts: LiveStreamsParts) {
    this.#parts = parts;
  }

  /** Refuses a position that is none, or of which nothing is kept, and one stream too many. */
  async open(request: LiveRequest): Promise<Reply> {
    const { watch, pages } = this.#parts;
    const { caller, query } = request;
    const shown = readShown(caller, query);
    const asked = readPosition(query.last_event_id ?? request.lastEventId);
    const { kind, id } = caller.principal;
    const place = this.#admit(`${kind} ${id}`);
    const { organizationId } = caller;
    const listener = await watch.listen(organizationId).catch((error: unknown) => {
      this.#places.delete(place);
      throw error;
    });
    const open: Open = { listener, cut: new AbortController(), givenMs: undefined };
    this.#open.add(open);
    const end = (): void => {
      this.#places.delete(place);
      this.#open.delete(open);
      listener.close();
      if (this.#open.size > 0) return;
      clearInterval(this.#stallTimer);
      this.#stallTimer = undefined;
      pages.clear();
    };
    // Also where it goes before the first word, which nobody then asks for.
    request.signal.addEventListener("abort", end, { once: true });
    if (request.signal.aborted) end();
    try {
      if (asked !== undefined && (await pages.read(organizationId, asked)).kind === "not kept") {
        throw new Refusal("STREAM_001", "What followed on this position is not kept any more.");
      }
    } catch (error) {
      end();
      throw error;
    }
    this.#stallTimer ??= setInterval(() => this.#cutStalled(), 1_000).unref();
    const chunks = this.#tell(request, open, shown, asked ?? listener.position, end);
    return {
      contentType: "text/event-stream; charset=utf-8",
      // What stands between must not collect it, and a server that stops waits for no connection that was one.
      headers: { "x-accel-buffering": "no", connection: "close" },
      chunks,
      cut: open.cut.signal,
    };
  }

  /** Ends all streams, whose clients go on at another process. */
  stop(): void {
    this.#isStopping = true;
    for (const { listener } of this.#open) listener.wake();
  }

  #admit(credential: string): Place {
    const { credential: ofOne, all } = this.#parts.streamsMax ?? { credential: 20, all: 1_000 };
    if (this.#isStopping) throw new Refusal("UNAVAILABLE", "The server is stopping.");
    const own = [...this.#places].filter((place) => place.credential === credential).length;
    if (own < ofOne && this.#places.size < all) {
      const place: Place = { credential };
      this.#places.add(place);
      return place;
    }
    const whose = own >= ofOne ? `The credential has ${ofOne}` : `The server has ${all}`;
    throw new Refusal("RATE_LIMITED", `${whose} live streams open, which is the limit.`, {
      details: { retry_after_seconds: 5 },
    });
  }

  #cutStalled(): void {
    const nowMs = performance.now();
    for (const { givenMs, cut, listener } of this.#open) {
      if (givenMs === undefined || nowMs - givenMs < (this.#parts.stalledMs ?? stalledMs)) continue;
      cut.abort();
      listener.wake();
    }
  }

  async *#tell(
    { caller, authorization, query, signal }: LiveRequest,
    open: Open,
    first: Shown,
    from: FeedPosition,
    end: () => void,
  ): AsyncGenerator<string> {
    const { pages, authenticator, heartbeatMs: beatMs = heartbeatMs } = this.#parts;
    const { listener, cut } = open;
    const { organizationId } = caller;
    const wake = (): void => listener.wake();
    signal.addEventListener("abort", wake, { once: true });
    const give = function* (text: string): Generator<string> {
      open.givenMs = performance.now();
      yield text;
      open.givenMs = undefined;
    };
    let shown = first;
    let trustedMs = performance.now();
    let toldMs = trustedMs;
    let at = from;
    try {
      yield* give(`retry: 2000\n${idLine(at)}\n`);
      while (!signal.aborted && !cut.signal.aborted) {
        if (this.#isStopping) return yield* give(endOf("stopping"));
        if (performance.now() - trustedMs >= trustMs) {
          const now = await seenNow(authenticator, authorization, { organizationId, query });
          if (now === undefined) return yield* give(endOf("credential"));
          shown = now;
          trustedMs = performance.now();
        }
        const page: FeedPage = await pages.read(organizationId, at);
        if (page.kind === "not kept") return yield* give(endOf("not_kept"));
        const text = page.items.map((item) => textOf(item, at, shown)).join("");
        const isEnd = page.next.seq === at.seq && page.next.slot === at.slot;
        at = page.next;
        if (text !== "") {
          yield* give(text);
          toldMs = performance.now();
        } else if (performance.now() - toldMs >= beatMs) {
          yield* give(`: heartbeat\n${idLine(at)}\n`);
          toldMs = performance.now();
        }
        if (isEnd) await listener.news(at, Math.min(trustMs, Math.max(0, toldMs + beatMs - performance.now())));
      }
    } finally {
      signal.removeEventListener("abort", wake);
      end();
    }
  }
}

function readPosition(text: string | undefined): FeedPosition | undefined {
  if (text === undefined || text === "") return undefined;
  const position = parsePosition(text);
  if (position !== undefined) return position;
  throw new Refusal("VALIDATION_ERROR", "last_event_id is not the id of an event of this stream", {
    fieldErrors: { last_event_id: "must be the id of an event of this stream" },
  });
}

/** What the credential may see at this moment; undefined where it may see nothing any more. */
async function seenNow(
  authenticator: Authenticator,
  authorization: string | undefined,
  asked: { readonly organizationId: string; readonly query: LiveQuery },
): Promise<Shown | undefined> {
  try {
    const caller = await authenticator.authenticate(authorization);
    return caller.organizationId === asked.organizationId ? readShown(caller, asked.query) : undefined;
  } catch (error) {
    if (error instanceof Refusal && error.code.startsWith("AUTH_")) return undefined;
    throw error;
  }
}

const idLine = (position: FeedPosition): string => `id: ${formatPosition(position)}\n`;

const endOf = (reason: LiveEndReason): string => `event: end\ndata: ${JSON.stringify({ reason })}\n\n`;

/** What a stream tells of a record or an alert from a position on. The id of an event is where the next one begins. */
function textOf(item: FeedRecord | FeedAlert, from: FeedPosition, shown: Shown): string {
  const { seq } = item;
  const isShown = (type: string): boolean => {
    if ("alert" in item) return shown.alerts !== undefined;
    const filter = shown[type === "usage.created" ? "usage" : "costs"];
    return filter !== undefined && matches(filter, item.cost);
  };
  return newsOf(item)
    .filter(({ slot, type }) => (seq !== from.seq || slot >= from.slot) && isShown(type))
    .map(
      ({ type, slot, data }: LiveNews) =>
        `${idLine({ seq, slot: "alert" in item ? slotsOf : slot + 1 })}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`,
    )
    .join("");
}
