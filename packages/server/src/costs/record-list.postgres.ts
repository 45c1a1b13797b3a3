import { numberArray, textArray } from "../postgres/array-text.ts";
import type { SqlValue, StoreConnection } from "../store/connection.ts";
import { entryCodes, stateBits } from "../usage/record-row.ts";
import type { RecordPlace } from "../usage/record-rows.postgres.ts";
import type { ListQuestion } from "./cost-query.ts";
import { readExtent } from "./group-sums.postgres.ts";
import { endsOf, type HourWindow, recordedWindows } from "./hour-windows.ts";
import { correctionsBeside, listKeys } from "./list-keys.ts";
import { followsTime, type ListedEntries, type OrderPosition } from "./list-order.ts";
import { daysOf, longSort, requestsOfDays, sortedRecordsMax } from "./long-sort.ts";
import { namedRecords } from "./named-records.postgres.ts";
import { seriesCatalogue } from "./series-catalogue.postgres.ts";
import { timeWindows } from "./time-windows.postgres.ts";

/**
 * The places of a page of records, in order. An order by time alone reads only the page; any other sorts every record of
 * the period, and refuses with VALIDATION_ERROR to sort more than `sortedRecordsMax`.
 */
export async function selectPlaces(
  connection: StoreConnection,
  organizationId: string,
  question: ListQuestion,
  entries: ListedEntries,
): Promise<readonly RecordPlace[]> {
  const { period, filter, order, limit, after, offset = 0 } = question;
  const isNamed = filter.ids !== undefined || filter.usageIds !== undefined;
  const isWalked = !isNamed && followsTime(order);
  const scan = await listScan(connection, organizationId, question, { entries, isWalked });
  if (scan.nothing) return [];
  if (!isWalked) {
    if (!isNamed) await refuseLongSort(connection, organizationId, question);
    return scan.read([period], after, limit, offset);
  }
  const { descending } = order[0];
  const position = after === undefined ? undefined : Number(after.values[0]);
  const rest: HourWindow = {
    fromMs: !descending && position !== undefined ? Math.max(position, period.fromMs) : period.fromMs,
    toMs: descending && position !== undefined ? Math.min(position + 1, period.toMs) : period.toMs,
  };
  if (rest.fromMs >= rest.toMs) return [];
  if (!scan.selective) return scan.read([rest], after, limit, offset);
  const places: RecordPlace[] = [];
  let skip = offset;
  const { seriesIds, windows } = scan;
  const windowQuestion = { ...rest, descending, userIds: filter.userIds, seriesIds, windows };
  for await (const some of timeWindows(connection, organizationId, windowQuestion)) {
    const found = await scan.read(some, after, limit - places.length + skip, 0);
    places.push(...found.slice(skip));
    skip = Math.max(0, skip - found.length);
    if (places.length >= limit) break;
  }
  return places;
}

/** The ids of all records of a question whose order no index has, in that order, one behind the other. */
export async function selectIds(
  connection: StoreConnection,
  organizationId: string,
  question: ListQuestion,
  entries: ListedEntries,
): Promise<Uint8Array> {
  const scan = await listScan(connection, organizationId, question, { entries, isWalked: false });
  if (scan.nothing) return new Uint8Array();
  const { period, filter, after, limit, offset = 0 } = question;
  if (filter.ids === undefined && filter.usageIds === undefined) {
    await refuseLongSort(connection, organizationId, question);
  }
  const { sql, values } = scan.within(period, after, limit, offset);
  // One text of bytes and not a row each: there may be millions.
  const row = await connection.get<{ ids: Uint8Array | null }>(
    `SELECT string_agg(page.id, CAST('' AS bytea)) AS ids FROM (${sql}) AS page`,
    ...values,
  );
  return row?.ids ?? new Uint8Array();
}

interface ListScan {
  readonly nothing: boolean;
  /** Whether the filter leaves out so much that rollups had better find the hours worth reading. */
  readonly selective: boolean;
  /** The series that are asked for; undefined is all. */
  readonly seriesIds: readonly number[] | undefined;
  /** The parts of the period that count; undefined is all. */
  readonly windows: readonly HourWindow[] | undefined;
  /** Selects the places of a stretch of time, in order. */
  readonly within: (window: HourWindow, after: OrderPosition | undefined, limit: number, offset: number) => Statement;
  readonly read: (
    windows: readonly HourWindow[],
    after: OrderPosition | undefined,
    limit: number,
    offset: number,
  ) => Promise<readonly RecordPlace[]>;
}

interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

