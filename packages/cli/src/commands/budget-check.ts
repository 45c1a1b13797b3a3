import type { BudgetStatus, ListedBudgetStatus } from "@llm-cost-ops/contract";
import { parseMoney, thresholdsReached } from "@llm-cost-ops/core";
import type { CostOpsClient } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { budgetsOf, percent, tenantFlag } from "./budget-flags.ts";
import { sayWhatIsNotCounted, statusColumnsOf, statusFields } from "./budget-text.ts";
import { repeated } from "./filter-flags.ts";

/** How many budgets are asked for at the same time. */
const askedAtOnce = 8;

interface StatusFlags extends ValueFlags {
  readonly tenant?: string;
}

interface CheckFlags {
  readonly budget?: readonly string[];
  readonly failOver?: string;
  readonly tenant?: string;
}

interface ValueFlags {
  readonly value?: string;
  readonly withoutValue?: true;
}

/** Of what is named, or of all; with what is known of none. */
async function statusesOf(
  client: CostOpsClient,
  named: readonly string[],
  { tenant, ...of }: StatusFlags = {},
): Promise<{ readonly rows: BudgetStatus[]; readonly unknown: readonly string[] }> {
  if (named.length === 0) {
    const all = wireForm<ListedBudgetStatus[]>(await client.budgets.statuses({ tenantId: tenant }));
    return {
      rows: all.flatMap(({ status }) => (status === null ? [] : [status])),
      unknown: all.flatMap(({ name, error }) => (error === null ? [] : [`${printable(name)}: ${error.message}`])),
    };
  }
  const budgets = await budgetsOf(client, named, tenant);
  const rows: BudgetStatus[] = [];
  for (let at = 0; at < budgets.length; at += askedAtOnce) {
    const some = budgets.slice(at, at + askedAtOnce);
    const answers = await Promise.all(some.map(({ id }) => client.budgets.status(id, of)));
    rows.push(...wireForm<BudgetStatus[]>(answers));
  }
  return { rows, unknown: [] };
}

/** A quantity as a whole number, money and tokens alike, so that nothing is lost where two are compared. */
function exact(quantity: string): bigint {
  const value = parseMoney(quantity);
  if (value === undefined) throw new Error(`a budget's quantity is no decimal: ${quantity}`);
  return value;
}

/** Whether spent and reserved together reach this percentage, as the thresholds of a status do. An amount of 0 always is. */
const isUsedTo = ({ spent, reserved, amount }: BudgetStatus, failOver: string): boolean =>
  thresholdsReached(exact(spent) + exact(reserved), exact(amount), [failOver]).length > 0;

type Checked = BudgetStatus & { readonly failed: boolean };

const checkColumn: Column<Checked> = { heading: "check", text: (row) => (row.failed ? "FAILED" : "passed") };

export function defineStatus(command: Command, run: Run): void {
  command
    .command("status [budget...]")
    .description("what is spent and reserved of budgets in the present period, by id or name (of all)")
    .addOption(
      new Option("--value <value>", "of a budget with --per: which value (the one that used most)").conflicts(
        "withoutValue",
      ),
    )
    .option("--without-value", "of a budget with --per: what has no value")
    .option(...tenantFlag)
    .action(
      run<StatusFlags>(async (cli, flags, named) => {
        const { tenant: _, ...ofValue } = flags;
        if (Object.keys(ofValue).length > 0 && named.length !== 1) {
          throw new CommandError("Name the one budget that the value is of.", exitCodes.usage);
        }
        const { rows, unknown } = await statusesOf(await cli.connect(), named, flags);
        const table = { rows, fields: statusFields, columns: statusColumnsOf(rows), none: "No budgets." };
        await writeAnswer(cli.terminal, { document: { data: rows }, ...table });
        sayWhatIsNotCounted(cli.terminal, rows);
        for (const text of unknown) cli.terminal.warn(text);
        return unknown.length === 0 ? exitCodes.ok : exitCodes.api;
      }),
    );
}

export function defineCheck(command: Command, run: Run): void {
  command
    .command("check")
    .description("exit with 6 where a budget is used (spent and reserved) to a percentage or beyond, for CI")
    .option("--budget <budget>", "id or name of a budget; repeatable (all)", repeated)
    .option(...tenantFlag)
    .option("--fail-over <percent>", "the percentage, such as 80% (100%)", percent)
    .action(
      run<CheckFlags>(async (cli, { budget = [], failOver = "100", ...of }) => {
        const { rows: statuses, unknown } = await statusesOf(await cli.connect(), budget, of);
        // Whoever cannot tell has not checked.
        if (unknown.length > 0) throw new CommandError(unknown.join("\n"), exitCodes.api);
        const rows = statuses.map((status): Checked => ({ ...status, failed: isUsedTo(status, failOver) }));
        await writeAnswer(cli.terminal, {
          document: { data: rows, fail_over: failOver },
          rows,
          fields: ["failed", ...statusFields],
          columns: [checkColumn, ...statusColumnsOf(rows)],
          none: "No budgets: nothing was checked.",
        });
        sayWhatIsNotCounted(cli.terminal, rows);
        const failed = rows.filter((row) => row.failed).map(({ name }) => printable(name));
        if (failed.length === 0) return exitCodes.ok;
        cli.terminal.warn(`At ${failOver} % of the amount or beyond: ${failed.join(", ")}`);
        return exitCodes.budgetExceeded;
      }),
    );
}
