import type { ApiKey } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";

const columns: readonly Column<ApiKey>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "name", text: (row) => row.name },
  { heading: "begins", text: (row) => `${row.prefix}…` },
  { heading: "created", text: (row) => row.created_at },
  { heading: "last used", text: (row) => row.last_used_at ?? "never" },
  { heading: "state", text: (row) => (row.revoked_at === null ? "active" : `revoked ${row.revoked_at}`) },
];

export function define(command: Command, run: Run): void {
  command
    .command("create-api-key")
    .description("create a key; stdout gets the key alone")
    .requiredOption("--name <name>", "what the key is for")
    .addHelpText("after", '\nExample: new_key=$(cost-ops auth create-api-key --name "Rotation key")')
    .action(
      run<{ name: string }>(async (cli, { name }) => {
        const client = await cli.connect("may be created");
        const created = await client.apiKeys.create({ name });
        await writeRecord(cli.terminal, wireForm<object>(created), () => created.key);
        cli.terminal.talk(`Key ${created.id} (${printable(created.name)}) is shown this once; only its hash is kept.`);
      }),
    );

  command
    .command("list-api-keys")
    .description("keys without their secrets")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        const rows = wireForm<ApiKey[]>(await client.apiKeys.list());
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, columns, none: "No keys." });
      }),
    );

  command
    .command("revoke-api-key")
    .description("revoke a key, at once and for good")
    .requiredOption("--id <id>", "the id of the key (list-api-keys shows it)")
    .action(
      run<{ id: string }>(async (cli, { id }) => {
        const client = await cli.connect();
        await confirm(cli, `Revoke the key ${printable(id)}? Whoever uses it is shut out at once.`);
        const revoked = wireForm<ApiKey>(await client.apiKeys.revoke(id));
        await writeRecord(cli.terminal, revoked, () => `Key ${revoked.id} (${printable(revoked.name)}) is revoked.`);
      }),
    );
}
