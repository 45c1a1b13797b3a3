import type { Awaitable } from "../store/connection.ts";
import { isScopeWithin, type RecordScope } from "./record-scope.ts";

interface ScopedRow {
  readonly id: string;
  /** JSON of the part of the records that its maker was limited to. */
  readonly record_scope: string | null;
}

const stepRows = 500;

/** Whether somebody who sees the records of `within` alone may see what was made within the row's part of them. */
export const isVisible = ({ record_scope: text }: Pick<ScopedRow, "record_scope">, within: RecordScope | undefined) =>
  isScopeWithin(text === null ? undefined : (JSON.parse(text) as RecordScope), within);

/** What a row keeps of its maker. */
export const scopeText = (within: RecordScope | undefined): string | null =>
  within === undefined ? null : JSON.stringify(within);

/**
 * At most `limit` rows behind `skip` others, of those that somebody who sees the records of `within` alone may see. `read`
 * gives rows in their order, from behind the row `afterId` on.
 */
export async function visiblePage<Row extends ScopedRow>(
  page: {
    readonly within: RecordScope | undefined;
    readonly afterId: string | null;
    readonly skip: number;
    readonly limit: number;
  },
  read: (afterId: string | null, limit: number, skip: number) => Awaitable<readonly Row[]>,
): Promise<readonly Row[]> {
  const { within, skip, limit } = page;
  if (within === undefined) return read(page.afterId, limit, skip);
  const visible: Row[] = [];
  let afterId = page.afterId;
  for (;;) {
    const rows = await read(afterId, stepRows, 0);
    visible.push(...rows.filter((row) => isVisible(row, within)));
    if (rows.length < stepRows || visible.length >= skip + limit) return visible.slice(skip, skip + limit);
    afterId = rows.at(-1)?.id ?? null;
  }
}
