import type { SqlValue } from "../store/connection.ts";
import { byCorrectedRecord, stateBits } from "../usage/record-row.ts";
import type { ListOrder, OrderKey, OrderPosition } from "./list-order.ts";

const corrected = (column: string): string =>
  `CASE WHEN (r.state & ${stateBits.corrected}) = 0 THEN 0 ELSE coalesce((SELECT CAST(sum(c.${column}) AS BIGINT) FROM records c ${byCorrectedRecord}
   WHERE c.organization_id = r.organization_id AND c.occurred_at = r.occurred_at AND c.corrects_id = r.id), 0) END`;
const isPriced = `(r.cost_milli IS NOT NULL OR ((r.state & ${stateBits.corrected}) <> 0 AND EXISTS (SELECT 1 FROM records c ${byCorrectedRecord}
   WHERE c.organization_id = r.organization_id AND c.occurred_at = r.occurred_at AND c.corrects_id = r.id AND c.cost_milli IS NOT NULL)))`;
const picoSum = `(coalesce(r.cost_pico, 0) + ${corrected("cost_pico")})`;
/** The record's cost with its corrections in two limbs, carried so that pairs compare like the amounts. */
const costMilli = `(coalesce(r.cost_milli, 0) + ${corrected("cost_milli")} + ${picoSum} / 1000000000)`;
const costPico = `(${picoSum} % 1000000000)`;

/** An expression over a record `r` that a list is ordered by. */
interface SqlKey {
  readonly sql: string;
  readonly descending: boolean;
}

/** The keys by which a key of an order is sorted, on every store. What has no price comes last in both directions. */
export function sqlKeys({ field, descending }: OrderKey): readonly SqlKey[] {
  switch (field) {
    case "occurred_at":
      return [{ sql: "r.occurred_at", descending }];
    case "created_at":
      return [{ sql: "r.received_at", descending }];
    case "total_tokens":
      return [{ sql: "(r.input_tokens + r.output_tokens)", descending }];
    case "total_cost":
      return [
        { sql: `(CASE WHEN ${isPriced} THEN 0 ELSE 1 END)`, descending: false },
        { sql: costMilli, descending },
        { sql: costPico, descending },
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

/** The condition of what comes after a position: equal in the first keys and beyond in the next. */
export function behindPosition(
  order: ListOrder,
  position: OrderPosition,
): { readonly sql: string; readonly values: SqlValue[] } {
  const keys = [
    ...order.flatMap((key, at) => {
      const values = sqlValues(key, position.values[at] ?? null);
      return sqlKeys(key).map((sqlKey, part) => ({ ...sqlKey, value: values[part] ?? (0n as SqlValue) }));
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
