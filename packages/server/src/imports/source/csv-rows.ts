import { pipeline, Readable } from "node:stream";
import type { FileHead } from "./file-head.ts";
import { lineBytesMax } from "./source-lines.ts";

/** A row by its column names, or why it cannot be read. */
export interface CsvRow {
  /** The line on which the row ends, counted from 1. */
  readonly line: number;
  readonly row: Readonly<Record<string, string>> | undefined;
  readonly rejected?: string;
  readonly content: string;
}

type Parsed = { readonly record: readonly string[]; readonly info: { readonly lines: number } };

/** How far a header is looked for in the head of a file. */
const headerCharsMax = 16_384;
const replacement = "\uFFFD";

/** The columns of the first line; empty for what does not look like a table. */
export function headerOf(head: FileHead): readonly string[] {
  if (head.startsLikeJson) return [];
  const line = head.text.slice(0, headerCharsMax).split(/\r?\n/, 1)[0] ?? "";
  const delimiter = delimiterOf(line);
  const cells = line.split(delimiter).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  return cells.length > 1 || /^[A-Za-z_ ]+$/.test(line) ? cells : [];
}

/** Spreadsheets of some countries separate with semicolons; databases with tabs. */
export function delimiterOf(header: string): "," | ";" | "\t" {
  const counts = ([",", ";", "\t"] as const).map((delimiter) => ({ delimiter, count: header.split(delimiter).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}

/**
 * The rows of a CSV file (RFC 4180; comma, semicolon or tab), by the names in its first line. Rows of another length than
 * the header and rows that are not UTF-8 are given as rejected, alone.
 */
export async function* readCsvRows(source: AsyncIterable<Uint8Array>, delimiter = ","): AsyncIterable<CsvRow> {
  const { parse } = await import("csv-parse");
  const parser = parse({
    bom: true,
    delimiter,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: lineBytesMax,
  });
  pipeline(Readable.from(source, { objectMode: true, highWaterMark: 2 }), parser, () => {});
  let header: readonly string[] | undefined;
  let line = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      line = info.lines;
      if (header === undefined) {
        header = record.map((cell) => cell.trim());
        continue;
      }
      yield toRow(header, record, line);
    }
  } catch (error) {
    if (!isCsvError(error)) throw error;
    yield {
      line: line + 1,
      row: undefined,
      rejected: `the rest of the file cannot be read: ${error.message}`,
      content: "",
    };
  }
}

function toRow(header: readonly string[], cells: readonly string[], line: number): CsvRow {
  const content = cells.join(",").slice(0, 1_000);
  const rejected =
    cells.length !== header.length
      ? `has ${cells.length} columns where the header has ${header.length}`
      : cells.some((cell) => cell.includes(replacement))
        ? "not valid UTF-8"
        : undefined;
  if (rejected !== undefined) return { line, row: undefined, rejected, content };
  const row: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let index = 0; index < header.length; index++) row[header[index] as string] = cells[index] as string;
  return { line, row, content };
}

const isCsvError = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("CSV_");
