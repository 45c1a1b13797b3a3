/** Where a page stands among its neighbours. */
export interface PageInfo {
  readonly limit: number;
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
  readonly page?: number;
  readonly perPage?: number;
}

/** One page of a list: an array of its records that also knows whether more follow. */
export class Page<T> extends Array<T> {
  readonly #info: PageInfo;

  /** `map`, `filter` and the like give plain arrays. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  constructor(records: readonly T[], info: PageInfo) {
    super();
    for (const record of records) this.push(record);
    this.#info = info;
  }

  /** The records as a plain array. */
  get data(): T[] {
    return this.slice();
  }

  get hasMore(): boolean {
    return this.#info.hasMore;
  }

  /** Give it as `cursor` to get the page after this one; null on the last. */
  get nextCursor(): string | null {
    return this.#info.nextCursor;
  }

  get pagination(): PageInfo {
    return this.#info;
  }
}

/**
 * Every record of every page, fetched as they are asked for.
 * @throws Error where the server answers a cursor with itself, which would never end.
 */
export async function* eachRecord<T>(
  fetchPage: (cursor: string | undefined) => Promise<Page<T>>,
  firstCursor?: string,
): AsyncGenerator<T, void, undefined> {
  let cursor = firstCursor;
  for (;;) {
    const page = await fetchPage(cursor);
    yield* page;
    if (!page.hasMore || page.nextCursor === null) return;
    if (page.nextCursor === cursor) throw new Error("the server repeats a page; stopped to avoid an endless list");
    cursor = page.nextCursor;
  }
}
