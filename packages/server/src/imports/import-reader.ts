import type { ImportFormat, UsageInput } from "@llm-cost-ops/contract";
import type { FileHead } from "./source/file-head.ts";

/** A record on its way in: what a caller of the API would send. */
export type ImportedRecord = UsageInput;

/**
 * What a reader found at a line (counted from 1; for JSON lists the line on which the element begins).
 * `json` is a record that needs no further look: one JSON object with its `id`, as bytes.
 * `skipped` lines carry no usage and are nobody's fault; `rejected` ones should have been records.
 */
export type ReadItem =
  | { readonly line: number; readonly record: ImportedRecord }
  | { readonly line: number; readonly json: Uint8Array }
  | { readonly line: number; readonly skipped: string }
  | { readonly line: number; readonly rejected: string; readonly field?: string; readonly content: string };

/** What a reader may know beside the bytes. */
export interface ReadContext {
  readonly name: string | undefined;
  /** The `map` option, for CSV. */
  readonly map: string | undefined;
  /** Whether records get defaults from the options, so that none may pass unparsed. */
  readonly hasDefaults: boolean;
  readonly defaultProvider: string | undefined;
  /** Gives a record without identity the same id in every run; see `RecordIdentity`. */
  readonly identify: (content: Uint8Array | string, occurredAtMs: number | undefined) => string;
}

/** One file format. Readers stream: they hold a bounded part of the file at any time. */
export interface ImportReader {
  readonly format: ImportFormat;
  /** How surely the head of a file is of this format: 0 (not at all) to 100. */
  sniff(head: FileHead, context: Pick<ReadContext, "map">): number;
  /** Refuses options that do not fit the file, before anything is read. */
  check?(head: FileHead, context: Pick<ReadContext, "map">): void;
  /** Reads plain bytes (already unzipped). Never throws for what is in the file. */
  read(source: AsyncIterable<Uint8Array>, head: FileHead, context: ReadContext): AsyncIterable<ReadItem>;
}
