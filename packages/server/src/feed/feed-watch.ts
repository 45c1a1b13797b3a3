import type { Store } from "../store/operation.ts";
import { listenedMs, listenToFeed, pruneFeeds, readFeedHeads } from "./feed.sql.ts";
import type { FeedPosition } from "./feed-position.ts";
import { tellWebhooks } from "./tell-webhooks.sql.ts";

/** How long a watch waits at most before it looks whether another process committed something. */
const lookMs = 250;
/** The same where nobody in any process listens, as far as is known. */
const idleMs = 30_000;
/** Commits come in crowds: looks are no closer together than this. */
const apartMs = 25;
/** Transactions that tell webhooks of one organization before others have their turn. */
const roundsMax = 20;
const renewMs = listenedMs / 6;
const pruneMs = 600_000;

export interface FeedWatchParts {
  readonly store: Store;
  /** Whether this process tells webhooks; a single command leaves that to servers. */
  readonly tellsWebhooks: boolean;
  /** Called when something was put into the outbox. */
  readonly wakeSender: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** Somebody who follows the feed of an organization. */
export interface FeedListener {
  /** Behind everything that was committed before. */
  readonly position: FeedPosition;
  /** Resolves when something may have come behind the position, or `close` or `wake` was called; at the latest after a time. */
  readonly news: (after: FeedPosition, waitMs: number) => Promise<void>;
  readonly wake: () => void;
  readonly close: () => void;
}

interface Waiting {
  readonly organizationId: string;
  wake: (() => void) | undefined;
  seq: number;
}

/**
 * Looks whether the feeds have gone on, once for all who listen in this process, and tells webhooks of what came. It looks
 * at once where this process committed something, and otherwise four times a second while somebody listens.
 */
export class FeedWatch {
  readonly #parts: FeedWatchParts;
  readonly #waiting = new Set<Waiting>();
  readonly #renewedMs = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isWoken = false;
  #isStopped = false;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #prunedMs = Number.NEGATIVE_INFINITY;
  /** Whether webhooks of any organization are told from a feed, as it was known at the last look. */
  #hasWebhooks = false;

  constructor(parts: FeedWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#look();
  }

  /** To be called where an endpoint was changed in this process. */
  readonly wake = (): void => this.#look();

  /** To be called for each commit of usage in this process. It costs nothing where nobody listens. */
  readonly onCommitted = (): void => {
    if (this.#hasWebhooks || this.#waiting.size > 0) this.#look();
  };

  async listen(organizationId: string): Promise<FeedListener> {
    const waiting: Waiting = { organizationId, wake: undefined, seq: Number.POSITIVE_INFINITY };
    const position = await this.#parts.store.run(listenToFeed, { organizationId });
    this.#renewedMs.set(organizationId, performance.now());
    this.#waiting.add(waiting);
    const wake = (): void => waiting.wake?.();
    return {
      position,
      wake,
      news: (after, waitMs) =>
        new Promise((resolve) => {
          const timer = setTimeout(() => waiting.wake?.(), waitMs).unref();
          waiting.seq = after.seq;
          waiting.wake = () => {
            clearTimeout(timer);
            waiting.wake = undefined;
            waiting.seq = Number.POSITIVE_INFINITY;
            resolve();
          };
          this.#look();
        }),
      close: () => {
        this.#waiting.delete(waiting);
        wake();
      },
    };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (const waiting of this.#waiting) waiting.wake?.();
    await this.#looking;
  }

  #look(): void {
    if (this.#isStopped) return;
    this.#isWoken = true;
    if (this.#looking !== undefined) return;
    clearTimeout(this.#timer);
    const apart = this.#lookedMs + apartMs - performance.now();
    if (apart > 0) {
      this.#timer = setTimeout(() => this.#look(), apart).unref();
      return;
    }
    this.#looking = this.#work().finally(() => {
      this.#lookedMs = performance.now();
      this.#looking = undefined;
      if (this.#isWoken) this.#look();
    });
  }

  async #work(): Promise<void> {
    let pauseMs = lookMs;
    try {
      this.#isWoken = false;
      await this.#once();
      if (this.#waiting.size === 0 && !this.#hasWebhooks) pauseMs = idleMs;
    } catch (error) {
      this.#parts.onFailure(error);
      pauseMs = 5_000;
    }
    const isNeeded = this.#waiting.size > 0 || this.#parts.tellsWebhooks;
    if (!this.#isStopped && isNeeded) this.#timer = setTimeout(() => this.#look(), pauseMs).unref();
  }

  async #once(): Promise<void> {
    const { store, tellsWebhooks, wakeSender } = this.#parts;
    await this.#keepUp();
    const heads = await store.run(readFeedHeads, null);
    this.#hasWebhooks = tellsWebhooks && heads.some((head) => head.hasWebhooks);
    const seqs = new Map(heads.map(({ organizationId, headSeq }) => [organizationId, headSeq]));
    for (const waiting of this.#waiting) {
      // An organization that is missing is listened to no more, which its listeners find out when they read.
      if ((seqs.get(waiting.organizationId) ?? Number.POSITIVE_INFINITY) >= waiting.seq) waiting.wake?.();
    }
    if (!tellsWebhooks) return;
    for (const { organizationId, isWaiting } of heads) {
      if (!isWaiting || this.#isStopped) continue;
      for (let round = 0; round < roundsMax && (await store.run(tellWebhooks, { organizationId })); round += 1) {
        wakeSender();
        this.#isWoken = round === roundsMax - 1;
      }
    }
  }

  /** Says again for whom the feed is written, and forgets what is not kept any more. */
  async #keepUp(): Promise<void> {
    const { store, tellsWebhooks } = this.#parts;
    const nowMs = performance.now();
    const listened = new Set([...this.#waiting].map(({ organizationId }) => organizationId));
    for (const organizationId of listened) {
      if (nowMs - (this.#renewedMs.get(organizationId) ?? Number.NEGATIVE_INFINITY) < renewMs) continue;
      await store.run(listenToFeed, { organizationId });
      this.#renewedMs.set(organizationId, nowMs);
    }
    for (const organizationId of this.#renewedMs.keys()) {
      if (!listened.has(organizationId)) this.#renewedMs.delete(organizationId);
    }
    if (tellsWebhooks && nowMs - this.#prunedMs >= pruneMs) {
      this.#prunedMs = nowMs;
      await store.run(pruneFeeds, null);
    }
  }
}
