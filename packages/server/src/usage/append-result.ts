import { Refusal } from "../refusal.ts";
import { rowOf } from "./insert-record.sqlite.ts";
import type { AppendAnswer, RecordedItem, UsageBytes } from "./ledger.ts";
import { createdText, itemText, type RecordOutcome, recordedItem, summarize } from "./record-outcome.ts";
import { toUsageRecord } from "./record-row.ts";

/** What crosses to the writer beside the bytes. */
export interface AppendArgs extends Omit<UsageBytes, "bytes"> {
  readonly organizationId: string;
  readonly wants: "items" | "answer";
}

/** Items as JSON text, which crosses threads faster than the objects, or the answer. */
export type AppendResult =
  | { readonly wants: "items"; readonly json: string }
  | ({ readonly wants: "answer" } & AppendAnswer);

const nothingCounted = { received: 0, recorded: 0, duplicate: 0, unpriced: 0, rejected: 0 };

/** Says that the result which the preparer expected is the result. */
export const asExpected = (wants: AppendArgs["wants"]): AppendResult =>
  wants === "items" ? { wants, json: "" } : { wants, json: "", summary: nothingCounted };

/** The result, given what the preparer expected. */
export const completeResult = (written: AppendResult, expected: AppendResult): AppendResult =>
  written.json === "" ? expected : written;

/** The result of a body whose records came out like this; the refusal of a single record is the body's own. */
export function appendResult(args: AppendArgs, outcomes: readonly RecordOutcome[]): AppendResult | Refusal {
  if (args.wants === "items") return { wants: "items", json: JSON.stringify(itemsOf(args, outcomes)) };
  const summary = summarize(outcomes);
  if (args.shape !== "record") {
    const data = outcomes.map((outcome, index) => itemText(index, outcome)).join(",");
    return { wants: "answer", json: `{"data":[${data}],"summary":${JSON.stringify(summary)}}`, summary };
  }
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error("a single record has no outcome");
  if (outcome.kind === "rejected") {
    const { code, message, fieldErrors } = outcome.rejection;
    return new Refusal(code, message, fieldErrors === undefined ? {} : { fieldErrors });
  }
  const row = outcome.kind === "duplicate" ? outcome.row : rowOf(outcome.record);
  return { wants: "answer", json: createdText(outcome.record, row, outcome.kind === "duplicate"), summary };
}

function itemsOf(args: AppendArgs, outcomes: readonly RecordOutcome[]): readonly RecordedItem[] {
  const items = outcomes.map((outcome, index) => recordedItem(index, outcome));
  const [item] = items;
  const [outcome] = outcomes;
  if (args.shape !== "record" || item === undefined || outcome === undefined || outcome.kind === "rejected")
    return items;
  const record = toUsageRecord(outcome.kind === "duplicate" ? outcome.row : rowOf(outcome.record));
  return [{ ...item, record }];
}
