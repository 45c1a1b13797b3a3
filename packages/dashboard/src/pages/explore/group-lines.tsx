import type { ChartTable } from "../../chart/download.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatChange, formatCount, formatShare } from "../../format/numbers.ts";
import type { Column } from "../../table/data-table.tsx";
import { nameOf } from "../overview/spend-stack.ts";
import { type Condition, labelOf } from "./dimensions.ts";
import type { GroupSums, Question } from "./explore-questions.ts";
import type { Row } from "./measures.ts";

/** A row of the server's answer beside the one of the period before. */
export interface GroupLine {
  readonly key: string;
  readonly conditions: readonly Condition[];
  readonly row: Row;
  /** The cost of the period before; absent where it is not compared, null where there was none. */
  readonly before?: string | null;
  /** What the rows of its currency come to. */
  readonly whole: string | null;
}

const keyOf = (row: Row, by: readonly string[]): string =>
  JSON.stringify([...by.map((id) => row[id] ?? null), row.currency]);

/** The rows as they came: the largest first, one for each currency, those without a price apart. */
export function groupLines({ asked, now, before }: GroupSums): readonly GroupLine[] {
  const { by } = asked;
  const earlier = new Map(before?.data.map((row) => [keyOf(row, by), row.totalCostExact ?? null]));
  const wholes = new Map(now.totals.map(({ currency, totalCostExact }) => [currency, totalCostExact ?? null]));
  return now.data.map((row) => {
    const key = keyOf(row, by);
    return {
      key,
      row,
      conditions: by.map((dimension) => ({ dimension, value: (row[dimension] ?? null) as string | null })),
      whole: wholes.get(row.currency) ?? null,
      ...(before === undefined ? {} : { before: earlier.get(key) ?? null }),
    };
  });
}

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

function figuresOf({ compare }: Question): readonly Figure[] {
  return [
    {
      key: "cost",
      label: "Cost",
      text: ({ row }) => (row.currency === null ? "unpriced" : formatMoneyExact(row.totalCostExact, row.currency)),
      sortBy: ({ row }) => row.totalCostExact ?? null,
    },
    {
      key: "share",
      label: "Share",
      text: ({ row, whole }) =>
        row.totalCostExact == null || whole === null ? "" : formatShare(row.totalCostExact, whole),
    },
    ...(compare
      ? [
          {
            key: "change",
            label: "Change",
            text: ({ row, before }: GroupLine) =>
              row.totalCostExact == null
                ? ""
                : before == null
                  ? "new"
                  : (formatChange(row.totalCostExact, before) ?? "–"),
          },
          {
            key: "before",
            label: "Before",
            text: ({ row, before }: GroupLine) => (before == null ? "–" : formatMoneyExact(before, row.currency)),
            sortBy: ({ before }: GroupLine) => before ?? null,
          },
        ]
      : []),
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
}

const valueAt = ({ conditions }: GroupLine, at: number): string => nameOf(conditions[at]?.value);

export const groupColumns = (asked: Question): readonly Column<GroupLine>[] => [
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
  ...figuresOf(asked).map(
    ({ key, label, text, sortBy }): Column<GroupLine> => ({
      key,
      label,
      numeric: true,
      cell: text,
      ...(sortBy === undefined ? {} : { sortBy }),
    }),
  ),
];

/** The same for a file. */
export const groupTable = (lines: readonly GroupLine[], asked: Question): ChartTable => ({
  columns: [
    ...asked.by.map((id) => ({ key: `by ${id}`, label: labelOf(id) })),
    { key: "currency", label: "Currency" },
    { key: "cost", label: "Cost", numeric: true },
    ...(asked.compare ? [{ key: "before", label: "Cost before", numeric: true }] : []),
    { key: "requests", label: "Requests", numeric: true },
    { key: "average", label: "Cost per request", numeric: true },
    { key: "input", label: "Input tokens", numeric: true },
    { key: "cached", label: "Cached tokens", numeric: true },
    { key: "output", label: "Output tokens", numeric: true },
    { key: "reasoning", label: "Reasoning tokens", numeric: true },
  ],
  rows: lines.map((line) => ({
    ...Object.fromEntries(asked.by.map((id, at) => [`by ${id}`, line.conditions[at]?.value ?? ""])),
    currency: line.row.currency ?? "",
    cost: line.row.totalCostExact ?? "",
    before: line.before ?? "",
    requests: String(line.row.totalRequests ?? ""),
    average: line.row.avgCostPerRequestExact ?? "",
    input: String(line.row.inputTokens ?? ""),
    cached: String(line.row.cachedTokens ?? ""),
    output: String(line.row.outputTokens ?? ""),
    reasoning: String(line.row.reasoningTokens ?? ""),
  })),
});
