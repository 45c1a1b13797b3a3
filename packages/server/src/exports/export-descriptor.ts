import type { Dimension, exportFormats } from "@llm-cost-ops/contract";
import type { Period, RecordFilter } from "../costs/cost-filter.ts";
import type { AnswerRow } from "../costs/cost-query.ts";
import type { ChosenField } from "../costs/read-question.ts";

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

/** Keeps descriptors and, for exports of sums, their rows. */
export interface ExportStore {
  insert(organizationId: string, descriptor: ExportDescriptor, rows: readonly AnswerRow[] | null): Promise<void>;
  find(organizationId: string, id: string): Promise<ExportDescriptor | undefined>;
  /** The rows of an export of sums; empty for one of records. */
  findRows(organizationId: string, id: string): Promise<readonly AnswerRow[]>;
  list(
    organizationId: string,
    page: { readonly limit: number; readonly offset: number; readonly beforeId: string | undefined },
  ): Promise<ExportPage>;
}
