import type { BudgetValue } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { budgetOf } from "./budget-flags.ts";
import { percentText, quantity, valueText } from "./budget-text.ts";
import { wholeNumber } from "./flag-values.ts";

const fields = [
  "value",
  "amount",
  "spent",
  "reserved",
  "remaining",
  "utilization",
  "thresholds_reached",
  "state",
  "unpriced_requests",
] as const satisfies readonly (keyof BudgetValue)[];

export function defineValues(command: Command, run: Run): void {
  command
    .command("values <budget>")
    .description("the values of a budget with --per, the most used first")
    .option("--limit <values>", "values of a page, at most 1000 (50)", wholeNumber(1, 1_000))
    .option("--cursor <cursor>", "the page after the one that named this cursor")
    .action(
      run<{ limit?: number; cursor?: string }>(async (cli, { limit = 50, cursor }, [named = ""]) => {
        const client = await cli.connect();
        const budget = await budgetOf(client, named);
        const page = await client.budgets.values(budget.id, { limit, cursor });
        const rows = wireForm<BudgetValue[]>(page.data);
        const columns: readonly Column<BudgetValue>[] = [
          { heading: "value", text: ({ value }) => valueText({ per: budget.per, value }) },
          { heading: "state", text: (row) => row.state },
          { heading: "used", align: "right", text: (row) => percentText(row.utilization) },
          { heading: "spent", align: "right", text: (row) => quantity(row.spent, budget) },
          { heading: "reserved", align: "right", text: (row) => quantity(row.reserved, budget) },
          { heading: "remaining", align: "right", text: (row) => quantity(row.remaining, budget) },
        ];
        const document = { data: rows, pagination: wireForm(page.pagination) };
        await writeAnswer(cli.terminal, { document, rows, fields, columns, none: "Nothing of it is used." });
        if (page.nextCursor !== null) cli.terminal.talk(`More follow: add --cursor ${page.nextCursor}`);
      }),
    );
}
