import type * as Wire from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { CostOpsError } from "./errors.ts";
import type { BatchResult } from "./records.ts";
import { fromWire } from "./wire.ts";

export type WireRecord = Readonly<Record<string, unknown>>;

/** Half of what the server takes in one body, so that a proxy's smaller limit is rarely met. */
const requestCharactersMax = limits.bodyBytes / 2;

interface Part {
  readonly from: number;
  readonly body: string;
  readonly records: readonly WireRecord[];
}

/** Splits records, in order, into requests that the server takes. */
function* splitBatch(records: readonly WireRecord[]): Generator<Part, void, undefined> {
  let from = 0;
  let texts: string[] = [];
  let characters = 0;
  const part = (to: number): Part => ({ from, body: `[${texts.join(",")}]`, records: records.slice(from, to) });
  for (const [index, record] of records.entries()) {
    const text = JSON.stringify(record);
    if (texts.length === limits.batchRecords || (texts.length > 0 && characters + text.length > requestCharactersMax)) {
      yield part(index);
      from = index;
      texts = [];
      characters = 0;
    }
    texts.push(text);
    characters += text.length + 1;
  }
  yield part(records.length);
}

/**
 * Sends a batch of any size as few requests, one after the other, and joins their results in the order of the records.
 * Where one fails, its error carries as `batch` what was completed and what remains, with ids.
 */
export async function sendBatch(
  records: readonly WireRecord[],
  send: (body: string) => Promise<unknown>,
): Promise<BatchResult> {
  const items: BatchResult["data"][number][] = [];
  const summary = { received: 0, recorded: 0, duplicate: 0, unpriced: 0, rejected: 0 };
  for (const part of splitBatch(records)) {
    try {
      const result = fromWire<Wire.UsageBatchResult>(await send(part.body));
      for (const item of result.data) items.push({ ...item, index: item.index + part.from });
      for (const name of Object.keys(summary) as (keyof typeof summary)[]) summary[name] += result.summary[name];
    } catch (error) {
      if (error instanceof CostOpsError) {
        error.batch = {
          completed: { data: items, summary },
          remaining: fromWire<WireRecord[]>(records.slice(part.from)),
        };
      }
      throw error;
    }
  }
  return { data: items, summary };
}
