import Table from "cli-table3";
import { printable } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/** A column of a table for people. */
export interface Column<Row> {
  readonly heading: string;
  readonly text: (row: Row) => string;
  readonly align?: "right";
  /** May be left out on a screen that is too narrow, the last one first. */
  readonly isOptional?: boolean;
  /** Is never shortened, because it is to be copied. */
  readonly isWhole?: boolean;
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

/**
 * A table without vertical rules: quiet enough to read, easy to copy. On a narrow screen optional columns are left out
 * and then text is shortened; numbers never are.
 */
export function renderTable<Row>(
  terminal: Pick<Terminal, "paint" | "columns">,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  footer: readonly (readonly string[])[] = [],
): string {
  const drawn = columns.map(
    (column, at): Drawn => ({
      heading: column.heading,
      cells: rows.map((row) => printable(column.text(row))),
      footer: footer.map((line) => printable(line[at] ?? "")),
      align: column.align ?? "left",
      isOptional: column.isOptional ?? false,
      canShorten: column.align !== "right" && column.isWhole !== true,
    }),
  );
  const { shown, widths } = fit(drawn, terminal.columns);
  const table = new Table({
    head: shown.map(({ heading }) => terminal.paint.bold(heading)),
    colAligns: shown.map(({ align }) => align),
    ...(widths === undefined ? {} : { colWidths: [...widths] }),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": gap },
    chars: noRules,
  });
  table.push(
    ...rows.map((_, at) => shown.map(({ cells }) => cells[at] ?? "")),
    ...footer.map((_, at) => shown.map((column) => terminal.paint.bold(column.footer[at] ?? ""))),
  );
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** A column with its texts. */
interface Drawn {
  readonly heading: string;
  readonly cells: readonly string[];
  readonly footer: readonly string[];
  readonly align: "left" | "right";
  readonly isOptional: boolean;
  readonly canShorten: boolean;
}

const naturalWidth = ({ heading, cells, footer }: Drawn): number =>
  gap + [heading, ...cells, ...footer].reduce((widest, text) => Math.max(widest, text.length), 0);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** What is shown of a table, and in which widths where the natural ones are too wide. */
function fit(
  columns: readonly Drawn[],
  available: number | undefined,
): { readonly shown: readonly Drawn[]; readonly widths?: readonly number[] } {
  let shown = columns;
  for (;;) {
    const widths = shown.map(naturalWidth);
    if (available === undefined || sum(widths) <= available) return { shown };
    const last = shown.findLastIndex(({ isOptional }) => isOptional);
    if (last === -1) return { shown, widths: shorten(widths, shown, available) };
    shown = shown.filter((_, at) => at !== last);
  }
}

/** Takes from the widest text column, one character at a time, until all fit or none can give more. */
function shorten(natural: readonly number[], columns: readonly Drawn[], available: number): readonly number[] {
  const widths = [...natural];
  while (sum(widths) > available) {
    const texts = widths.map((width, at) => (columns[at]?.canShorten ? width : 0));
    const widest = texts.indexOf(Math.max(...texts));
    if ((texts[widest] ?? 0) <= columnWidthMin + gap) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
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
