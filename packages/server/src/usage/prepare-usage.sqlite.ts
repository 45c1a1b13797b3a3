import { priceBookRevision } from "../pricing/price-lookup.sqlite.ts";
import { Refusal } from "../refusal.ts";
import {
  type GroupCall,
  type GroupPreparation,
  type PreparedCall,
  type StoreThread,
  sqliteOperation,
} from "../sqlite/operation.ts";
import { type AppendArgs, type AppendResult, completeResult, ResultWriter } from "./append-result.ts";
import { ColumnWriter, type PreparedColumns } from "./prepared-columns.ts";
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
  const columns = new ColumnWriter();
  const result = new ResultWriter(args);
  readUsageBody(store, call, (record) => {
    columns.add(record);
    result.add(record instanceof RejectedOutcome ? record : { kind: "recorded", record });
  });
  const expected = result.end();
  if (expected instanceof Refusal) throw expected;
  const prepared: PreparedUsage = { revision, columns: columns.columns() };
  return { bytes, prepared, expected };
}

/** Parsing, checking and rating large bodies beside the writer, which is left with the writing alone. */
export const usagePreparation: GroupPreparation<AppendArgs, AppendResult> = {
  operation: sqliteOperation("usage.prepare", prepareUsage),
  complete: completeResult,
};
