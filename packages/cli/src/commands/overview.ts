import type { AggregateResult, AggregateRow, Totals } from "@llm-cost-ops/contract";
import { offsetAt } from "@llm-cost-ops/core";
import type { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { sumTotals } from "../sum-totals.ts";
import { writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { overviewText } from "./overview-text.ts";

/** The last days at a glance. Days are days of the zone; every range is half-open. */
export interface Overview {
  readonly timezone: string;
  readonly today: readonly Totals[];
  readonly yesterday: readonly Totals[];
  readonly last_7_days: readonly Totals[];
  readonly previous_7_days: readonly Totals[];
  readonly month_to_date: readonly Totals[];
  /** The last 14 days, oldest first, each with its totals. */
  readonly days: readonly { readonly day: string; readonly totals: readonly Totals[] }[];
  /** Of the last 7 days, by cost. */
  readonly top_models: readonly AggregateRow[];
  readonly top_projects: readonly AggregateRow[];
  /** Requests of the last 7 days without a price. */
  readonly unpriced_requests: number;
  /** Whether anything was recorded, ever. */
  readonly empty: boolean;
}

export function define(command: Command, run: Run): void {
  command
    .option("--timezone <zone>", "calendar of the days, such as Europe/Berlin (UTC)")
    .allowExcessArguments()
    .action(
      run<{ timezone?: string }>(async (cli, { timezone = "UTC" }, [unknown]) => {
        // Whatever is no command comes here, because this is what runs without one.
        if (unknown !== undefined) {
          throw new CommandError(
            `There is no command ${printable(unknown)}; cost-ops --help lists all.`,
            exitCodes.usage,
          );
        }
        const client = await cli.connect("may be created");
        const overview = await readOverview(client, timezone, Date.now());
        await writeRecord(cli.terminal, overview, () => overviewText(cli.terminal, overview));
      }),
    );
}

const topMax = 5;

async function readOverview(client: CostOpsClient, zone: string, nowMs: number): Promise<Overview> {
  const ask = async (question: Parameters<CostOpsClient["costs"]["aggregate"]>[0]): Promise<AggregateResult> =>
    wireForm<AggregateResult>(await client.costs.aggregate({ timezone: zone, ...question }));
  // Asked first: it also refuses a zone that does not exist, before the calendar here needs it.
  const models = await ask({ range: "last-7-days", groupBy: ["provider", "model"] });
  const today = new Date(nowMs + offsetAt(nowMs, zone)).toISOString().slice(0, 10);
  const monthStart = `${today.slice(0, 8)}01`;
  const oldest = daysBefore(today, 13);
  const [projects, byDay] = await Promise.all([
    ask({ range: "last-7-days", groupBy: ["project"] }),
    ask({ startDate: oldest < monthStart ? oldest : monthStart, endDate: today, groupBy: ["day"] }),
  ]);
  const between = (first: string, last: string): Totals[] =>
    sumTotals(byDay.data.filter((row) => String(row["day"]) >= first && String(row["day"]) <= last));
  return {
    timezone: zone,
    today: between(today, today),
    yesterday: between(daysBefore(today, 1), daysBefore(today, 1)),
    last_7_days: between(daysBefore(today, 6), today),
    previous_7_days: between(oldest, daysBefore(today, 7)),
    month_to_date: between(monthStart, today),
    days: Array.from({ length: 14 }, (_, at) => {
      const day = daysBefore(today, 13 - at);
      return { day, totals: between(day, day) };
    }),
    top_models: models.data.slice(0, topMax),
    top_projects: projects.data.slice(0, topMax),
    unpriced_requests: models.totals.reduce((sum, totals) => sum + (totals.unpriced_requests ?? 0), 0),
    empty: byDay.data.length === 0 && (await ask({ range: "all" })).totals.length === 0,
  };
}

/** The name of the day so many days before another: plain calendar arithmetic, whatever the clocks do. */
function daysBefore(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);
}
