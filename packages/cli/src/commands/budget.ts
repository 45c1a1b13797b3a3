import { type Budget, type BudgetAmendment, budgetDimensions } from "@llm-cost-ops/contract";
import { type Command, Option } from "commander";
import { confirm } from "../confirm.ts";
import type { Run } from "../invocation.ts";
import { writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { defineCheck, defineStatus } from "./budget-check.ts";
import { addBudgetFlags, type BudgetFlags, budgetOf, tenantFlag, termsFrom } from "./budget-flags.ts";
import { defineReservations } from "./budget-reservations.ts";
import { budgetColumns, budgetText, historyColumns } from "./budget-text.ts";
import { defineTransfer } from "./budget-transfer.ts";
import { defineValues } from "./budget-values.ts";
import { wholeNumber } from "./flag-values.ts";

interface UpdateFlags extends Omit<BudgetFlags, "parent"> {
  /** False where it is to have none. */
  readonly parent?: string | boolean;
  readonly name?: string;
  readonly everything?: boolean;
  readonly reason?: string;
}

const budgetFields = [
  "id",
  "name",
  "description",
  "amount",
  "currency",
  "tokens",
  "period",
  "per",
  "parent_id",
  "scope",
  "thresholds",
  "enforcement",
  "at_limit",
  "when_store_is_away",
  "unpriced",
  "set_by",
  "created_at",
  "updated_at",
] as const satisfies readonly (keyof Budget)[];

export function define(command: Command, run: Run): void {
  addBudgetFlags(
    command
      .command("create")
      .description("make a budget of money or tokens; without flags that say what it counts, of everything")
      .requiredOption("--name <name>", "what people call it, and commands")
      .option("--per <dimension>", `the amount for each value of: ${budgetDimensions.join(", ")} or tag:KEY`)
      .option("--tenant <id>", "of a tenant of the organization, which sees it and cannot change it")
      .addOption(new Option("--currency <code>", "currency of the amount (USD)").conflicts("tokens")),
    "how long a period is (month)",
  ).action(
    run<BudgetFlags & { name: string; currency?: string; per?: string; tenant?: string }>(
      async (cli, { name, currency, per, tenant: tenantId, ...flags }) => {
        const client = await cli.connect("may be created");
        const { period: given, scope: named, ...terms } = termsFrom(flags, flags.period ?? "month");
        const period = given ?? { kind: "month" as const };
        const parentId = flags.parent === undefined ? undefined : (await budgetOf(client, flags.parent, tenantId)).id;
        const scope = tenantId === undefined ? named : { ...named, tenantId };
        const made = wireForm<Budget>(
          await client.budgets.create({ name, currency, period, per, parentId, scope, ...terms }),
        );
        await writeRecord(cli.terminal, made, () => budgetText(made));
      },
    ),
  );

  command
    .command("list")
    .description("budgets by name")
    .option(...tenantFlag)
    .action(
      run<{ tenant?: string }>(async (cli, { tenant: tenantId }) => {
        const client = await cli.connect();
        const rows = wireForm<Budget[]>(await client.budgets.list({ tenantId }));
        const table = { rows, fields: budgetFields, columns: budgetColumns, none: "No budgets." };
        await writeAnswer(cli.terminal, { document: { data: rows }, ...table });
      }),
    );

  command
    .command("get <budget>")
    .description("one budget, by id or name")
    .action(
      run<object>(async (cli, _flags, [named = ""]) => {
        const budget = wireForm<Budget>(await budgetOf(await cli.connect(), named));
        await writeRecord(cli.terminal, budget);
      }),
    );

  addBudgetFlags(
    command
      .command("update <budget>")
      .description("change a budget, for the present period too; period and what it counts change as a whole")
      .option("--name <name>", "what people call it from now on")
      .addOption(
        new Option("--everything", "count everything from now on").conflicts([
          ...["provider", "model", "project", "user", "tag", "team"],
        ]),
      )
      .addOption(new Option("--no-parent", "make it a part of no budget"))
      .option("--reason <text>", "why, for its history"),
    "how long a period is",
  ).action(
    run<UpdateFlags>(async (cli, { name, everything, reason, parent, ...flags }, [named = ""]) => {
      const { scope, ...terms } = termsFrom(flags, flags.period);
      const client = await cli.connect();
      const { id } = await budgetOf(client, named);
      const parentId = typeof parent === "string" ? (await budgetOf(client, parent)).id : null;
      const placed = parent === undefined || parent === true ? {} : { parentId };
      const change = { name, reason, ...terms, ...placed, scope: everything ? {} : scope };
      const changed = wireForm<Budget>(await client.budgets.update(id, change));
      await writeRecord(cli.terminal, changed, () => budgetText(changed));
    }),
  );

  defineTransfer(command, run);

  command
    .command("delete <budget>")
    .description("delete a budget and its history; the audit trail keeps what it was")
    .action(
      run<object>(async (cli, _flags, [named = ""]) => {
        const client = await cli.connect();
        const { id, name } = await budgetOf(client, named);
        await confirm(cli, `Delete the budget ${printable(name)}?`);
        await client.budgets.delete(id);
        cli.terminal.talk(`Budget ${printable(name)} is deleted.`);
      }),
    );

  defineStatus(command, run);
  defineValues(command, run);

  command
    .command("history <budget>")
    .description("what was changed about a budget, newest first")
    .option("--limit <changes>", "changes of a page, at most 1000 (50)", wholeNumber(1, 1_000))
    .option("--cursor <cursor>", "the page after the one that named this cursor")
    .action(
      run<{ limit?: number; cursor?: string }>(async (cli, { limit = 50, cursor }, [named = ""]) => {
        const client = await cli.connect();
        const { id } = await budgetOf(client, named);
        const page = await client.budgets.history(id, { limit, cursor });
        const rows = wireForm<BudgetAmendment[]>(page.data);
        await writeAnswer(cli.terminal, {
          document: { data: rows, pagination: wireForm(page.pagination) },
          rows,
          columns: historyColumns,
          none: "It has not been changed since it was made.",
        });
        if (page.nextCursor !== null) cli.terminal.talk(`More follow: add --cursor ${page.nextCursor}`);
      }),
    );

  defineReservations(command, run);
  defineCheck(command, run);
}
