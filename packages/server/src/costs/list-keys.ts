import type { SqlValue } from "../store/connection.ts";
import { byCorrectedRecord, stateBits } from "../usage/record-row.ts";
import type { ListOrder, OrderKey, OrderPosition } from "./list-order.ts";

/** What corrections add to the cost of a record `r`, as SQL. */
interface Corrections {
  /** What the rest needs beside `r`; empty where that is nothing. */
  readonly join: string;
  readonly milli: string;
  readonly pico: string;
  /** Whether any of them says what the record costs. */
  readonly isPriced: string;
}

const lookedUp = (column: string): string =>
  `CASE WHEN (r.state & ${stateBits.corrected}) = 0 THEN 0 ELSE coalesce((SELECT CAST(sum(c.${column}) AS BIGINT) FROM records c ${byCorrectedRecord}
   WHERE c.organization_id = r.organization_id AND c.occurred_at = r.occurred_at AND c.corrects_id = r.id), 0) END`;
/** Looked up wherever they stand, which the embedded store does in a few microseconds. */
export const correctionsLookedUp: Corrections = {
  join: "",
  milli: lookedUp("cost_milli"),
  pico: lookedUp("cost_pico"),
  isPriced: `(r.state & ${stateBits.corrected}) <> 0 AND EXISTS (SELECT 1 FROM records c ${byCorrectedRecord}
   WHERE c.organization_id = r.organization_id AND c.occurred_at = r.occurred_at AND c.corrects_id = r.id AND c.cost_milli IS NOT NULL)`,
};

/**
 * Looked up once for each corrected record. PostgreSQL took 20 s for a page of a million records of which 70,000 are corrected
 * where each comparison looked them up, and takes 3 s so. A join with the sums of all corrections takes 2 s where the planner
 * knows how many there are; of new ones it takes one for many, and adds them up again for every record.
 */
export const correctionsBeside: Corrections = {
  join: `LEFT JOIN LATERAL (SELECT CAST(sum(c.cost_milli) AS BIGINT) AS milli, CAST(sum(c.cost_pico) AS BIGINT) AS pico,
     count(c.cost_milli) AS priced FROM records c
   WHERE (r.state & ${stateBits.corrected}) <> 0 AND c.organization_id = r.organization_id
     AND c.occurred_at = r.occurred_at AND c.corrects_id = r.id OFFSET 0) AS m ON TRUE`,
  milli: "coalesce(m.milli, 0)",
  pico: "coalesce(m.pico, 0)",
  isPriced: "coalesce(m.priced, 0) > 0",
};

/** An expression over a record `r` that a list is ordered by. */
interface SqlKey {
  readonly sql: string;
  readonly descending: boolean;
}

/** How the records `r` of a list are ordered. */
export interface ListKeys {
  readonly sorted: readonly SqlKey[];
  /** What the keys need beside `r`; empty where that is nothing. */
  readonly join: string;
  /** The condition of what comes after a position: equal in the first keys and beyond in the next. */
  behind(position: OrderPosition): { readonly sql: string; readonly values: SqlValue[] };
}

export const listKeys = (order: ListOrder, corrections: Corrections): ListKeys => ({
  sorted: order.flatMap((key) => sqlKeys(key, corrections)),
  join: order.some(({ field }) => field === "total_cost") ? corrections.join : "",
  behind: (position) => behindPosition(order, corrections, position),
});

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
