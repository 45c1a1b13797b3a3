import type { Command } from "commander";
import { archiveFrom } from "../archive-streams.ts";
import { confirm } from "../confirm.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { localDatabase } from "../local-database.ts";
import { counted } from "../terminal/amounts.ts";
import { writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";

interface RestoreOptions {
  readonly replace?: boolean;
  readonly check?: boolean;
}

export function define(command: Command, run: Run): void {
  command
    .argument("<file>", "an archive of cost-ops backup; - is stdin")
    .option("--replace", "in the place of what the database holds, which is lost")
    .option("--check", "only read the archive to its end and say whether it is whole")
    .addHelpText(
      "after",
      "\nThe database is that of the configuration, of either kind, whichever kind the archive comes from. It is there whole\nafterwards, or as it was. Servers must be stopped. An archive of an older version is brought up to date.",
    )
    .action(
      run<RestoreOptions>(async (cli, { replace = false, check = false }, [file = "-"]) => {
        if (replace && check) throw new CommandError("--check changes nothing; leave out --replace.", exitCodes.usage);
        const { checkArchive, restore } = await import("@llm-cost-ops/server/transfer");
        const database = check ? undefined : await localDatabase(cli, "restore fills a local database");
        const input = await archiveFrom(file);
        if (replace) await confirm(cli, `Replace everything in ${printable(String(database))}?`);
        const { manifest, contents } =
          database === undefined
            ? await checkArchive(input, cli.signal)
            : await restore(input, database, { isReplacing: replace, signal: cli.signal });
        const rows = Object.values(contents).reduce((sum, table) => sum + table.rows, 0);
        const records = contents["records"]?.rows ?? 0;
        const document = {
          database: database === undefined ? null : String(database),
          created_at: manifest.created_at,
          program: manifest.program,
          schema: manifest.schema,
          records,
          rows,
        };
        await writeRecord(cli.terminal, document, () => {
          const what = `${counted(records, "record")}, ${counted(rows, "row")} in all, as they were at ${manifest.created_at}`;
          return database === undefined
            ? `The archive is whole: ${what}.`
            : `${printable(String(database))} holds ${what}.`;
        });
        if (database !== undefined) cli.terminal.talk("Next: cost-ops doctor adds the ledger up again.");
      }),
    );
}