async function listScan(
  connection: StoreConnection,
  organizationId: string,
  question: ListQuestion,
  { entries, isWalked }: { readonly entries: ListedEntries; readonly isWalked: boolean },
): Promise<ListScan> {
  const { period, filter, order, receivedBeforeMs } = question;
  const wanted = await wantedSeries(connection, organizationId, question);
  const named = namedRecords(filter);
  const extent = filter.hours === undefined ? undefined : await readExtent(connection, organizationId);
  const windows = recordedWindows(period, filter.hours, extent);
  const where = ["r.organization_id = ?"];
  const values: SqlValue[] = [organizationId];
  const usageOnly = entries === "usage" || filter.usageIds !== undefined;
  where.push(usageOnly ? `r.entry = ${entryCodes.usage}` : `r.entry <> ${entryCodes.correction}`);
  where.push(wanted.sql);
  values.push(...wanted.values);
  if (filter.userIds !== undefined) {
    where.push("r.user_id = ANY (CAST(? AS text[]))");
    values.push(textArray(filter.userIds));
  }
  if (receivedBeforeMs !== undefined) {
    where.push("r.received_at < ?");
    values.push(receivedBeforeMs);
  }
  // A walk by time goes from window to window instead.
  if (windows !== undefined && !isWalked) {
    where.push("width_bucket(r.occurred_at, CAST(? AS bigint[])) % 2 = 1");
    values.push(numberArray(endsOf(windows)));
  }
  const direction = (descending: boolean): string => (descending ? "DESC" : "ASC");
  const idOrder = `id ${direction(order[0].descending)}`;
  const keys = listKeys(order, correctionsBeside);
  const sorted = keys.sorted.map(({ sql, descending }) => `${sql} ${direction(descending)}`);
  const conditions = (after: OrderPosition | undefined): Statement => {
    const behind = after === undefined ? undefined : keys.behind(after);
    return behind === undefined
      ? { sql: where.join(" AND "), values }
      : { sql: [...where, behind.sql].join(" AND "), values: [...values, ...behind.values] };
  };
  const within: ListScan["within"] = ({ fromMs, toMs }, after, limit, offset) => {
    const condition = conditions(after);
    return {
      sql: `SELECT r.occurred_at, r.id FROM ${named?.source ?? "records r"} ${keys.join}
        WHERE ${condition.sql} AND r.occurred_at >= ? AND r.occurred_at < ?
        ORDER BY ${sorted.join(", ")}, r.${idOrder} LIMIT ? OFFSET ?`,
      values: [...(named?.values ?? []), ...condition.values, fromMs, toMs, limit, offset],
    };
  };
  /** The same of several windows, for orders by time. */
  const withinEach = (
    windows: readonly HourWindow[],
    after: OrderPosition | undefined,
    limit: number,
    offset: number,
  ): Statement => {
    const condition = conditions(after);
    const timeOrder = direction(order[0].descending);
    return {
      sql: `SELECT found.occurred_at, found.id
        FROM unnest(CAST(? AS bigint[]), CAST(? AS bigint[])) AS span (first, past) CROSS JOIN LATERAL (
          SELECT r.occurred_at, r.id FROM records r
          WHERE ${condition.sql} AND r.occurred_at >= span.first AND r.occurred_at < span.past
          ORDER BY r.occurred_at ${timeOrder}, r.${idOrder} LIMIT ?) AS found
        ORDER BY found.occurred_at ${timeOrder}, found.${idOrder} LIMIT ? OFFSET ?`,
      values: [
        numberArray(windows.map(({ fromMs }) => fromMs)),
        numberArray(windows.map(({ toMs }) => toMs)),
        ...condition.values,
        limit + offset,
        limit,
        offset,
      ],
    };
  };

  return {
    nothing: wanted.nothing || named?.nothing === true || windows?.length === 0,
    selective: wanted.selective || filter.userIds !== undefined || windows !== undefined,
    windows,
    seriesIds: wanted.seriesIds,
    within,
    async read(windows, after, limit, offset) {
      const [only, ...others] = windows;
      const statement =
        only !== undefined && others.length === 0
          ? within(only, after, limit, offset)
          : withinEach(windows, after, limit, offset);
      return connection.all<RecordPlace>(statement.sql, ...statement.values);
    },
  };
}

/** With the condition that a record's series and state are asked for. */
interface WantedSeries extends Pick<ListScan, "nothing" | "selective" | "seriesIds">, Statement {}

async function wantedSeries(
  connection: StoreConnection,
  organizationId: string,
  { filter }: ListQuestion,
): Promise<WantedSeries> {
  const catalogue = await seriesCatalogue(connection, organizationId);
  const { cost_status: statuses, ...otherDimensions } = filter.dimensions;
  const idsOf = (positions: readonly number[]): readonly number[] => positions.map((at) => catalogue.ids[at] ?? 0);
  const valid = idsOf(catalogue.matching(filter));
  const voided = statuses?.includes("void")
    ? idsOf(catalogue.matching({ ...filter, dimensions: otherDimensions }))
    : [];
  const all = catalogue.ids.length;
  const count = Math.max(valid.length, voided.length);
  // The planner takes an equation of an expression for rare and the opposite for common, which is how it is here.
  const isVoided = `(r.state & ${stateBits.voided}) = ${stateBits.voided}`;
  const isValid = `(r.state & ${stateBits.voided}) <> ${stateBits.voided}`;
  const ofSeries = "r.series_id = ANY (CAST(? AS bigint[]))";
  const common = { nothing: count === 0, selective: count * 2 <= all };
  if (valid.length === all && voided.length === 0) {
    return { ...common, seriesIds: undefined, sql: isValid, values: [] };
  }
  if (voided.length === 0) {
    return { ...common, seriesIds: valid, sql: `${isValid} AND ${ofSeries}`, values: [numberArray(valid)] };
  }
  return {
    ...common,
    // What is valid is voided as well, but for its status.
    seriesIds: voided.length >= valid.length ? voided : [...new Set([...valid, ...voided])],
    sql: `CASE WHEN ${isVoided} THEN ${ofSeries} ELSE ${ofSeries} END`,
    values: [numberArray(voided), numberArray(valid)],
  };
}

async function refuseLongSort(
  connection: StoreConnection,
  organizationId: string,
  question: ListQuestion,
): Promise<void> {
  const days = daysOf(question.period);
  const row = await connection.get<{ requests: number | bigint }>(requestsOfDays, organizationId, ...days);
  if (row !== undefined && row.requests > sortedRecordsMax) throw longSort(question, row.requests);
}
