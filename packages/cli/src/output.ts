import Table from "cli-table3";
import { stringify } from "yaml";

export const outputFormats = ["table", "json", "csv", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** A column of a table: its heading, the value for machines and, where it differs, the text for people. */
export interface Column<Row> {
  readonly heading: string;
  readonly value: (row: Row) => string | number | null;
  readonly text?: (row: Row) => string;
  readonly align?: "right";
}

/** Where a command writes: data to stdout, talk to stderr. */
export interface Terminal {
  readonly format: OutputFormat;
  readonly color: boolean;
  readonly quiet: boolean;
  readonly interactive: boolean;
  data(text: string): void;
  talk(text: string): void;
}

/** Writes an answer: JSON and YAML whole, CSV and tables as rows. `document` is what machines get. */
export function writeRows<Row>(terminal: Terminal, document: unknown, rows: readonly Row[], columns: readonly Column<Row>[]): void {
  switch (terminal.format) {
    case "json":
      return terminal.data(`${JSON.stringify(document, null, 2)}\n`);
    case "yaml":
      return terminal.data(stringify(document));
    case "csv":
      return terminal.data(
        [columns.map((column) => column.heading), ...rows.map((row) => columns.map((column) => column.value(row)))]
          .map((cells) => `${cells.map(csvCell).join(",")}\r\n`)
          .join(""),
      );
    case "table":
      return terminal.data(`${renderTable(terminal, rows, columns)}\n`);
  }
}

/** Quotes what RFC 4180 asks for and defuses text that a spreadsheet would take for a formula. */
function csvCell(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  const defused = /^[=+@\t\r]/.test(text) || (/^-/.test(text) && !/^-\d+(\.\d+)?$/.test(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}

/** A table without vertical rules: quiet enough to read, easy to copy. */
export function renderTable<Row>(terminal: Pick<Terminal, "color">, rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const table = new Table({
    head: columns.map((column) => (terminal.color ? `\u001b[1m${column.heading}\u001b[22m` : column.heading)),
    colAligns: columns.map((column) => column.align ?? "left"),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 },
    chars: Object.fromEntries(
      ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right", "left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"].map((name) => [name, ""]),
    ),
  });
  table.push(...rows.map((row) => columns.map((column) => printable(column.text === undefined ? String(column.value(row) ?? "–") : column.text(row)))));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Text from outside never moves the cursor or changes colours. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, "\ufffd");
}

/** One answer as key and value, for commands that show a single thing. */
export function writeRecord(terminal: Terminal, document: Readonly<Record<string, unknown>>): void {
  const rows = Object.entries(document);
  writeRows(terminal, document, rows, [
    { heading: "field", value: ([name]) => name },
    { heading: "value", value: ([, value]) => plain(value) },
  ]);
}

const plain = (value: unknown): string | number | null =>
  value === null || value === undefined ? null : typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
