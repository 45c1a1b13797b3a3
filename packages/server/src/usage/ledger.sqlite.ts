import type { SqliteThreads } from "../sqlite/operation.ts";
import { type AppendArgs, textOf, toAppendArgs } from "./append-result.ts";
import { appendUsage } from "./append-usage.sqlite.ts";
import type { AppendAnswer, Ledger, RecordedItem, UsageBytes } from "./ledger.ts";

/** The ledger on the embedded store: bodies go as raw bytes to the writer thread, which commits waiting ones together. */
export function createSqliteLedger(threads: SqliteThreads): Ledger {
  const send = async (organizationId: string, usage: UsageBytes, wants: AppendArgs["wants"]) => {
    const result = await threads.writeTogether(appendUsage, toAppendArgs(organizationId, usage, wants), usage.bytes);
    if (result.counted !== undefined) usage.onCounted?.(result.counted);
    return result;
  };
  return {
    append: async (organizationId, usage): Promise<readonly RecordedItem[]> => {
      const result = await send(organizationId, usage, "items");
      return JSON.parse(textOf(result)) as readonly RecordedItem[];
    },
    answer: async (organizationId, usage): Promise<AppendAnswer> => {
      const result = await send(organizationId, usage, "answer");
      if (result.wants !== "answer") throw new Error("the writer answered another question");
      return { json: result.json, summary: result.summary };
    },
  };
}
