import type { View } from "@llm-cost-ops/contract";
import type { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";

const columns: readonly Column<View>[] = [
  { heading: "name", text: (row) => printable(row.name) },
  { heading: "page", text: (row) => row.page },
  { heading: "seen by", text: (row) => (row.shared ? "everybody" : "you") },
  { heading: "pinned", text: (row) => (row.pinned ? "yes" : "") },
  { heading: "made by", text: (row) => printable(row.made_by) },
  { heading: "id", isWhole: true, text: (row) => row.id },
];
const fields = ["id", "name", "page", "state", "shared", "pinned", "made_by", "created_at", "updated_at"] as const;

export function define(command: Command, run: Run): void {
  command
    .command("list")
    .description("your own views of the dashboard's pages, and those that others share")
    .action(
      run<object>(async (cli) => {
        const client = await cli.connect();
        const rows = wireForm<View[]>(await client.views.list());
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, fields, columns, none: "No views." });
      }),
    );

  command
    .command("delete <view>")
    .description("delete a view, by id or by the name of one of your own")
    .action(
      run<object>(async (cli, _flags, [named = ""]) => {
        const client = await cli.connect();
        const { id, name } = await viewOf(client, named);
        await confirm(cli, `Delete the view ${printable(name)}?`);
        await client.views.delete(id);
        cli.terminal.talk(`View ${printable(name)} is deleted.`);
      }),
    );
}

/** Names are one's own: two people may each have a view of the same. @throws CommandError where there is none. */
async function viewOf(client: CostOpsClient, named: string) {
  const views = await client.views.list();
  const found = views.find(({ id }) => id === named) ?? views.find(({ name, mine }) => mine && name === named);
  if (found === undefined) throw new CommandError(`There is no view ${printable(named)}.`, exitCodes.api);
  return found;
}
