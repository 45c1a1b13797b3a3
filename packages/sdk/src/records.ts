import type * as Wire from "@llm-cost-ops/contract";
import { type FromWire, fromWire, isRecord, type ToWire } from "./wire.ts";

/** A provider's name. The known ones complete in an editor; any other is as good. */
export type Provider =
  | "openai"
  | "anthropic"
  | "google"
  | "azure"
  | "aws"
  | "cohere"
  | "mistral"
  | "deepseek"
  | "groq"
  | "xai"
  | "openrouter"
  | (string & {});

/** A map, or a list whose entries are `key`, `key:value` or `key=value`. */
export type TagsInput = Readonly<Record<string, string | number | boolean>> | readonly string[];

export type CostStatus = Wire.CostRecord["cost_status"];
export type UsageStatus = Wire.CostRecord["usage_status"];

/** Something that the caller should know though the request succeeded. */
export interface Warning extends FromWire<Wire.Warning> {}

/** One recorded call. `totalCost` is null while the call is unpriced, never 0; `totalCostExact` has every digit. */
export interface UsageRecord extends FromWire<Wire.UsageRecord> {}

/** The cost of one call. `cost` and `amount` are other names of `totalCost`; all are null while the call is unpriced. */
export interface CostRecord extends FromWire<Wire.CostRecord> {
  readonly cost: number | null;
  readonly amount: number | null;
}

/** A cost that is known, such as one that was just reported. */
export interface CostEntry extends Omit<CostRecord, "cost" | "amount" | "totalCost" | "totalCostExact" | "currency"> {
  readonly cost: number;
  readonly amount: number;
  readonly totalCost: number;
  readonly totalCostExact: string;
  readonly currency: string;
}

/** Everything that is needed to redo a cost by hand. */
export interface Explanation extends FromWire<Wire.Explanation> {}

/** One call to record: counts as the provider gives them (inputs include cached tokens), or its whole `usage` object. */
export interface CreateUsageParams extends ToWire<Omit<Wire.UsageInput, "provider" | "usage" | "tags">> {
  readonly provider?: Provider | undefined;
  /** The provider's usage object as its own client types it. */
  readonly usage?: object | undefined;
  readonly tags?: TagsInput | null | undefined;
}

/** A cost that was priced elsewhere. */
export interface CreateCostParams extends ToWire<Omit<Wire.CostInput, "provider" | "tags">> {
  readonly provider?: Provider | undefined;
  readonly tags?: TagsInput | null | undefined;
}

/** Outcome of each record of a batch, in order. */
export interface BatchResult {
  readonly data: readonly FromWire<Wire.UsageBatchItem>[];
  readonly summary: FromWire<Wire.UsageBatchResult["summary"]>;
}

/** What stands in `data`, or the whole answer where it has no envelope. */
export function dataOf(answer: unknown): unknown {
  return isRecord(answer) && "data" in answer ? answer["data"] : answer;
}

export function warningsOf(answer: unknown): Warning[] {
  return isRecord(answer) && Array.isArray(answer["warnings"]) ? fromWire<Wire.Warning[]>(answer["warnings"]) : [];
}

export function costFromWire(value: unknown): CostRecord {
  const record = fromWire<Wire.CostRecord>(value);
  return "totalCost" in record
    ? { ...record, cost: record.totalCost, amount: record.totalCost }
    : (record as CostRecord);
}
