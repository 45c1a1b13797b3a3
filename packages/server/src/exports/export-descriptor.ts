import type { Dimension, exportFormats } from "@llm-cost-ops/contract";
import type { Period, RecordFilter } from "../costs/cost-filter.ts";
import type { AnswerRow } from "../costs/cost-query.ts";
import type { ChosenField } from "../costs/read-question.ts";
import type { Caller } from "../http/route.ts";

export type ExportFormat = (typeof exportFormats)[number];

/** What an export is of, fixed when it was described, so that downloading it twice gives the same file. */
export interface ExportDescriptor {
  readonly id: string;
  readonly format: ExportFormat;
  readonly createdAtMs: number;
  readonly period: Period;
  readonly filter: RecordFilter;
  /** Records that were received later are not part of it. */
  readonly receivedBeforeMs: number;
  readonly fields: readonly ChosenField[] | null;
  /** Null for an export of records. */
  readonly groupBy: readonly Dimension[] | null;
}

/** A page of descriptors, newest first. */
export interface ExportPage {
  readonly items: readonly ExportDescriptor[];
  readonly hasMore: boolean;
}

/** Who describes or asks for exports: `records` is the part of the records that they are limited to. */
export type ExportMaker = Pick<Caller, "organizationId" | "records">;

/** Keeps descriptors and, for exports of sums, their rows. */
export interface ExportStore {
  insert(
    { organizationId, records }: ExportMaker,
    descriptor: ExportDescriptor,
    rows: readonly AnswerRow[] | null,
  ): Promise<void>;
  /** Undefined also where the export may hold records that the caller must not see. */
  find({ organizationId, records }: ExportMaker, id: string): Promise<ExportDescriptor | undefined>;
  /** The rows of an export of sums; empty for one of records. */
  findRows(organizationId: string, id: string): Promise<readonly AnswerRow[]>;
  list(
    { organizationId, records }: ExportMaker,
    page: { readonly limit: number; readonly offset: number; readonly beforeId: string | undefined },
  ): Promise<ExportPage>;
}
