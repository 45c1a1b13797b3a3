import type { AggregateResult, AggregateRow, Totals } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { sumTotals } from "../sum-totals.ts";
import { count, money, pico, share } from "../terminal/amounts.ts";
import { type Column, writeAnswer } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { addFilterFlags, type FilterOptions, filterFrom, listOf } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";

interface QueryOptions extends FilterOptions {
  readonly groupBy?: readonly string[];
  readonly metrics?: readonly ("sum" | "count" | "avg")[];
  readonly limit?: number;
}

export function define(command: Command, run: Run): void {
  addFilterFlags(command)
    .option("-g, --group-by <dimensions>", "such as provider,model,day,project or tag:team", listOf)
    .option("--metrics <names>", "sum, count, avg (all of them)", listOf)
    .option("--limit <rows>", "show this many rows and sum up the others", wholeNumber(1, 100_000))
    .addHelpText("after", "\nExample: cost-ops query --range last-30-days --group-by provider,model")
    .action(
      run<QueryOptions>(async (cli, options) => {
        const client = await cli.connect();
        const { groupBy, metrics } = options;
        const answer = await client.costs.aggregate({ ...filterFrom(options), groupBy, metrics });
        const result = wireForm<AggregateResult>(answer);
        const shown = cut(result, options.limit);
        const others = shown.others.length === 0 ? undefined : { rows: shown.left, totals: shown.others };
        await writeAnswer(cli.terminal, {
          document: { ...result, data: shown.rows, ...(others === undefined ? {} : { others }) },
          rows: shown.rows,
          columns: columnsOf(result),
          footer: footerOf(result, shown),
          none: `Nothing was recorded from ${result.range.start} to ${result.range.end}.`,
        });
        if (others !== undefined && cli.terminal.format === "csv") {
          cli.terminal.talk(`${count(shown.left)} more rows are left out by --limit.`);
        }
      }),
    );
}

interface Shown {
  readonly rows: readonly AggregateRow[];
  readonly left: number;
  /** What the rows that are not shown sum to, for each currency. */
  readonly others: readonly Totals[];
  /** How many rows of a currency are among them. */
  readonly leftOf: (currency: string | null) => number;
}

function cut(result: AggregateResult, limit: number | undefined): Shown {
  if (limit === undefined || result.data.length <= limit)
    return { rows: result.data, left: 0, others: [], leftOf: () => 0 };
  const rest = result.data.slice(limit);
  return {
    rows: result.data.slice(0, limit),
    left: rest.length,
    others: sumTotals(rest),
    leftOf: (currency) => rest.filter((row) => row.currency === currency).length,
  };
}

/** The columns that the asked metrics fill. */
function columnsOf(result: AggregateResult): readonly Column<AggregateRow>[] {
  const has = (name: keyof Totals): boolean =>
    [...result.data, ...result.totals].some((row) => row[name] !== undefined && row[name] !== null);
  const wholes = new Map(result.totals.map((total) => [total.currency, pico(total.total_cost)]));
  const currencies = result.totals.filter((total) => total.currency !== null).length;
  const number = (heading: string, name: keyof Totals): Column<AggregateRow>[] =>
    has(name)
      ? [
          {
            heading,
            align: "right",
            isOptional: name.endsWith("tokens"),
            text: (row) => count(row[name] as number | string | undefined),
          },
        ]
      : [];
  return [
    ...result.group_by.map(
      (name): Column<AggregateRow> => ({ heading: name, text: (row) => String(row[name] ?? "–") }),
    ),
    ...(has("total_cost") ? [{ heading: "cost", align: "right", text: costText } as const] : []),
    ...(has("total_cost") && currencies === 1 && result.group_by.length > 0
      ? [
          {
            heading: "share",
            align: "right",
            isOptional: true,
            text: (row: AggregateRow) => share(pico(row.total_cost), wholes.get(row.currency) ?? 0n),
          } as const,
        ]
      : []),
    ...number("requests", "total_requests"),
    ...(has("avg_cost_per_request")
      ? [
          {
            heading: "per request",
            align: "right",
            isOptional: true,
            text: (row: AggregateRow) => money(row.avg_cost_per_request, row.currency),
          } as const,
        ]
      : []),
    ...(result.totals.some(({ cache_savings }) => pico(cache_savings) !== 0n)
      ? [
          {
            heading: "saved by caches",
            align: "right",
            isOptional: true,
            text: (row: AggregateRow) => money(row.cache_savings, row.currency),
          } as const,
        ]
      : []),
    ...number("input", "input_tokens"),
    ...number("cached", "cached_tokens"),
    ...number("output", "output_tokens"),
  ];
}

/** Unpriced is a state and not an amount. */
const costText = (row: AggregateRow): string =>
  row.currency === null ? "unpriced" : money(row.total_cost, row.currency);

/** Below the line: what `--limit` left out, and the totals of everything, whatever is shown. */
function footerOf(result: AggregateResult, shown: Shown): readonly (readonly string[])[] {
  if (result.group_by.length === 0) return [];
  const columns = columnsOf(result);
  const line = (name: string, totals: Totals): readonly string[] =>
    columns.map((column, at) =>
      at === 0 ? name : at < result.group_by.length ? "" : column.text({ ...totals } as AggregateRow),
    );
  return [
    ...shown.others.map((totals) => line(othersText(shown.leftOf(totals.currency)), totals)),
    ...result.totals.map((totals) => line("total", totals)),
  ];
}

const othersText = (rows: number): string => (rows === 1 ? "1 other" : `${count(rows)} others`);
