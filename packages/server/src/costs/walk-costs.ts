import type { CostRecord } from "@llm-cost-ops/contract";
import type { CostQuery, ListQuestion } from "./cost-query.ts";
import { followsTime, type OrderPosition } from "./list-order.ts";

/** The length of a stored record id. */
export const idBytes = 16;

/** How many records are read at once: enough to keep the wire busy, few enough to leave the store to others between. */
const stepRecords = 1_000;

/**
 * Every record of a question, step by step, each step a read of its own when the one before was taken. Records that
 * arrive or change meanwhile neither repeat nor hide others. Ends when the signal aborts.
 */
export async function* walkCosts(
  query: CostQuery,
  organizationId: string,
  question: Omit<ListQuestion, "limit" | "after" | "offset">,
  signal: AbortSignal,
): AsyncGenerator<readonly CostRecord[], void, undefined> {
  if (!followsTime(question.order)) {
    yield* walkSorted(query, organizationId, question, signal);
    return;
  }
  let after: OrderPosition | undefined;
  do {
    const step = { ...question, limit: stepRecords, ...(after !== undefined && { after }) };
    const page = await query.listCosts(organizationId, step, signal);
    if (signal.aborted) return;
    yield page.items;
    after = page.end;
  } while (after !== undefined && !signal.aborted);
}

/** An order that no index has is sorted once, not once a step. */
async function* walkSorted(
  query: CostQuery,
  organizationId: string,
  question: Omit<ListQuestion, "limit">,
  signal: AbortSignal,
): AsyncGenerator<readonly CostRecord[], void, undefined> {
  const ids = await query.sortedIds(organizationId, { ...question, limit: Number.MAX_SAFE_INTEGER }, signal);
  for (let at = 0; at < ids.length && !signal.aborted; at += stepRecords * idBytes) {
    yield await query.costsById(organizationId, ids.slice(at, at + stepRecords * idBytes));
  }
}
