import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { keptFrom } from "../retention/kept-from.sqlite.ts";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import { entryCodes, type RecordRow, recordColumns, recordSource, stateBits } from "../usage/record-row.ts";
import type { RecordFilter } from "./cost-filter.ts";
import type { ListQuestion } from "./cost-query.ts";
import { readExtent } from "./group-sums.sqlite.ts";
import { type HourWindow, isWithinHours, recordedWindows, windowsWithin } from "./hour-windows.ts";
import { correctionsLookedUp, listKeys } from "./list-keys.ts";
import { followsTime, type ListedEntries, type OrderPosition } from "./list-order.ts";
import { daysOf, longSort, requestsOfDays, sortedRecordsMax } from "./long-sort.ts";
import { namedIds } from "./named-ids.ts";
import { seriesCatalogue } from "./series-catalogue.sqlite.ts";
import { nextWindow } from "./time-windows.sqlite.ts";

/**
 * The ids of a page of records, in order. An order by time alone reads only the page; any other sorts every record of
 * the period, and refuses with VALIDATION_ERROR to sort more than `sortedRecordsMax`.
 */
export function selectIds(
  store: StoreThread,
  organizationId: string,
  question: ListQuestion,
  entries: ListedEntries,
): readonly Uint8Array[] {
  const { period, filter, order, limit, after, offset = 0 } = question;
  const extent = filter.hours === undefined ? undefined : readExtent(store, organizationId);
  const windows = recordedWindows(period, filter.hours, extent);
  const scan = listScan(store, organizationId, question, entries, windows);
  const ids: Uint8Array[] = [];
  if (scan.nothing) return ids;
  if (filter.ids !== undefined || filter.usageIds !== undefined || !followsTime(order)) {
    if (filter.ids === undefined && filter.usageIds === undefined) refuseLongSort(store, organizationId, question);
    return scan.read(period.fromMs, period.toMs, after, limit, offset);
  }
  const { descending } = order[0];
  const position = after === undefined ? undefined : Number(after.values[0]);
  const rest = {
    fromMs: !descending && position !== undefined ? Math.max(position, period.fromMs) : period.fromMs,
    toMs: descending && position !== undefined ? Math.min(position + 1, period.toMs) : period.toMs,
  };
  const stretches = windows === undefined ? [rest] : windowsWithin(windows, rest);
  let skip = offset;
  for (const stretch of descending ? stretches.toReversed() : stretches) {
    let { fromMs, toMs } = stretch;
    while (ids.length < limit && fromMs < toMs) {
      const window = scan.selective
        ? nextWindow(store, organizationId, { fromMs, toMs, descending, userIds: filter.userIds })
        : { fromMs, toMs };
      if (window === undefined) break;
      const wanted = limit - ids.length + skip;
      const found = scan.read(window.fromMs, window.toMs, after, wanted, 0);
      ids.push(...found.slice(skip));
      skip = Math.max(0, skip - found.length);
      if (descending) toMs = window.fromMs;
      else fromMs = window.toMs;
    }
    if (ids.length >= limit) break;
  }
  return ids;
}

/** The records themselves, in the order of the ids; ids that are not records, or of none that is kept, are left out. */
export function readRows(store: StoreThread, organizationId: string, ids: readonly Uint8Array[]): readonly RecordRow[] {
  const select = store.db.prepare(
    `SELECT ${recordColumns} FROM ${recordSource}
     WHERE r.organization_id = ? AND r.id = ? AND r.occurred_at >= ? AND r.entry <> ${entryCodes.correction}`,
  );
  const keptFromMs = keptFrom(store);
  return ids.flatMap((id) => {
    const row = select.get(organizationId, id, keptFromMs);
    return row === undefined ? [] : [row as unknown as RecordRow];
  });
}

interface ListScan {
  readonly nothing: boolean;
  /** Whether the filter leaves out so much that rollups had better find the hours worth reading. */
  readonly selective: boolean;
  readonly read: (
    fromMs: number,
    toMs: number,
    after: OrderPosition | undefined,
    limit: number,
    offset: number,
  ) => Uint8Array[];
}

