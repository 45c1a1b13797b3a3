import type { AggregateResult, AggregateRow, CostSummary } from "@llm-cost-ops/contract";
import type { CostOpsClient } from "@llm-cost-ops/sdk";
import { rankingTable } from "../commands/summary-text.ts";
import { count, money, moneyOfAll, pico } from "../terminal/amounts.ts";
import { columnChart } from "../terminal/charts.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { wireForm } from "../wire-form.ts";

/** The figures of the demonstration, all asked over the interface. */
export interface DemoFigures {
  readonly summary: CostSummary;
  readonly days: readonly AggregateRow[];
  readonly unpriced: readonly AggregateRow[];
  /** A call of the most expensive day with several kinds of tokens, worth explaining. */
  readonly exampleId: string | undefined;
}

export async function readFigures(client: CostOpsClient, days: number): Promise<DemoFigures> {
  const ask = async (question: Parameters<CostOpsClient["costs"]["aggregate"]>[0]): Promise<AggregateResult> =>
    wireForm<AggregateResult>(await client.costs.aggregate({ days, ...question }));
  const [summary, byDay, unpriced] = await Promise.all([
    client.costs.summary({ days }).then(wireForm<CostSummary>),
    ask({ groupBy: ["day"] }),
    ask({ groupBy: ["provider", "model"], costStatus: "unpriced" }),
  ]);
  const priced = byDay.data.filter((row) => row.currency !== null);
  const example = await client.usage.list({ provider: "anthropic", orderBy: "-total_cost", limit: 1, days });
  return { summary, days: priced, unpriced: unpriced.data, exampleId: example[0]?.id };
}

const chartHeight = 6;

/** What the demonstration shows of itself: the sum, who and what it went to, each day, and what has no price. */
export function figuresText(terminal: Pick<Terminal, "paint" | "columns">, figures: DemoFigures): string {
  const { paint } = terminal;
  const { summary, days } = figures;
  return [
    `${paint.bold(moneyOfAll(summary.by_currency))} for ${count(summary.total_requests)} calls: ${count(summary.input_tokens)} input tokens (${count(summary.cached_tokens)} from caches) and ${count(summary.output_tokens)} output`,
    "",
    rankingTable(terminal, "by provider", summary.by_provider, ["provider"], summary.by_currency),
    "",
    rankingTable(terminal, "top models", summary.top_models.slice(0, 8), ["provider", "model"], summary.by_currency),
    "",
    ...chart(terminal, days),
    ...figures.unpriced
      .slice(0, 3)
      .map((row) =>
        paint.yellow(
          `${count(row.total_requests)} calls of ${row["provider"]} / ${row["model"]} have no price: they are shown as unpriced, and in no sum.`,
        ),
      ),
  ].join("\n");
}

/** One column a day, and the day that stands out. */
function chart(
  { paint, columns }: Pick<Terminal, "paint" | "columns">,
  days: readonly AggregateRow[],
): readonly string[] {
  const shown = days.slice(-Math.max(14, (columns ?? 100) - 4));
  const amounts = shown.map((row) => pico(row.total_cost));
  const peak = amounts.reduce((best, amount, at) => (amount > (amounts[best] ?? 0n) ? at : best), 0);
  const peakRow = shown[peak];
  if (peakRow === undefined) return [];
  const median = amounts.toSorted((a, b) => (a < b ? -1 : 1))[Math.floor(amounts.length / 2)] ?? 0n;
  const tenfold = median > 0n ? ((amounts[peak] ?? 0n) * 10n) / median : 0n;
  const [first = "", last = ""] = [shown[0], shown.at(-1)].map((row) => String(row?.["day"] ?? ""));
  return [
    paint.bold("cost by day"),
    ...columnChart(amounts, chartHeight).map((line) => paint.cyan(line.trimEnd())),
    paint.dim(shown.length < 2 * first.length + 2 ? first : `${first}${last.padStart(shown.length - first.length)}`),
    `Most on ${peakRow["day"]}: ${money(peakRow.total_cost, peakRow.currency)}, ${tenfold / 10n}.${tenfold % 10n} times the median day.`,
  ];
}

/** The day that stands out, for a question about it. */
export const peakDay = (days: readonly AggregateRow[]): string =>
  String(
    days.reduce((best, row) => (pico(row.total_cost) > pico(best?.total_cost) ? row : best), days[0])?.["day"] ?? "",
  );
