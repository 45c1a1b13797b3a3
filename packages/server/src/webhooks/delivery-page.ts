import { limits, type Pagination } from "@llm-cost-ops/contract";
import { readCursor, writeCursor } from "../costs/page-cursor.ts";
import { formatUuid } from "../usage/record-id.ts";
import type { DeliveryPage } from "./deliveries.sql.ts";
import type { NamedWebhook } from "./endpoints.sql.ts";

const defaultLimit = 100;
const nowhere = { fromMs: 0, toMs: 0 };

/** What is asked about deliveries over HTTP. */
interface DeliveryQuestion {
  readonly status?: DeliveryPage["status"] | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/**
 * One page of what was sent to an endpoint.
 *
 * @param question What a cursor belongs to: one of another question is refused.
 */
export async function deliveryPage<Delivery extends { readonly id: string }>(
  named: NamedWebhook,
  query: DeliveryQuestion,
  question: Readonly<Record<string, string>>,
  list: (page: DeliveryPage) => Promise<readonly Delivery[]>,
): Promise<{ readonly data: readonly Delivery[]; readonly pagination: Pagination }> {
  const status = query.status ?? null;
  const asked = { ...question, status };
  const limit = Math.min(query.limit ?? defaultLimit, limits.pageLimit);
  const behind = query.cursor === undefined ? undefined : readCursor(asked, query.cursor, 0).position.id;
  const beforeId = behind === undefined ? null : formatUuid(Buffer.from(behind, "hex"));
  const found = await list({ ...named, status, beforeId, limit });
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  const position = last && { id: last.id.replaceAll("-", ""), values: [] };
  const pagination: Pagination = {
    limit,
    has_more: last !== undefined,
    next_cursor: position === undefined ? null : writeCursor(asked, { period: nowhere, position }),
  };
  return { data, pagination };
}
