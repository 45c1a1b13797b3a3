import type { BudgetTransfer } from "@llm-cost-ops/contract";
import { type Command, Option } from "commander";
import type { Run } from "../invocation.ts";
import { writeRecord } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { budgetOf } from "./budget-flags.ts";
import { budgetText } from "./budget-text.ts";
import { wholeNumber } from "./flag-values.ts";

interface TransferFlags {
  readonly amount?: string;
  readonly tokens?: number;
  readonly reason?: string;
  readonly force?: true;
}

export function defineTransfer(command: Command, run: Run): void {
  command
    .command("transfer <from> <to>")
    .description("move a part of a budget's amount to another budget; both histories tell of it")
    .addOption(new Option("--amount <money>", "how much, of budgets in money").conflicts("tokens"))
    .option("--tokens <count>", "how many, of budgets in tokens", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--reason <text>", "why, for both histories")
    .option("--force", "leave less than is spent and reserved already")
    .action(
      run<TransferFlags>(async (cli, flags, [from = "", to = ""]) => {
        const client = await cli.connect();
        const source = await budgetOf(client, from);
        const target = await budgetOf(client, to);
        const done = wireForm<BudgetTransfer>(await client.budgets.transfer(source.id, { to: target.id, ...flags }));
        await writeRecord(cli.terminal, done, () => `${budgetText(done.from)}\n${budgetText(done.to)}`);
      }),
    );
}
