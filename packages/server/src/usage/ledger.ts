import type { UsageBatchItem, UsageRecord } from "@llm-cost-ops/contract";

/** Bytes that carry usage records, as they came from the wire. */
export interface UsageBytes {
  /** `record`: one JSON object. `batch`: a JSON list or `{records: […]}`. `lines`: one JSON object a line. */
  readonly shape: "record" | "batch" | "lines";
  /** `usage` is priced here; `cost` carries its own price. */
  readonly entry: "usage" | "cost";
  readonly bytes: Uint8Array;
  readonly source: string;
  readonly requirePrice: boolean;
  /** Defaults for records that do not say, and the policy of imports. */
  readonly importing?: ImportPolicy;
}

/** How an import differs from a live call. */
export interface ImportPolicy {
  /** A known id with other content counts as a duplicate if its tokens agree or it came from another source. */
  readonly tolerateSameCall: boolean;
  readonly dryRun: boolean;
}

/** What became of one record. `record` is filled for `shape: "record"` only, to keep batches cheap. */
export interface RecordedItem extends UsageBatchItem {
  readonly record?: UsageRecord;
  readonly unpriced_reason?: string;
  readonly provider?: string;
  readonly model?: string;
}

/** The append side of the ledger. Resolves only when everything accepted is on disk. */
export interface Ledger {
  /**
   * Records what the bytes carry for the organization. Whole-body refusals (broken JSON, too many records) reject with
   * a `Refusal`; record-level refusals are items with status `rejected` and never affect their neighbours.
   */
  append(organizationId: string, usage: UsageBytes): Promise<readonly RecordedItem[]>;
}
