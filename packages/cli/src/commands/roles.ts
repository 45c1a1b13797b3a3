import type { RoleRecord } from "@llm-cost-ops/contract";
import { type Permission, permissions } from "@llm-cost-ops/contract/permissions";
import { type Command, InvalidArgumentError } from "commander";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";

const columns: readonly Column<RoleRecord>[] = [
  { heading: "role", isWhole: true, text: (row) => row.name },
  { heading: "own", text: (row) => (row.custom ? "yes" : "") },
  { heading: "description", text: (row) => row.description },
  {
    heading: "permissions",
    text: (row) => (row.permissions.length === permissions.length ? "all" : row.permissions.join(" ")),
  },
];

interface RoleFlags {
  readonly permission?: Permission[];
  readonly description?: string;
}

function permission(text: string, before: readonly Permission[] = []): Permission[] {
  const known = permissions.find((one) => one === text);
  if (known === undefined) throw new InvalidArgumentError(`It must be one of ${permissions.join(", ")}.`);
  return [...before, known];
}

export function define(command: Command, run: Run): void {
  command
    .command("list")
    .description("the roles that there are")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        const rows = wireForm<RoleRecord[]>(await client.roles.list());
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, columns, none: "No roles." });
      }),
    );

  command
    .command("create <name>")
    .description("make a role of permissions that you have yourself")
    .requiredOption("--permission <permission>", "what it allows, such as costs:read; repeatable", permission)
    .option("--description <text>", "what it is for")
    .action(
      run<RoleFlags>(async (cli, { permission: allowed = [], description }, [name = ""]) => {
        const client = await cli.connect();
        const made = await client.roles.create({ name, permissions: allowed, description });
        await writeRecord(cli.terminal, wireForm<object>(made), () => made.name);
      }),
    );

  command
    .command("update <name>")
    .description("change a role of your own, at once for everybody who has it")
    .option("--permission <permission>", "what it allows from now on; repeatable", permission)
    .option("--description <text>", "what it is for")
    .action(
      run<RoleFlags>(async (cli, { permission: allowed, description }, [name = ""]) => {
        const client = await cli.connect();
        const changed = await client.roles.update(name, { permissions: allowed, description });
        await writeRecord(cli.terminal, wireForm<object>(changed), () => changed.name);
      }),
    );

  command
    .command("delete <name>")
    .description("delete a role of your own that nobody has")
    .action(
      run<object>(async (cli, _flags, [name = ""]) => {
        const client = await cli.connect();
        await client.roles.delete(name);
        cli.terminal.talk(`The role ${printable(name)} is gone.`);
      }),
    );
}
