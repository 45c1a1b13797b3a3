import type { AggregateRow, CostSummary, Totals } from "@llm-cost-ops/contract";
import { change, count, counted, money, moneyOfAll, pico, share } from "../terminal/amounts.ts";
import { bar, largestOf } from "../terminal/charts.ts";
import { renderTable } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** A summary as a person reads it: the sum and its change, what it consists of, and who it went to. */
export function summaryText(terminal: Terminal, summary: CostSummary): string {
  const { paint } = terminal;
  const { range } = summary;
  const zone = range.timezone === "UTC" ? "UTC" : range.timezone;
  const single = summary.by_currency.filter((totals) => totals.currency !== null).length <= 1;
  const before = summary.previous.by_currency.find((totals) => totals.currency === summary.currency);
  const changed = single ? change(pico(summary.total_cost), pico(before?.total_cost)) : undefined;
  const lines = [
    `${paint.dim(`${day(range.start)} to ${day(range.end)} (${zone}, end exclusive)`)}`,
    "",
    `  ${paint.bold(moneyOfAll(summary.by_currency))}${changed === undefined ? "" : `  ${paint.dim(`${changed} to the period before (${money(before?.total_cost, before?.currency)})`)}`}`,
    `  ${counted(summary.total_requests, "request")}${summary.avg_cost_per_request === null ? "" : `, ${money(summary.avg_cost_per_request, summary.currency)} each`}`,
    `  ${count(summary.input_tokens)} input tokens (${count(summary.cached_tokens)} read from caches, ${count(summary.cache_write_tokens)} written), ${count(summary.output_tokens)} output (${count(summary.reasoning_tokens)} reasoning)`,
  ];
  const saved = summary.by_currency.filter(({ cache_savings }) => pico(cache_savings) !== 0n);
  for (const { cache_savings, currency } of saved) {
    const isLoss = pico(cache_savings) < 0n;
    lines.push(
      isLoss
        ? `  caching cost ${money(cache_savings?.replace("-", ""), currency)} more than plain input would have`
        : `  ${money(cache_savings, currency)} saved by caching, against plain input`,
    );
  }
  if (summary.unpriced_requests > 0) {
    lines.push(
      `  ${paint.yellow(`${counted(summary.unpriced_requests, "request")} without a price, in no sum of money`)}`,
    );
  }
  for (const [title, rows, names] of [
    ["by provider", summary.by_provider, ["provider"]],
    ["top models", summary.top_models, ["provider", "model"]],
  ] as const) {
    if (rows.length > 0) lines.push("", rankingTable(terminal, title, rows, names, summary.by_currency));
  }
  return lines.join("\n");
}

/** Rows by cost with a bar and their share of the whole of their currency. */
export function rankingTable(
  terminal: Pick<Terminal, "paint" | "columns">,
  title: string,
  rows: readonly AggregateRow[],
  names: readonly string[],
  totals: readonly Totals[],
): string {
  const largest = largestOf(rows.map((row) => pico(row.total_cost)));
  const whole = (row: AggregateRow): bigint =>
    pico(totals.find((total) => total.currency === row.currency)?.total_cost);
  return renderTable(terminal, rows, [
    { heading: title, text: (row) => names.map((name) => String(row[name] ?? "–")).join(" / ") },
    {
      heading: "cost",
      align: "right",
      text: (row) => (row.currency === null ? "unpriced" : money(row.total_cost, row.currency)),
    },
    { heading: "share", align: "right", text: (row) => share(pico(row.total_cost), whole(row)) },
    { heading: "", isOptional: true, text: (row) => bar(pico(row.total_cost), largest, 16).padEnd(16) },
    { heading: "requests", align: "right", isOptional: true, text: (row) => count(row.total_requests) },
  ]);
}

const day = (instant: string): string => instant.replace("T00:00:00.000Z", "").replace("T00:00:00Z", "");
