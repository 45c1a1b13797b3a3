import type { Config } from "@llm-cost-ops/server";
import type { MigrationReport } from "@llm-cost-ops/server/transfer";
import type { Command } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { serverAddress } from "../local-config.ts";
import { count } from "../terminal/amounts.ts";
import { type Column, writeAnswer } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";

export function define(command: Command, run: Run): void {
  command
    .argument("<from>", "sqlite:file or postgresql://user:password@host/database")
    .argument("<to>", "the same, of an empty database")
    .addHelpText(
      "after",
      "\nStop the servers first: what is written to the old database meanwhile is not in the new one, and told as a\ndifference. It exits with 0 where both agree afterwards and with 5 where they differ. The old database stays as it is.",
    )
    .action(
      run(async (cli, _, [from = "", to = ""]) => {
        if (serverAddress(cli) !== undefined) {
          throw new CommandError(
            "migrate-store moves local databases; it does not go with --api-url.",
            exitCodes.usage,
          );
        }
        const { migrateStore } = await import("@llm-cost-ops/server/transfer");
        const [source, target] = [await addressOf("from", from), await addressOf("to", to)];
        const report = await migrateStore(source, target, cli.signal);
        const lines = linesOf(report);
        const { terminal } = cli;
        await writeAnswer(terminal, {
          document: { from: String(source), to: String(target), agrees: report.agrees, compared: lines },
          // People need not see the many tables that are empty on both sides.
          rows: terminal.format === "table" ? lines.filter(({ from, to }) => from !== "0" || to !== "0") : lines,
          columns,
          none: "Both are empty.",
        });
        if (report.agrees) {
          terminal.talk(
            `Both agree. Set DATABASE_URL to ${printable(target.store === "sqlite" ? `sqlite:${target.path}` : String(target))} and start the servers.`,
          );
          return exitCodes.ok;
        }
        terminal.warn("They differ. Stop the servers of the old database, empty the new one, and move again.");
        return exitCodes.database;
      }),
    );
}

/** The address of an operand; never shown with its password. */
async function addressOf(name: string, text: string): Promise<Config["database"]> {
  const { readDatabaseAddress } = await import("@llm-cost-ops/server/transfer");
  const address = readDatabaseAddress(text);
  if (typeof address === "string") throw new CommandError(`<${name}> ${address}.`, exitCodes.usage);
  return address.from(process.cwd());
}

/** One thing that both sides say. */
interface Line {
  readonly table: string;
  readonly what: string;
  readonly currency: string | null;
  readonly from: string;
  readonly to: string;
  readonly agrees: boolean;
}

const columns: readonly Column<Line>[] = [
  { heading: "table", text: (line) => line.table },
  { heading: "what", text: (line) => line.what },
  { heading: "currency", text: (line) => line.currency ?? "" },
  { heading: "from", align: "right", text: (line) => shown(line.from) },
  { heading: "to", align: "right", text: (line) => shown(line.to) },
  { heading: "", text: (line) => (line.agrees ? "✓" : "✗") },
];

const shown = (text: string): string => (/^-?\d+$/.test(text) ? count(text) : text);

const measures = [
  "requests",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "cost",
  "saved",
] as const;

function linesOf({ tables, sums }: MigrationReport): readonly Line[] {
  const rows = tables.map(({ table, sourceRows, targetRows, isSameContent }): Line => {
    const what = isSameContent === undefined ? "rows" : "rows, byte by byte";
    const agrees = sourceRows === targetRows && isSameContent !== false;
    return { table, what, currency: null, from: String(sourceRows), to: String(targetRows), agrees };
  });
  const added = sums.flatMap(({ source, target }) =>
    measures.map((measure): Line => {
      const [from, to] = [source?.[measure] ?? "0", target?.[measure] ?? "0"];
      const { table = "", currency = null } = source ?? target ?? {};
      return { table, what: measure.replaceAll("_", " "), currency, from, to, agrees: from === to };
    }),
  );
  return [...rows, ...added];
}
