import { effectiveCost, type RecordRow } from "../usage/record-row.ts";
import type { ListOrder, OrderPosition } from "./list-order.ts";

/** The place behind a record in an order. */
export function positionOf(row: RecordRow, order: ListOrder): OrderPosition {
  return {
    values: order.map(({ field }) => {
      switch (field) {
        case "occurred_at":
          return String(row.occurred_at);
        case "created_at":
          return String(row.received_at);
        case "total_tokens":
          return String(BigInt(row.input_tokens) + BigInt(row.output_tokens));
        case "total_cost":
          return effectiveCost(row)?.toString() ?? null;
        default:
          return field satisfies never;
      }
    }),
    id: Buffer.from(row.id).toString("hex"),
  };
}
