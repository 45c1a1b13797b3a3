import type { Store } from "../store/operation.ts";
import { type FeedPage, readFeed } from "./feed.sql.ts";
import { type FeedPosition, formatPosition } from "./feed-position.ts";

const recordsPerPage = 100;
const pagesMax = 32;
const keptMs = 2_000;

interface Kept {
  readonly page: Promise<FeedPage>;
  readonly atMs: number;
}

/** Pages of feeds, so that many streams that are equally far read each of them once. Few are kept, and not for long. */
export class FeedPages {
  readonly #store: Store;
  readonly #kept = new Map<string, Kept>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** What comes at a position; a page without records whose `next` is the position where nothing came yet. */
  read(organizationId: string, from: FeedPosition): Promise<FeedPage> {
    const key = `${organizationId} ${formatPosition(from)}`;
    const nowMs = performance.now();
    const known = this.#kept.get(key);
    if (known !== undefined && nowMs - known.atMs < keptMs) return known.page;
    const page = this.#store.run(readFeed, { organizationId, from, limit: recordsPerPage });
    this.#kept.delete(key);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < pagesMax) break;
      this.#kept.delete(oldest);
    }
    const kept: Kept = { page, atMs: nowMs };
    this.#kept.set(key, kept);
    const forget = (): void => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    };
    // What nobody may see as it was when nothing had come yet, or could not be read.
    page.then((read) => {
      if (read.kind !== "page" || (read.next.seq === from.seq && read.next.slot === from.slot)) forget();
    }, forget);
    return page;
  }

  clear(): void {
    this.#kept.clear();
  }
}
