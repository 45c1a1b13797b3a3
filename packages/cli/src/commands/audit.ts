import { readFile } from "node:fs/promises";
import type { AuditEntry, AuditVerification } from "@llm-cost-ops/contract";
import type { AuditCheckpoint } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { count, counted } from "../terminal/amounts.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { deliver } from "./export.ts";
import { wholeNumber } from "./flag-values.ts";

const columns: readonly Column<AuditEntry>[] = [
  { heading: "when", isWhole: true, text: (row) => row.timestamp },
  { heading: "who", text: (row) => row.actor_name ?? row.actor_id ?? row.actor_kind },
  { heading: "action", isWhole: true, text: (row) => row.action },
  { heading: "what", text: (row) => [row.resource_type, row.resource_id].filter((part) => part !== null).join(" ") },
  { heading: "outcome", text: (row) => row.outcome, isOptional: true },
  { heading: "from", text: (row) => row.client_address ?? "", isOptional: true },
  { heading: "number", align: "right", text: (row) => count(row.seq), isOptional: true },
];

interface FilterFlags {
  readonly range?: string;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly timezone?: string;
  readonly action?: string;
  readonly resourceType?: string;
  readonly resourceId?: string;
  readonly user?: string;
  readonly key?: string;
}

const addFilters = (command: Command): Command =>
  command
    .option("--range <preset>", "today, last-7-days, last-30-days, this-month … (everything if no dates are given)")
    .addOption(new Option("--from, --start-date <date>", "first day or instant").conflicts("range"))
    .addOption(new Option("--to, --end-date <date>", "last day, or the instant before which").conflicts("range"))
    .option("--timezone <zone>", "calendar of the days, such as Europe/Berlin (UTC)")
    .option("--action <name>", "what was done, such as apiKeys.create")
    .option("--resource-type <type>", "to what kind of thing, such as api_key")
    .option("--resource-id <id>", "to which one")
    .option("--user <user>", "by the user with this id or e-mail address")
    .option("--key <id>", "with the API key of this id");

const filtersOf = ({
  user,
  key,
  range,
  startDate,
  endDate,
  timezone,
  action,
  resourceType,
  resourceId,
}: FilterFlags) => ({
  ...{ range, startDate, endDate, timezone, action, resourceType, resourceId },
  userId: user,
  keyId: key,
});

export function define(command: Command, run: Run): void {
  addFilters(command.command("list").description("who changed what, newest first"))
    .option("--limit <entries>", "entries of a page, at most 1000 (100)", wholeNumber(1, 1_000))
    .option("--cursor <cursor>", "the page after the one that named this cursor")
    .action(
      run<FilterFlags & { limit?: number; cursor?: string }>(async (cli, { limit, cursor, ...flags }) => {
        const client = await cli.connect();
        const page = await client.audit.list({ ...filtersOf(flags), limit, cursor });
        const rows = wireForm<AuditEntry[]>(page.data);
        const document = { data: rows, pagination: wireForm(page.pagination) };
        await writeAnswer(cli.terminal, { document, rows, columns, none: "No entries." });
        if (page.nextCursor !== null) cli.terminal.talk(`More follow: add --cursor ${page.nextCursor}`);
      }),
    );

  addFilters(command.command("export").description("the trail as a file, oldest first"))
    .addOption(new Option("--format <format>", "format of the file").choices(["jsonl", "csv"]).default("jsonl"))
    .option("--out <file>", "write to this file instead of stdout (-)")
    .action(
      run<FilterFlags & { format: "jsonl" | "csv"; out?: string }>(async (cli, { format, out = "-", ...flags }) => {
        const client = await cli.connect();
        await deliver(cli, await client.audit.export({ ...filtersOf(flags), format }, { signal: cli.signal }), out);
      }),
    );

  command
    .command("verify")
    .description("check the whole trail again, and name the first entry that does not fit")
    .option("--checkpoint <file>", "a checkpoint that was kept elsewhere")
    .addHelpText("after", "\nExits with 5 where the trail was tampered with.")
    .action(
      run<{ checkpoint?: string }>(async (cli, { checkpoint: path }) => {
        const outside = path === undefined ? undefined : await readCheckpoint(path);
        const client = await cli.connect();
        const found = wireForm<AuditVerification>(await client.audit.verify(outside));
        const { paint } = cli.terminal;
        await writeRecord(cli.terminal, found, () =>
          found.problem === null
            ? [
                `Checked: ${counted(found.entries, "entry", "entries")} and ${counted(found.checkpoints, "checkpoint")}.`,
                paint.green("✓ Every entry fits what stands before it."),
              ].join("\n")
            : [
                paint.red(`✗ ${found.problem.message}`),
                found.seq === 0 ? "No entry fits before it." : `Everything fits up to entry ${count(found.seq)}.`,
              ].join("\n"),
        );
        if (found.valid && outside === undefined) {
          cli.terminal.talk(
            "Only a checkpoint that was kept elsewhere shows a new chain or a cut end: --checkpoint FILE.",
          );
        }
        return found.valid ? exitCodes.ok : exitCodes.database;
      }),
    );

  command
    .command("checkpoint")
    .description("sign what the trail is now; stdout gets the checkpoint, to be kept elsewhere")
    .addHelpText("after", "\nExample: cost-ops audit checkpoint > audit-2026-01-31.json")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        const checkpoint = await client.audit.checkpoint();
        await writeRecord(cli.terminal, checkpoint, () => JSON.stringify(checkpoint, null, 2));
        cli.terminal.talk("Keep it where nobody who can reach the database can.");
      }),
    );
}

async function readCheckpoint(path: string): Promise<AuditCheckpoint> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new CommandError(`${printable(path)} cannot be read: ${(error as Error).message}.`, exitCodes.usage);
  }
  try {
    return JSON.parse(text) as AuditCheckpoint;
  } catch {
    throw new CommandError(`${printable(path)} is not a checkpoint: it is not JSON.`, exitCodes.usage);
  }
}
