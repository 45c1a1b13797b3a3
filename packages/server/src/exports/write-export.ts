import { csvLine } from "./csv.ts";
import type { ExportFormat } from "./export-descriptor.ts";

type Row = Readonly<Record<string, unknown>>;

/** How a format writes rows: what stands before, between and after them. */
interface RowWriter {
  readonly contentType: string;
  readonly head: (columns: readonly string[]) => string;
  readonly row: (row: Row, columns: readonly string[], isFirst: boolean) => string;
  readonly tail: (isEmpty: boolean) => string;
}

const chosen = (row: Row, columns: readonly string[]): Row =>
  Object.fromEntries(columns.filter((name) => row[name] !== undefined).map((name) => [name, row[name]]));

/** The formats of an export. Money and counts beyond 2^53−1 are decimal strings in JSON and plain digits in CSV. */
export const rowWriters: Readonly<Record<ExportFormat, RowWriter>> = {
  csv: {
    contentType: "text/csv; charset=utf-8",
    head: (columns) => csvLine(columns),
    row: (row, columns) => csvLine(columns.map((name) => row[name])),
    tail: () => "",
  },
  json: {
    contentType: "application/json; charset=utf-8",
    head: () => "[",
    row: (row, columns, isFirst) => `${isFirst ? "\n" : ",\n"}${JSON.stringify(chosen(row, columns))}`,
    tail: (isEmpty) => (isEmpty ? "]\n" : "\n]\n"),
  },
  jsonl: {
    contentType: "application/x-ndjson",
    head: () => "",
    row: (row, columns) => `${JSON.stringify(chosen(row, columns))}\n`,
    tail: () => "",
  },
};

/** The file of an export, one chunk for each step of rows. */
export async function* writeExport(
  format: ExportFormat,
  columns: readonly string[],
  steps: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
): AsyncGenerator<string, void, undefined> {
  const writer = rowWriters[format];
  let isFirst = true;
  yield writer.head(columns);
  for await (const rows of steps) {
    let chunk = "";
    for (const row of rows) {
      chunk += writer.row(row, columns, isFirst);
      isFirst = false;
    }
    if (chunk !== "") yield chunk;
  }
  yield writer.tail(isFirst);
}
