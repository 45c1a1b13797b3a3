import { apiKeyIdOf } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { GrowingBytes } from "../store/growing-bytes.ts";
import { type CountedUsage, UsageCounter } from "./counted-usage.ts";
import type { AppendAnswer, RecordedItem, UsageBytes } from "./ledger.ts";
import { rowOf } from "./record-columns.ts";
import { addItem, createdText, type RecordOutcome, recordedItem } from "./record-outcome.ts";
import { toUsageRecord } from "./record-row.ts";

/** What crosses to the writer beside the bytes. */
export interface AppendArgs extends Omit<UsageBytes, "bytes" | "recordedBy" | "onCounted"> {
  readonly organizationId: string;
  readonly wants: "items" | "answer";
  /** The API key that records; absent where none does. */
  readonly apiKeyId?: string;
  /** Whether somebody wants to know what the new records come to. */
  readonly isCounted?: boolean;
}

/** What crosses of a body. */
export const toAppendArgs = (
  organizationId: string,
  { bytes: _, recordedBy, onCounted, ...rest }: UsageBytes,
  wants: AppendArgs["wants"],
): AppendArgs => {
  const apiKeyId = recordedBy === undefined ? null : apiKeyIdOf(recordedBy);
  return {
    ...rest,
    organizationId,
    wants,
    ...(apiKeyId === null ? {} : { apiKeyId }),
    ...(onCounted === undefined ? {} : { isCounted: true }),
  };
};

/** Items as JSON text, which crosses threads faster than the objects, or the answer. */
export type AppendResult = (
  | { readonly wants: "items"; readonly json: string }
  | ({ readonly wants: "answer" } & AppendAnswer)
) & { readonly counted?: CountedUsage };

const nothingCounted = { received: 0, recorded: 0, duplicate: 0, unpriced: 0, rejected: 0 };

/** Says that the result which the preparer expected is the result. */
export const asExpected = (wants: AppendArgs["wants"]): AppendResult =>
  wants === "items" ? { wants, json: "" } : { wants, json: "", summary: nothingCounted };

/** The result, given what the preparer expected. */
export const completeResult = (written: AppendResult, expected: AppendResult): AppendResult =>
  written.json === "" ? expected : written;

/** Puts a body's result together from what became of its records, one after the other. */
export class ResultWriter {
  readonly #args: AppendArgs;
  readonly #summary = { received: 0, recorded: 0, duplicate: 0, unpriced: 0, rejected: 0 };
  /** The answer's JSON as far as it is known, from `start` on. */
  readonly #items = new GrowingBytes(firstBytes);
  readonly #counter: UsageCounter | undefined;
  #last: RecordOutcome | undefined;

  constructor(args: AppendArgs) {
    this.#args = args;
    this.#counter = args.isCounted === true && args.importing?.dryRun !== true ? new UsageCounter() : undefined;
  }

  add(outcome: RecordOutcome): void {
    const items = this.#items;
    const { shape, wants } = this.#args;
    const summary = this.#summary;
    const index = summary.received;
    summary.received += 1;
    summary[outcome.kind] += 1;
    if (outcome.kind === "recorded" && outcome.record.series.costStatus === "unpriced") summary.unpriced += 1;
    if (outcome.kind === "recorded") this.#counter?.add(outcome.record);
    this.#last = outcome;
    if (wants === "answer" && shape === "record") return;
    items.addAscii(index > 0 ? "," : wants === "answer" ? start : "[");
    if (wants === "answer") addItem(items, index, outcome);
    else items.addText(JSON.stringify(fullItem(shape, index, outcome)));
  }

  /** The result; where the body is a single record and rejected, the refusal of the call. */
  end(): AppendResult | Refusal {
    const result = this.#end();
    if (this.#counter === undefined || result instanceof Refusal) return result;
    return { ...result, counted: this.#counter.total() };
  }

  #end(): AppendResult | Refusal {
    const { shape, wants } = this.#args;
    const items = this.#items;
    const summary = this.#summary;
    if (wants === "items") {
      items.addAscii(summary.received === 0 ? "[]" : "]");
      return { wants, json: items.toString() };
    }
    if (shape !== "record") {
      if (summary.received === 0) items.addAscii(start);
      items.addAscii(`],"summary":${JSON.stringify(summary)}}`);
      return { wants, json: items.length >= bytesFrom ? items.toBytes() : items.toString(), summary };
    }
    const outcome = this.#last;
    if (outcome === undefined) throw new Error("a single record has no outcome");
    if (outcome.kind === "rejected") {
      const { code, message, fieldErrors } = outcome.rejection;
      return new Refusal(code, message, fieldErrors === undefined ? {} : { fieldErrors });
    }
    const row = outcome.kind === "duplicate" ? outcome.row : rowOf(outcome.record);
    return { wants, json: createdText(outcome.record, row, outcome.kind === "duplicate"), summary };
  }
}

/** Texts from this length on cross threads as bytes: megabytes of texts that wait for the disk burden the collector. */
const bytesFrom = 16 * 1024;
const firstBytes = 4 * 1024;
const start = '{"data":[';

/** An answer's JSON as text. */
export const textOf = ({ json }: Pick<AppendAnswer, "json">): string =>
  typeof json === "string" ? json : Buffer.from(json.buffer).toString();

/** The buffers in a result that can be moved to another thread. */
export const movedWith = ({ json }: AppendResult): readonly ArrayBuffer[] =>
  typeof json === "string" ? [] : [json.buffer];

/** An item for callers inside the server; that of a single record carries the record. */
function fullItem(shape: AppendArgs["shape"], index: number, outcome: RecordOutcome): RecordedItem {
  const item = recordedItem(index, outcome);
  if (shape !== "record" || outcome.kind === "rejected") return item;
  const record = toUsageRecord(outcome.kind === "duplicate" ? outcome.row : rowOf(outcome.record));
  return { ...item, record };
}