function listScan(
  store: StoreThread,
  organizationId: string,
  { filter, order, receivedBeforeMs }: ListQuestion,
  entries: ListedEntries,
  windows: readonly HourWindow[] | undefined,
): ListScan {
  const wanted = wantSeries(store, organizationId, filter, windows);
  const where: string[] = ["r.organization_id = ?", "r.occurred_at >= ?", "r.occurred_at < ?"];
  const values: SQLInputValue[] = [];
  const named = filter.ids !== undefined || filter.usageIds !== undefined ? namedIds(filter) : undefined;
  const usageOnly = entries === "usage" || filter.usageIds !== undefined;
  where.push(usageOnly ? `r.entry = ${entryCodes.usage}` : `r.entry <> ${entryCodes.correction}`);
  where.push("list_wants(r.series_id, r.state)");
  if (filter.userIds !== undefined) {
    where.push("r.user_id IN (SELECT value FROM json_each(?))");
    values.push(JSON.stringify(filter.userIds));
  }
  if (receivedBeforeMs !== undefined) {
    where.push("r.received_at < ?");
    values.push(receivedBeforeMs);
  }
  if (named !== undefined) {
    where.push("r.id IN (SELECT unhex(value) FROM json_each(?))");
    values.push(JSON.stringify(named.map(({ id }) => Buffer.from(id).toString("hex"))));
  }
  // A walk by time goes from window to window instead.
  if (windows !== undefined && !(followsTime(order) && named === undefined))
    where.push("list_wants_time(r.occurred_at)");
  const keys = listKeys(order, correctionsLookedUp);
  const idDirection = order[0].descending ? "DESC" : "ASC";
  const orderBy = [
    ...keys.sorted.map(({ sql, descending }) => `${sql} ${descending ? "DESC" : "ASC"}`),
    `r.id ${idDirection}`,
  ];
  const source = followsTime(order) && named === undefined ? "records r INDEXED BY records_by_time" : "records r";

  return {
    nothing: wanted.nothing || named?.length === 0 || windows?.length === 0,
    selective: wanted.selective || filter.userIds !== undefined,
    read(fromMs, toMs, after, limit, offset) {
      const behind = after === undefined ? undefined : keys.behind(after);
      const conditions = behind === undefined ? where : [...where, behind.sql];
      const select = store.db.prepare(
        `SELECT r.id FROM ${source} WHERE ${conditions.join(" AND ")}
         ORDER BY ${orderBy.join(", ")} LIMIT ? OFFSET ?`,
      );
      select.setReturnArrays(true);
      const rows = select.all(
        organizationId,
        fromMs,
        toMs,
        ...values,
        ...(behind?.values ?? []),
        limit,
        offset,
      ) as unknown as [Uint8Array][];
      return rows.map(([id]) => id);
    },
  };
}

interface Wanting {
  /** By series id: bit 1 wants its records, bit 2 its voided ones. */
  series: Uint8Array;
  windows: readonly HourWindow[];
}

const wantingKey = Symbol("list wanting");

/** Prepares the functions that tell SQL whether a record's series and state, and its time, are asked for. */
function wantSeries(
  store: StoreThread,
  organizationId: string,
  filter: RecordFilter,
  windows: readonly HourWindow[] = [],
): { readonly nothing: boolean; readonly selective: boolean } {
  const wanting = threadState(store, wantingKey, () => registerFunction(store.db));
  const catalogue = seriesCatalogue(store, organizationId);
  const { cost_status: statuses, ...otherDimensions } = filter.dimensions;
  const valid = catalogue.matching(filter);
  const voided = statuses?.includes("void") ? catalogue.matching({ ...filter, dimensions: otherDimensions }) : [];
  const series = new Uint8Array(catalogue.lastId + 1);
  for (const at of valid) series[catalogue.ids[at] ?? 0] = 1;
  for (const at of voided) series[catalogue.ids[at] ?? 0] = (series[catalogue.ids[at] ?? 0] ?? 0) | 2;
  wanting.series = series;
  wanting.windows = windows;
  const count = Math.max(valid.length, voided.length);
  return { nothing: count === 0, selective: count * 2 <= catalogue.ids.length };
}

function registerFunction(db: DatabaseSync): Wanting {
  const wanting: Wanting = { series: new Uint8Array(), windows: [] };
  db.function("list_wants", (series, state) => {
    const bit = (Number(state) & stateBits.voided) === 0 ? 1 : 2;
    return ((wanting.series[Number(series)] ?? 0) & bit) === 0 ? 0 : 1;
  });
  db.function("list_wants_series", (series) => ((wanting.series[Number(series)] ?? 0) === 0 ? 0 : 1));
  db.function("list_wants_time", (ms) => (isWithinHours(wanting.windows, Number(ms)) ? 1 : 0));
  return wanting;
}

function refuseLongSort({ db }: StoreThread, organizationId: string, question: ListQuestion): void {
  const { requests } = db.prepare(requestsOfDays).get(organizationId, ...daysOf(question.period)) as {
    requests: number;
  };
  if (requests > sortedRecordsMax) throw longSort(question, requests);
}
