import type { orderFields } from "@llm-cost-ops/contract";

export type OrderField = (typeof orderFields)[number];

export interface OrderKey {
  readonly field: OrderField;
  readonly descending: boolean;
}

/** Fields to order by, the first one first; what agrees in all of them is ordered by id, in the first one's direction. */
export type ListOrder = readonly [OrderKey, ...OrderKey[]];

/** A place between two records of an order: the values of the last record before it. */
export interface OrderPosition {
  /** One value for each key as a decimal integer (milliseconds, tokens, picos); null for a cost without a price. */
  readonly values: readonly (string | null)[];
  /** The 16 bytes of the record's id in hexadecimal. */
  readonly id: string;
}

/** The newest first. */
const defaultOrder: ListOrder = [{ field: "occurred_at", descending: true }];

/** `order_by` as the contract allows it: `["-total_cost", "occurred_at"]`. */
export function readOrder(orderBy: readonly string[] | undefined): ListOrder {
  const [first, ...rest] = (orderBy ?? []).map((text) => ({
    field: text.replace("-", "") as OrderField,
    descending: text.startsWith("-"),
  }));
  return first === undefined ? defaultOrder : [first, ...rest];
}

/** Whether the order follows the index of records by time, so that a page reads only its own records. */
export const followsTime = (order: ListOrder): boolean => order[0].field === "occurred_at" && order.length === 1;

/** The kinds of entries that a list shows. Corrections are part of the records that they correct. */
export type ListedEntries = "usage" | "usage and cost";
