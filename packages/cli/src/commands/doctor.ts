import type { Command } from "commander";
import { composeLocally } from "../connect.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { configSources, serverAddress } from "../local-config.ts";
import { count, counted } from "../terminal/amounts.ts";
import { renderTable, writeRecord } from "../terminal/output.ts";
import { findKeyProblems } from "./doctor-audit.ts";
import { readRetention, retentionText } from "./doctor-retention.ts";
import { findUnsafe } from "./doctor-safety.ts";

export function define(command: Command, run: Run): void {
  command
    .option("--integrity", "also have the database read every page of its file (slow on large ones)")
    .addHelpText(
      "after",
      "\nIt adds up the ledger again, and says what is unsafe in the configuration that it is given and in the files.\nIt tells since when single records are kept, and which the next daily run would drop (RETENTION_MONTHS).\nIt changes nothing, and exits with 5 where the ledger differs, with 1 where something is unsafe, with 0 where there\nare warnings at most. Local databases only.",
    )
    .action(
      run<{ integrity?: boolean }>(async (cli, { integrity = false }) => {
        if (serverAddress(cli) !== undefined) {
          throw new CommandError("doctor looks at a local database; it does not go with --api-url.", exitCodes.usage);
        }
        const { store } = await composeLocally({ ...cli, database: "must exist" });
        const { checkLedgerOperation, loadConfig } = await import("@llm-cost-ops/server");
        const config = loadConfig(configSources(cli));
        const unsafe = [...(await findUnsafe(config)), ...(await findKeyProblems(store, config))];
        const check = await store.run(checkLedgerOperation, { integrity });
        const retention = await readRetention(store, config);
        const document = {
          records: check.records,
          rollup_rows: check.rollupRows,
          lines_checked: check.linesChecked,
          differences: check.differences,
          reported: check.reported,
          retention,
          unsafe,
        };
        const { paint } = cli.terminal;
        await writeRecord(cli.terminal, document, () =>
          [
            `${counted(check.records, "record")}: ${counted(check.rollupRows, "sum")} added up again, ${counted(check.linesChecked, "line")} computed again`,
            check.differences === 0
              ? paint.green("✓ Everything agrees, to the last digit.")
              : paint.red(`✗ ${count(check.differences)} differences`),
            ...(check.reported.length === 0
              ? []
              : [
                  "",
                  renderTable(cli.terminal, check.reported, [
                    { heading: "where", text: (each) => each.table },
                    { heading: "key", text: (each) => each.key },
                    { heading: "what", text: (each) => each.message },
                  ]),
                ]),
            ...retentionText(retention),
            ...unsafe.map(({ severity, message }) =>
              severity === "problem" ? paint.red(`✗ ${message}`) : paint.yellow(`! ${message}`),
            ),
          ].join("\n"),
        );
        if (check.differences > 0) return exitCodes.database;
        return unsafe.some(({ severity }) => severity === "problem") ? exitCodes.error : exitCodes.ok;
      }),
    );
}
