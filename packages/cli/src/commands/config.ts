import type { Command } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { configSources } from "../local-config.ts";
import { type Column, writeAnswer } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";

interface Row {
  readonly setting: string;
  readonly value: string | null;
  readonly origin: string;
  readonly env: string;
  readonly toml: string;
}

const columns: readonly Column<Row>[] = [
  { heading: "setting", text: (row) => row.toml },
  { heading: "value", text: (row) => row.value ?? "–" },
  { heading: "from", text: (row) => row.origin },
  { heading: "variable", text: (row) => row.env },
];

export function define(command: Command, run: Run): void {
  command
    .command("show")
    .description("every setting with its value and where it comes from; secrets are masked")
    .action(
      run(async (cli) => {
        const { loadConfig, settings } = await import("@llm-cost-ops/server/config");
        const config = loadConfig(configSources(cli));
        const rows = Object.entries(settings).map(([name, setting]): Row => {
          const value = config[name as keyof typeof settings];
          return {
            setting: name,
            value: value === undefined ? null : String(value),
            origin: config.origins[name as keyof typeof settings],
            env: setting.env,
            toml: setting.toml,
          };
        });
        await writeAnswer(cli.terminal, {
          document: { settings: rows, notices: config.notices },
          rows,
          columns,
        });
        for (const notice of config.notices) cli.terminal.talk(printable(notice));
      }),
    );

  command
    .command("path")
    .description("the files that are read, those that exist and those that do not")
    .action(
      run(async (cli) => {
        const { configPaths } = await import("@llm-cost-ops/server/config");
        const { existsSync } = await import("node:fs");
        const rows = configPaths(configSources(cli)).map((path) => ({ path, exists: existsSync(path) }));
        await writeAnswer(cli.terminal, {
          document: { data: rows },
          rows,
          columns: [
            { heading: "file", text: (row) => row.path },
            { heading: "", text: (row) => (row.exists ? "is read" : "does not exist") },
          ],
        });
      }),
    );

  command
    .command("check")
    .description("whether the server would start with this configuration")
    .action(
      run(async (cli) => {
        const { loadConfig, ConfigError } = await import("@llm-cost-ops/server/config");
        try {
          const { notices } = loadConfig(configSources(cli));
          for (const notice of notices) cli.terminal.talk(printable(notice));
          cli.terminal.talk("The configuration is right.");
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          throw new CommandError(error.message, exitCodes.error);
        }
      }),
    );
}
