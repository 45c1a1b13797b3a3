import type { SqlValue } from "../store/connection.ts";
import { byCorrectedRecord, stateBits } from "../usage/record-row.ts";
import type { ListOrder, OrderKey, OrderPosition } from "./list-order.ts";

/** What corrections add to the cost of a record `r`, as SQL. */
interface Corrections {
  readonly milli: string;
  readonly pico: string;
  /** Whether any of them says what the record costs. */
  readonly isPriced: string;
}

const lookedUp = (column: string): string =>
  `CASE WHEN (r.state & ${stateBits.corrected}) = 0 THEN 0 ELSE coalesce((SELECT CAST(sum(c.${column}) AS BIGINT) FROM records c ${byCorrectedRecord}
   WHERE c.organization_id = r.organization_id AND c.occurred_at = r.occurred_at AND c.corrects_id = r.id), 0) END`;
/** Looked up for each record by itself, again wherever they stand. */
const correctionsOfEach: Corrections = {
  milli: lookedUp("cost_milli"),
  pico: lookedUp("cost_pico"),
  isPriced: `(r.state & ${stateBits.corrected}) <> 0 AND EXISTS (SELECT 1 FROM records c ${byCorrectedRecord}
   WHERE c.organization_id = r.organization_id AND c.occurred_at = r.occurred_at AND c.corrects_id = r.id AND c.cost_milli IS NOT NULL)`,
};

/** Added up once for all records of a period. */
const joinedCorrections: Corrections = {
  milli: "coalesce(m.milli, 0)",
  pico: "coalesce(m.pico, 0)",
  isPriced: "coalesce(m.priced, 0) > 0",
};
const joinOfCorrections = `LEFT JOIN (SELECT c.corrects_id, CAST(sum(c.cost_milli) AS BIGINT) AS milli,
     CAST(sum(c.cost_pico) AS BIGINT) AS pico, count(c.cost_milli) AS priced
   FROM records c ${byCorrectedRecord}
   WHERE c.organization_id = ? AND c.corrects_id IS NOT NULL AND c.occurred_at >= ? AND c.occurred_at < ?
   GROUP BY c.corrects_id) AS m ON m.corrects_id = r.id AND (r.state & ${stateBits.corrected}) <> 0`;

/** An expression over a record `r` that a list is ordered by. */
interface SqlKey {
  readonly sql: string;
  readonly descending: boolean;
}

/** How the records `r` of a list are ordered, on every store. */
export interface ListKeys {
  readonly sorted: readonly SqlKey[];
  /** What the keys need beside `r`. Its values are the organization and the period; empty where there is nothing. */
  readonly join: string;
  /** The condition of what comes after a position: equal in the first keys and beyond in the next. */
  behind(position: OrderPosition): { readonly sql: string; readonly values: SqlValue[] };
}

/**
 * The keys by which an order is sorted. Of records that are named the corrections of each are looked up; for a whole period
 * they are added up first. A million records of which 70,000 are corrected took PostgreSQL 20 s a page by looking up, and 2 s so.
 */
export function listKeys(order: ListOrder, isNamed: boolean): ListKeys {
  const isJoined = !isNamed && order.some(({ field }) => field === "total_cost");
  const corrections = isJoined ? joinedCorrections : correctionsOfEach;
  return {
    sorted: order.flatMap((key) => sqlKeys(key, corrections)),
    join: isJoined ? joinOfCorrections : "",
    behind: (position) => behindPosition(order, corrections, position),
  };
}

/** What has no price comes last in both directions. */
function sqlKeys({ field, descending }: OrderKey, { milli, pico, isPriced }: Corrections): readonly SqlKey[] {
  // The record's cost with its corrections in two limbs, carried so that pairs compare like the amounts.
  const picoSum = `(coalesce(r.cost_pico, 0) + ${pico})`;
  switch (field) {
    case "occurred_at":
      return [{ sql: "r.occurred_at", descending }];
    case "created_at":
      return [{ sql: "r.received_at", descending }];
    case "total_tokens":
      return [{ sql: "(r.input_tokens + r.output_tokens)", descending }];
    case "total_cost":
      return [
        { sql: `(CASE WHEN r.cost_milli IS NOT NULL OR (${isPriced}) THEN 0 ELSE 1 END)`, descending: false },
        { sql: `(coalesce(r.cost_milli, 0) + ${milli} + ${picoSum} / 1000000000)`, descending },
        { sql: `(${picoSum} % 1000000000)`, descending },
      ];
    default:
      return field satisfies never;
  }
}

const picoPerMilli = 1_000_000_000n;

/** The position's values for the SQL keys of one key of the order. */
function sqlValues({ field }: OrderKey, value: string | null): readonly bigint[] {
  if (field !== "total_cost") return [BigInt(value ?? "0")];
  if (value === null) return [1n, 0n, 0n];
  const amount = BigInt(value);
  const pico = ((amount % picoPerMilli) + picoPerMilli) % picoPerMilli;
  return [0n, (amount - pico) / picoPerMilli, pico];
}

function behindPosition(
  order: ListOrder,
  corrections: Corrections,
  position: OrderPosition,
): { readonly sql: string; readonly values: SqlValue[] } {
  const keys = [
    ...order.flatMap((key, at) => {
      const values = sqlValues(key, position.values[at] ?? null);
      return sqlKeys(key, corrections).map((sqlKey, part) => ({ ...sqlKey, value: values[part] ?? (0n as SqlValue) }));
    }),
    { sql: "r.id", descending: order[0].descending, value: Buffer.from(position.id, "hex") as SqlValue },
  ];
  const alternatives = keys.map(({ sql, descending }, at) =>
    [...keys.slice(0, at).map((equal) => `${equal.sql} = ?`), `${sql} ${descending ? "<" : ">"} ?`].join(" AND "),
  );
  return {
    sql: `(${alternatives.join(" OR ")})`,
    values: keys.flatMap((_, at) => keys.slice(0, at + 1).map(({ value }) => value)),
  };
}
