import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { archiveToStdout } from "../archive-streams.ts";
import type { Run } from "../invocation.ts";
import { localDatabase } from "../local-database.ts";
import { count, counted } from "../terminal/amounts.ts";
import { writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";

export function define(command: Command, run: Run): void {
  command
    .argument("<file>", "where to; - is stdout")
    .addHelpText(
      "after",
      "\nOne moment of everything that the database holds, also while a server works with it. The file holds what the\ndatabase holds, the hashes of keys included: keep it as safe. What is sealed stays sealed, so keep the secret key\n(COST_OPS_SECRET_KEY) too, but elsewhere.",
    )
    .action(
      run(async (cli, _, [file = "-"]) => {
        const database = await localDatabase(cli, "backup saves a local database");
        const { backUp, writeFileWhole } = await import("@llm-cost-ops/server/transfer");
        const startedAtMs = Date.now();
        const about = { now: startedAtMs, signal: cli.signal };
        const written =
          file === "-"
            ? await backUp(database, archiveToStdout(), about)
            : await writeFileWhole(resolve(file), (output) => backUp(database, output, about));
        const rows = Object.values(written.contents).reduce((sum, table) => sum + table.rows, 0);
        const records = written.contents["records"]?.rows ?? 0;
        const seconds = ((Date.now() - startedAtMs) / 1_000).toFixed(1);
        const { terminal } = cli;
        if (file === "-") {
          return terminal.talk(`Saved ${counted(records, "record")}, ${counted(rows, "row")} in all, in ${seconds} s.`);
        }
        const { size } = await stat(file);
        const document = {
          file: resolve(file),
          created_at: written.manifest.created_at,
          program: written.manifest.program,
          schema: written.manifest.schema,
          records,
          rows,
          bytes: size,
          sha256: written.sha256,
        };
        await writeRecord(terminal, document, () =>
          [
            `Saved ${counted(records, "record")}, ${counted(rows, "row")} in all, in ${printable(document.file)}:`,
            `${count(size)} bytes, in ${seconds} s. Its contents have the digest ${written.sha256}.`,
          ].join("\n"),
        );
      }),
    );
}
