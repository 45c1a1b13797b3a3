import type { BudgetStatus } from "@llm-cost-ops/contract";
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

async function statusesOf(
  client: CostOpsClient,
  named: readonly string[],
  { tenant, ...of }: StatusFlags = {},
): Promise<BudgetStatus[]> {
  const budgets = await budgetsOf(client, named, tenant);
  const statuses: BudgetStatus[] = [];
  for (let at = 0; at < budgets.length; at += askedAtOnce) {
    const some = budgets.slice(at, at + askedAtOnce);
    const answers = await Promise.all(some.map(({ id }) => client.budgets.status(id, of)));
    statuses.push(...wireForm<BudgetStatus[]>(answers));
  }
  return statuses;
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
        const rows = await statusesOf(await cli.connect(), named, flags);
        const table = { rows, fields: statusFields, columns: statusColumnsOf(rows), none: "No budgets." };
        await writeAnswer(cli.terminal, { document: { data: rows }, ...table });
        sayWhatIsNotCounted(cli.terminal, rows);
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
        const statuses = await statusesOf(await cli.connect(), budget, of);
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
