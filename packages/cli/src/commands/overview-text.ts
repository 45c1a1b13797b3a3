import type { Totals } from "@llm-cost-ops/contract";
import { change, count, counted, money, moneyOfAll, pico } from "../terminal/amounts.ts";
import { bar, largestOf } from "../terminal/charts.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Overview } from "./overview.ts";
import { rankingTable } from "./summary-text.ts";

/** The last days at a glance, or how to begin where there is nothing yet. */
export function overviewText(terminal: Pick<Terminal, "paint" | "columns">, overview: Overview): string {
  const { paint } = terminal;
  if (overview.empty) {
    return [
      "Nothing is recorded yet. To begin:",
      `  ${paint.bold("cost-ops import FILE")}     read usage from logs, exports or recorded responses (folders too)`,
      `  ${paint.bold("cost-ops ingest")} …        record one call: --provider openai --model gpt-4o --input-tokens 1000`,
      `  ${paint.bold("cost-ops demo")}            look around in a throw-away server with ninety days of usage`,
    ].join("\n");
  }
  const currency = mainCurrency(overview);
  const changed = change(amount(overview.last_7_days, currency), amount(overview.previous_7_days, currency));
  const facts: readonly (readonly [string, readonly Totals[], (string | undefined)?])[] = [
    ["today", overview.today],
    ["yesterday", overview.yesterday],
    [
      "last 7 days",
      overview.last_7_days,
      changed === undefined ? undefined : `${changed} to the 7 before (${moneyOfAll(overview.previous_7_days)})`,
    ],
    ["month to date", overview.month_to_date],
  ];
  return [
    ...facts.map(([name, totals, note]) =>
      [
        `${name.padEnd(14)} ${paint.bold(moneyOfAll(totals).padStart(12))}`,
        `${count(requests(totals)).padStart(9)} requests`,
        note && paint.dim(note),
      ]
        .filter(Boolean)
        .join("  "),
    ),
    ...(overview.unpriced_requests > 0
      ? [
          paint.yellow(
            `${counted(overview.unpriced_requests, "request")} of the last 7 days without a price, in no sum: cost-ops query --range last-7-days --cost-status unpriced --group-by provider,model`,
          ),
        ]
      : []),
    "",
    ...dayBars(terminal, overview, currency),
    ...ranking(terminal, "top models, 7 days", overview.top_models, ["provider", "model"], overview),
    ...ranking(terminal, "top projects, 7 days", overview.top_projects, ["project"], overview),
  ].join("\n");
}

/** The currency of the bars: the one with the largest sums; the others stand in the figures. */
function mainCurrency(overview: Overview): string | null {
  const sums = new Map<string | null, bigint>();
  for (const totals of overview.days.flatMap((day) => day.totals)) {
    sums.set(totals.currency, (sums.get(totals.currency) ?? 0n) + pico(totals.total_cost));
  }
  const priced = [...sums].filter(([currency]) => currency !== null);
  return priced.toSorted(([, a], [, b]) => (b > a ? 1 : -1))[0]?.[0] ?? null;
}

const amount = (totals: readonly Totals[], currency: string | null): bigint =>
  pico(totals.find((each) => each.currency === currency)?.total_cost);

const requests = (totals: readonly Totals[]): number =>
  totals.reduce((sum, each) => sum + (each.total_requests ?? 0), 0);

function dayBars(terminal: Pick<Terminal, "paint">, overview: Overview, currency: string | null): readonly string[] {
  const largest = largestOf(overview.days.map((day) => amount(day.totals, currency)));
  return overview.days.map(({ day, totals }) => {
    const exact = totals.find((each) => each.currency === currency)?.total_cost;
    const weekday = new Date(`${day}T00:00:00Z`).toLocaleDateString("en", { weekday: "short", timeZone: "UTC" });
    const drawn = bar(amount(totals, currency), largest, 32).padEnd(32);
    return `${weekday} ${day}  ${terminal.paint.cyan(drawn)} ${exact === undefined ? terminal.paint.dim("–") : money(exact, currency)}`;
  });
}

function ranking(
  terminal: Pick<Terminal, "paint" | "columns">,
  title: string,
  rows: Overview["top_models"],
  names: readonly string[],
  overview: Overview,
): readonly string[] {
  return rows.length === 0 ? [] : ["", rankingTable(terminal, title, rows, names, overview.last_7_days)];
}
