import { channelKindsText } from "@llm-cost-ops/contract/channel-kinds";
import { Command, Option } from "commander";
import type { CommandFile, Run } from "./invocation.ts";
import { outputFormats } from "./terminal/terminal.ts";
import { version } from "./version.ts";

/** Where each command lives. Only the file of the command that is asked for is loaded, so that start-up stays small. */
interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<CommandFile>;
}

const commandTable: Readonly<Record<string, CommandEntry>> = {
  overview: {
    summary: "the last days at a glance; what runs without a command",
    load: () => import("./commands/overview.ts"),
  },
  query: { summary: "sums, counts and averages by any dimensions", load: () => import("./commands/query.ts") },
  summary: { summary: "one period beside the period before", load: () => import("./commands/summary.ts") },
  projection: { summary: "what this month comes to", load: () => import("./commands/projection.ts") },
  list: { summary: "single records", load: () => import("./commands/list.ts") },
  tail: { summary: "what is recorded, as it happens", load: () => import("./commands/tail.ts") },
  explain: { summary: "the whole proof of one cost", load: () => import("./commands/explain.ts") },
  import: { summary: "read usage from files, folders or stdin", load: () => import("./commands/import.ts") },
  ingest: { summary: "record one call", load: () => import("./commands/ingest.ts") },
  export: { summary: "records or sums as a file", load: () => import("./commands/export.ts") },
  pricing: { summary: "the price book: look up, add, change, reprice", load: () => import("./commands/pricing.ts") },
  init: { summary: "create the database and show the first API key", load: () => import("./commands/init.ts") },
  server: { summary: "start the server", load: () => import("./commands/server.ts") },
  doctor: { summary: "compute the ledger again, say what is unsafe", load: () => import("./commands/doctor.ts") },
  backup: { summary: "save the whole installation in one file", load: () => import("./commands/backup.ts") },
  restore: { summary: "put a saved installation in its place", load: () => import("./commands/restore.ts") },
  "migrate-store": {
    summary: "move the installation to another database and compare both",
    load: () => import("./commands/migrate-store.ts"),
  },
  config: { summary: "which settings apply, and where they come from", load: () => import("./commands/config.ts") },
  organizations: {
    summary: "your organization, its tenants and what they spent",
    load: () => import("./commands/organizations.ts"),
  },
  users: { summary: "members, their roles, invitations and passwords", load: () => import("./commands/users.ts") },
  roles: { summary: "what each role allows, and roles of your own", load: () => import("./commands/roles.ts") },
  projects: { summary: "projects: create, list, change, archive", load: () => import("./commands/projects.ts") },
  teams: { summary: "teams of projects and members", load: () => import("./commands/teams.ts") },
  budget: {
    summary: "what may be spent, how much of it is, and a check for CI",
    load: () => import("./commands/budget.ts"),
  },
  channels: {
    summary: `where alerts go: by ${channelKindsText}`,
    load: () => import("./commands/channels.ts"),
  },
  alerts: {
    summary: "what has reached its threshold, and the rules that say what is worth an alert",
    load: () => import("./commands/alerts.ts"),
  },
  views: { summary: "what was kept of the dashboard's pages: list, delete", load: () => import("./commands/views.ts") },
  webhooks: {
    summary: "endpoints that events are sent to, and a receiver on this machine",
    load: () => import("./commands/webhooks.ts"),
  },
  audit: { summary: "who changed what, and whether that was tampered with", load: () => import("./commands/audit.ts") },
  auth: {
    summary: "sign in, make users, and create, list and revoke API keys",
    load: () => import("./commands/auth.ts"),
  },
  completion: { summary: "completions for bash, zsh or fish", load: () => import("./commands/completion.ts") },
  demo: { summary: "a throw-away server with ninety days of usage", load: () => import("./commands/demo.ts") },
};

const defaultCommand = "overview";

/**
 * The program. With `argv` only the commands that are named in it are described in full, the others by their summary;
 * without, all are.
 */
export async function createProgram(run: Run, argv?: readonly string[]): Promise<Command> {
  const program = new Command("cost-ops");
  program
    .description("Meter, price and explain the cost of language-model calls.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addOption(
      new Option(
        "--api-url <url>",
        "ask the server at this address (COST_OPS_API_URL) instead of opening the database",
      ).conflicts(["database", "config"]),
    )
    .addOption(
      new Option("--api-key <key>", "API key for --api-url (better: COST_OPS_API_KEY)").conflicts([
        "database",
        "config",
      ]),
    )
    .option("--database <url>", "the database: sqlite:cost-ops.db, or postgresql://… (DATABASE_URL)")
    .option("--config <file>", "configuration file (cost-ops.toml, if it exists)")
    .addOption(new Option("-o, --output <format>", "how data is written (table)").choices(outputFormats))
    .option("--no-color", "no colours (NO_COLOR)")
    .option("-q, --quiet", "data and errors only")
    .option("-y, --yes", "do not ask")
    .showHelpAfterError("(cost-ops --help shows what there is)")
    .addHelpText(
      "after",
      "\nWithout a command: the last days at a glance.\nData goes to stdout, everything else to stderr.",
    );
  const named = argv?.filter((word) => Object.hasOwn(commandTable, word)) ?? Object.keys(commandTable);
  const wanted: ReadonlySet<string> = new Set(named.length === 0 ? [defaultCommand] : named);
  for (const [name, { summary, load }] of Object.entries(commandTable)) {
    const command = program.command(name, { isDefault: name === defaultCommand }).description(summary);
    if (wanted.has(name)) (await load()).define(command, run);
  }
  return program;
}
