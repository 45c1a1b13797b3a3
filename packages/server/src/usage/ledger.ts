import type { UsageBatchItem, UsageRecord } from "@llm-cost-ops/contract";
import type { Caller } from "../http/route.ts";
import type { RecordScope } from "../identity/record-scope.ts";
import type { CountedUsage } from "./counted-usage.ts";

/** Bytes that carry usage records, as they came from the wire. */
export interface UsageBytes {
  /** `record`: one JSON object. `batch`: a JSON list or `{records: […]}`. `lines`: one JSON object a line. */
  readonly shape: "record" | "batch" | "lines";
  /** `usage` is priced here; `cost` carries its own price. */
  readonly entry: "usage" | "cost";
  readonly bytes: Uint8Array;
  readonly source: string;
  readonly requirePrice: boolean;
  /** The part of the records that the credential may record: see `placeWithin`. */
  readonly within?: RecordScope | undefined;
  /** The request's idempotency key: records without an id get one that it and their position decide. */
  readonly idempotencyKey?: string;
  /** The policy of imports. */
  readonly importing?: ImportPolicy;
  /** Who records it, under whose limits it counts. Records say which API key it was. */
  readonly recordedBy?: Caller;
  /** Told once what the new records come to, when they are on disk. */
  readonly onCounted?: ((counted: CountedUsage) => void) | undefined;
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

/** What became of a whole body. */
export interface AppendSummary {
  readonly received: number;
  readonly recorded: number;
  readonly duplicate: number;
  readonly unpriced: number;
  readonly rejected: number;
}

/** The answer to a body, as it goes over the wire. */
export interface AppendAnswer {
  /** JSON; where it is long in UTF-8, in a buffer of its own. */
  readonly json: string | Uint8Array<ArrayBuffer>;
  readonly summary: AppendSummary;
}

/** The append side of the ledger. Resolves only when everything accepted is on disk. */
export interface Ledger {
  /**
   * Records what the bytes carry for the organization. Whole-body refusals (broken JSON, too many records) reject with
   * a `Refusal`; record-level refusals are items with status `rejected` and never affect their neighbours.
   * The bytes may be moved away from the caller, who must not use them again.
   */
  append(organizationId: string, usage: UsageBytes): Promise<readonly RecordedItem[]>;
  /**
   * The same with the contract's answer in place of items: `UsageCreated` or `CostCreated` for a single record, whose
   * refusal rejects the call, `UsageBatchResult` for several. A duplicate in `summary` means that it was replayed.
   */
  answer(organizationId: string, usage: UsageBytes): Promise<AppendAnswer>;
}
