import Table from "cli-table3";
import { printable } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/** A column of a table for people. */
export interface Column<Row> {
  readonly heading: string;
  readonly text: (row: Row) => string;
  readonly align?: "right";
}

/** An answer in every form: the document for machines, its rows as fields for CSV and as columns for people. */
export interface Answer<Row extends object> {
  readonly document: unknown;
  readonly rows: readonly Row[];
  /** The fields of a CSV, in order; those of the first row if absent. */
  readonly fields?: readonly string[];
  readonly columns: readonly Column<Row>[];
  /** Rows that only people see below a line, such as totals: cells as they are to be shown. */
  readonly footer?: readonly (readonly string[])[];
  /** What people read where there are no rows. */
  readonly none?: string;
}

/** Writes an answer in the format that was asked for. */
export async function writeAnswer<Row extends object>(terminal: Terminal, answer: Answer<Row>): Promise<void> {
  switch (terminal.format) {
    case "json":
      return terminal.data(`${JSON.stringify(answer.document, null, 2)}\n`);
    case "yaml": {
      const { stringify } = await import("yaml");
      return terminal.data(stringify(answer.document, { lineWidth: 0, aliasDuplicateObjects: false }));
    }
    case "csv":
      return terminal.data(renderCsv(answer.rows, answer.fields ?? Object.keys(answer.rows[0] ?? {})));
    case "table":
      if (answer.rows.length === 0) return terminal.talk(answer.none ?? "Nothing found.");
      return terminal.data(`${renderTable(terminal, answer.rows, answer.columns, answer.footer)}\n`);
    default:
      return terminal.format satisfies never;
  }
}

/** Writes one thing: the document, or its fields as CSV of two columns. `show` is how people see it. */
export async function writeRecord(terminal: Terminal, document: object, show?: () => string): Promise<void> {
  if (terminal.format === "table" && show !== undefined) return terminal.data(`${show()}\n`);
  await writeAnswer(terminal, {
    document,
    rows: Object.entries(document).map(([field, value]) => ({ field, value })),
    fields: ["field", "value"],
    columns: [
      { heading: "field", text: ({ field }) => field },
      { heading: "value", text: ({ value }) => String(plain(value) ?? "–") },
    ],
  });
}

/** A value in one cell: numbers and text as they are, anything composed as JSON. */
const plain = (value: unknown): string | number | null =>
  value === null || value === undefined
    ? null
    : typeof value === "string" || typeof value === "number"
      ? value
      : JSON.stringify(value);

function renderCsv(rows: readonly object[], fields: readonly string[]): string {
  const records = rows.map((row) => fields.map((field) => plain((row as Record<string, unknown>)[field])));
  return [fields, ...records].map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

/** Quotes what RFC 4180 asks for and defuses text that a spreadsheet would take for a formula. */
function csvCell(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  const defused = /^[=+@\t\r]/.test(text) || (/^-/.test(text) && !/^-\d+(\.\d+)?$/.test(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}

const gap = 2;
const columnWidthMin = 8;

/** A table without vertical rules: quiet enough to read, easy to copy. Text columns shrink to fit a narrow screen. */
export function renderTable<Row>(
  terminal: Pick<Terminal, "paint" | "columns">,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  footer: readonly (readonly string[])[] = [],
): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.text(row))));
  const headings = columns.map(({ heading }) => heading);
  const widths = fit([headings, ...cells, ...footer], columns, terminal.columns);
  const table = new Table({
    head: headings.map(terminal.paint.bold),
    colAligns: columns.map((column) => column.align ?? "left"),
    ...(widths === undefined ? {} : { colWidths: widths }),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": gap },
    chars: noRules,
  });
  table.push(...cells, ...footer.map((line) => line.map(terminal.paint.bold)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Widths with the gap, where the natural ones do not fit: the widest text columns give way first, numbers never. */
function fit<Row>(
  lines: readonly (readonly string[])[],
  columns: readonly Column<Row>[],
  available: number | undefined,
): number[] | undefined {
  const widths = columns.map((_, at) => gap + Math.max(...lines.map((line) => (line[at] ?? "").length)));
  const total = (): number => widths.reduce((sum, width) => sum + width, 0);
  if (available === undefined || total() <= available) return undefined;
  while (total() > available) {
    const widest = widths.reduce(
      (best, width, at) => (columns[at]?.align !== "right" && width > (widths[best] ?? 0) ? at : best),
      columns.findIndex((column) => column.align !== "right"),
    );
    const width = widths[widest];
    if (width === undefined || width <= columnWidthMin + gap) break;
    widths[widest] = width - 1;
  }
  return widths;
}

const noRules = Object.fromEntries(
  [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
    "left",
    "left-mid",
    "mid",
    "mid-mid",
    "right",
    "right-mid",
    "middle",
  ].map((name) => [name, ""]),
);
