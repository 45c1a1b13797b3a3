import type { ChartTable } from "../../chart/download.ts";
import { compareDecimals } from "../../format/decimal.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatChange, formatCount, formatShare } from "../../format/numbers.ts";
import type { Column } from "../../table/data-table.tsx";
import { type Condition, labelOf } from "./dimensions.ts";
import type { GroupSums, Question } from "./explore-questions.ts";
import { nameOf, standsForOthers } from "./groups.ts";
import { type Measure, measures, type Row, totalOf, writingOf } from "./measures.ts";

/** A row of the server's answer beside the one of the period before. */
export interface GroupLine {
  readonly key: string;
  readonly conditions: readonly Condition[];
  readonly row: Row;
  /** The same group in the period before; absent where it is not compared, null where there was none. */
  readonly before?: Row | null;
  /** What all come to by the measure; of money all of its currency. */
  readonly whole: string | null;
}

const keyOf = (row: Row, by: readonly string[]): string =>
  JSON.stringify([...by.map((id) => row[id] ?? null), row.currency]);

/** The largest by the measure first, one row for each currency, those without a price apart. */
export function groupLines({ asked, now, before }: GroupSums, measure: Measure): readonly GroupLine[] {
  const { by } = asked;
  const earlier = new Map(before?.data.map((row) => [keyOf(row, by), row]));
  const own = now.data.filter((row) => !standsForOthers(row));
  const lines = own.map((row) => {
    const key = keyOf(row, by);
    return {
      key,
      row,
      conditions: by.map((dimension) => ({ dimension, value: (row[dimension] ?? null) as string | null })),
      whole: totalOf(now.totals, measure, row.currency ?? ""),
      ...(before === undefined ? {} : { before: earlier.get(key) ?? null }),
    };
  });
  // By cost the server has put them in order.
  if (measure.id === "cost") return lines;
  const sizeOf = ({ row }: GroupLine): string | null => (isPriceless(row, measure) ? null : measure.of(row));
  return lines.toSorted((left, right) => {
    const [a, b] = [sizeOf(left), sizeOf(right)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return compareDecimals(b, a);
  });
}

/** A sum of money over calls without a price is not 0: it is not known. */
const isPriceless = (row: Row, measure: Measure): boolean => measure.isMoney && row.currency === null;

interface Figure {
  readonly key: string;
  readonly label: string;
  readonly text: (line: GroupLine) => string;
  readonly sortBy?: (line: GroupLine) => string | null;
}

const count = (key: string, label: string, of: (row: Row) => number | string | undefined): Figure => ({
  key,
  label,
  text: ({ row }) => formatCount(of(row)),
  sortBy: ({ row }) => String(of(row) ?? 0),
});

/** What stands beside every measure, under short names. */
const always: readonly Figure[] = [
  {
    key: "cost",
    label: "Cost",
    text: ({ row }) => (row.currency === null ? "unpriced" : formatMoneyExact(row.totalCostExact, row.currency)),
    sortBy: ({ row }) => row.totalCostExact ?? null,
  },
  count("requests", "Requests", (row) => row.totalRequests),
  {
    key: "average",
    label: "Per request",
    text: ({ row }) => formatMoneyExact(row.avgCostPerRequestExact, row.currency),
    sortBy: ({ row }) => row.avgCostPerRequestExact ?? null,
  },
  count("input", "Input", (row) => row.inputTokens),
  count("cached", "Cached", (row) => row.cachedTokens),
  count("output", "Output", (row) => row.outputTokens),
  count("reasoning", "Reasoning", (row) => row.reasoningTokens),
];

/** The measure that is asked for with its share and what it was before, then the others. */
function figuresOf({ compare }: Question, measure: Measure): readonly Figure[] {
  const written = (row: Row): string => writingOf(measure, row.currency ?? "").exact(measure.of(row));
  return [
    {
      key: measure.id,
      label: measure.label,
      text: ({ row }) => (isPriceless(row, measure) ? "unpriced" : written(row)),
      sortBy: ({ row }) => (isPriceless(row, measure) ? null : measure.of(row)),
    },
    ...(measure.adds
      ? [
          {
            key: "share",
            label: "Share",
            text: ({ row, whole }: GroupLine) => {
              const value = measure.of(row);
              return value === null || whole === null || isPriceless(row, measure) ? "" : formatShare(value, whole);
            },
          },
        ]
      : []),
    ...(compare
      ? [
          {
            key: "change",
            label: "Change",
            text: ({ row, before }: GroupLine) => {
              const [value, was] = [measure.of(row), before == null ? null : measure.of(before)];
              if (value === null || isPriceless(row, measure)) return "";
              return was === null ? "new" : (formatChange(value, was) ?? "–");
            },
          },
          {
            key: "before",
            label: "Before",
            text: ({ before }: GroupLine) => (before == null || isPriceless(before, measure) ? "–" : written(before)),
            sortBy: ({ before }: GroupLine) => (before == null ? null : measure.of(before)),
          },
        ]
      : []),
    ...always.filter(({ key }) => key !== measure.id),
  ];
}

const valueAt = ({ conditions }: GroupLine, at: number): string => nameOf(conditions[at]?.value);

export const groupColumns = (asked: Question, measure: Measure): readonly Column<GroupLine>[] => [
  ...asked.by.map(
    (id, at): Column<GroupLine> => ({
      key: `by ${id}`,
      label: labelOf(id),
      cell: (line) => (
        <span className="clip cell-name" title={valueAt(line, at)}>
          <bdi>{valueAt(line, at)}</bdi>
        </span>
      ),
      sortBy: (line) => valueAt(line, at),
    }),
  ),
  ...figuresOf(asked, measure).map(
    ({ key, label, text, sortBy }): Column<GroupLine> => ({
      key,
      label,
      numeric: true,
      cell: text,
      ...(sortBy === undefined ? {} : { sortBy }),
    }),
  ),
];

/** The same for a file, as plain figures: the measure that is asked for first, then every other that there is. */
export function groupTable(lines: readonly GroupLine[], asked: Question, measure: Measure): ChartTable {
  const figures = [measure, ...Object.values(measures).filter(({ id }) => id !== measure.id)];
  const figureOf = (row: Row | null | undefined, of: Measure): string =>
    row == null || isPriceless(row, of) ? "" : (of.of(row) ?? "");
  return {
    columns: [
      ...asked.by.map((id) => ({ key: `by ${id}`, label: labelOf(id) })),
      { key: "currency", label: "Currency" },
      ...figures.flatMap(({ id, label }) => [
        { key: id, label, numeric: true },
        ...(asked.compare && id === measure.id ? [{ key: "before", label: `${label} before`, numeric: true }] : []),
      ]),
    ],
    rows: lines.map(({ row, before, conditions }) => ({
      ...Object.fromEntries(asked.by.map((id, at) => [`by ${id}`, conditions[at]?.value ?? ""])),
      currency: row.currency ?? "",
      ...Object.fromEntries(figures.map((of) => [of.id, figureOf(row, of)])),
      before: figureOf(before, measure),
    })),
  };
}
