import { priceBookRevision } from "../pricing/price-lookup.sqlite.ts";
import { Refusal } from "../refusal.ts";
import {
  type GroupCall,
  type GroupPreparation,
  type PreparedCall,
  type StoreThread,
  sqliteOperation,
} from "../sqlite/operation.ts";
import { type AppendArgs, type AppendResult, appendResult, completeResult } from "./append-result.ts";
import { type PreparedColumns, toColumns } from "./prepared-columns.ts";
import { readUsageBody } from "./read-usage-body.sqlite.ts";
import { RejectedOutcome } from "./record-outcome.ts";

/** A body as the writer gets it from the preparer. */
export interface PreparedUsage {
  /** The revision of the price book by which the records were rated. At another one the writer reads the body itself. */
  readonly revision: number;
  readonly columns: PreparedColumns;
}

function prepareUsage(store: StoreThread, call: GroupCall<AppendArgs>): PreparedCall<AppendResult> {
  const { args, bytes } = call;
  // Before anything is rated: prices that change meanwhile make the body's revision an old one.
  const revision = priceBookRevision(store);
  const { records, receivedAtMs } = readUsageBody(store, call);
  const { organizationId, source } = args;
  const prepared: PreparedUsage = { revision, columns: toColumns(records, { organizationId, source, receivedAtMs }) };
  const expected = appendResult(
    args,
    records.map((record) => (record instanceof RejectedOutcome ? record : { kind: "recorded", record })),
  );
  if (expected instanceof Refusal) throw expected;
  return { bytes, prepared, expected };
}

/** Parsing, checking and rating large bodies beside the writer, which is left with the writing alone. */
export const usagePreparation: GroupPreparation<AppendArgs, AppendResult> = {
  operation: sqliteOperation("usage.prepare", prepareUsage),
  complete: completeResult,
};
