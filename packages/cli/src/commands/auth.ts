import type { ApiKey } from "@llm-cost-ops/contract";
import { type Permission, permissions } from "@llm-cost-ops/contract/permissions";
import { type Command, InvalidArgumentError } from "commander";
import { confirm } from "../confirm.ts";
import type { Run } from "../invocation.ts";
import { counted } from "../terminal/amounts.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { defineFactor } from "./auth-factor.ts";
import { defineRecovery } from "./auth-recovery.ts";
import { defineSessions } from "./auth-session.ts";
import { wholeNumber } from "./flag-values.ts";
import { addLimitFlags, defineLimits, type LimitFlags, limitsFrom, limitsText } from "./limit-flags.ts";

const columns: readonly Column<ApiKey>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "name", text: (row) => row.name },
  { heading: "begins", text: (row) => `${row.prefix}…` },
  { heading: "for", text: (row) => row.environment },
  { heading: "created", text: (row) => row.created_at },
  { heading: "scopes", text: (row) => (row.scopes.length === permissions.length ? "all" : row.scopes.join(" ")) },
  { heading: "project", text: (row) => row.project_id ?? "" },
  { heading: "last used", text: (row) => row.last_used_at ?? "never" },
  { heading: "state", text: stateOf },
];

function stateOf(row: ApiKey): string {
  if (row.revoked_at !== null) return `revoked ${row.revoked_at}`;
  if (row.expires_at === null) return "active";
  return `${Date.parse(row.expires_at) > Date.now() ? "expires" : "expired"} ${row.expires_at}`;
}

interface CreateFlags extends LimitFlags {
  readonly name: string;
  readonly scope?: Permission[];
  readonly expires?: string;
  readonly project?: string;
  readonly test?: true;
}

function scope(text: string, before: readonly Permission[] = []): Permission[] {
  const permission = permissions.find((known) => known === text);
  if (permission === undefined) throw new InvalidArgumentError(`It must be one of ${permissions.join(", ")}.`);
  return [...before, permission];
}

export function define(command: Command, run: Run): void {
  defineSessions(command, run);
  defineFactor(command, run);
  defineRecovery(command, run);
  defineLimits(command, run);

  addLimitFlags(
    command
      .command("create-api-key")
      .description("create a key; stdout gets the key alone")
      .requiredOption("--name <name>", "what the key is for")
      .option("--scope <permission>", "what the key may do, such as usage:write; repeatable (all that you may)", scope)
      .option("--expires <instant>", "the instant from which on the key is refused (never, or that of the key in use)")
      .option("--project <id>", "the project of the key's records, which may name no other")
      .option("--test", "a test key, which begins with sk_test_ and may do the same"),
    "the key may reserve",
  )
    .addHelpText("after", '\nExample: new_key=$(cost-ops auth create-api-key --name "Rotation key")')
    .action(
      run<CreateFlags>(async (cli, { name, scope: scopes, expires: expiresAt, project: projectId, test, ...flags }) => {
        const client = await cli.connect("may be created");
        const environment = test ? "test" : "live";
        const limits = limitsFrom(flags);
        const created = await client.apiKeys.create({ name, scopes, expiresAt, projectId, environment, limits });
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

  addLimitFlags(
    command
      .command("set-api-key-limits")
      .description("limit a key in tokens and money, in place of all such limits that it has")
      .argument("<id>", "the id of the key (list-api-keys shows it)"),
    "the key may reserve",
  )
    .addHelpText("after", "\nWithout any flag it has no limits any more.")
    .action(
      run<LimitFlags>(async (cli, flags, [id = ""]) => {
        const client = await cli.connect();
        const limits = limitsFrom(flags) ?? null;
        const changed = wireForm<ApiKey>(await client.apiKeys.update(id, { limits }));
        await writeRecord(cli.terminal, changed, () => `${changed.id} ${limitsText(limits ?? undefined)}.`);
      }),
    );

  command
    .command("rotate-api-key")
    .description("make a key that takes another's place; stdout gets the new key alone")
    .argument("<id>", "the id of the key (list-api-keys shows it)")
    .option("--overlap <seconds>", "how long the old key goes on working (86400)", wholeNumber(0, 30 * 86_400))
    .addHelpText("after", "\nExample: new_key=$(cost-ops auth rotate-api-key key_1 --overlap 3600)")
    .action(
      run<{ overlap?: number }>(async (cli, { overlap }, [id = ""]) => {
        const client = await cli.connect();
        const created = await client.apiKeys.rotate(id, { overlapSeconds: overlap });
        const seconds = overlap ?? 86_400;
        const end = seconds === 0 ? "has ended" : `goes on working for ${counted(seconds, "second")}`;
        await writeRecord(cli.terminal, wireForm<object>(created), () => created.key);
        cli.terminal.talk(
          `Key ${created.id} (${printable(created.name)}) is shown this once; the old one, ${printable(id)}, ${end}.`,
        );
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
