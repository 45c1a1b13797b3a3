import { Refusal } from "../../refusal.ts";
import type { ImportReader } from "../import-reader.ts";
import { delimiterOf, headerOf, readCsvRows } from "../source/csv-rows.ts";
import type { FileHead } from "../source/file-head.ts";
import { type ColumnMap, mapHeaders, mapsUsage, parseColumnMap, rowRecord } from "./csv-columns.ts";

/** Tables: columns by the `map` option, else by their headers where those are names that we know. */
export const csv: ImportReader = {
  format: "csv",
  sniff: (head, { map }) => {
    const header = headerOf(head);
    if (header.length === 0) return 0;
    if (map !== undefined) return 60;
    return mapsUsage(mapHeaders(header)) ? 50 : 0;
  },
  check: (head, { map }) => void columnMapOf(head, map),
  async *read(source, head, { map: option }) {
    const map = columnMapOf(head, option);
    const delimiter = delimiterOf(head.text.split(/\r?\n/, 1)[0] ?? "");
    for await (const { line, row, rejected, content } of readCsvRows(source, delimiter)) {
      if (row === undefined) yield { line, rejected: rejected ?? "cannot be read", content };
      else yield rowRecord(map, row, line, content);
    }
  },
};

/** Columns that the option does not name keep the meaning of their header. */
function columnMapOf(head: FileHead, option: string | undefined): ColumnMap {
  const header = headerOf(head);
  const byHeader = mapHeaders(header);
  const given = option === undefined ? new Map() : parseColumnMap(option);
  if ("wrong" in given) {
    throw refused(`${given.wrong} is not field=Column or field='text' with a field of a usage record`);
  }
  const columns = new Set(header);
  for (const [field, source] of given) {
    if ("column" in source && !columns.has(source.column)) {
      throw refused(`${field}: the file has no column ${source.column}; it has ${header.slice(0, 40).join(", ")}`);
    }
  }
  const taken = new Set([...given.values()].map((source) => ("column" in source ? source.column : "")));
  const free = [...byHeader].filter(([, source]) => "column" in source && !taken.has(source.column));
  const map = new Map([...free, ...given]);
  if (mapsUsage(map)) return map;
  throw refused(`no column is mapped to input_tokens or output_tokens; the file has ${header.slice(0, 40).join(", ")}`);
}

const refused = (problem: string): Refusal =>
  new Refusal("VALIDATION_ERROR", `The map of columns does not fit: ${problem}.`, { fieldErrors: { map: problem } });
