import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ApiKey, ApiKeyCreated } from "@llm-cost-ops/contract";
import type { PreparedDatabase } from "@llm-cost-ops/server/transfer";
import type { Command } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { localDatabase } from "../local-database.ts";
import { writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";

const isActive = ({ revoked_at, expires_at }: ApiKey): boolean =>
  revoked_at === null && (expires_at === null || Date.parse(expires_at) > Date.now());

export function define(command: Command, run: Run): void {
  command
    .option("--write-config", "also write cost-ops.toml with every setting and its default")
    .addHelpText(
      "after",
      "\nOn a database that is there it only does what is missing.\nstdout gets the administrator key alone, once: key=$(cost-ops init)",
    )
    .action(
      run<{ writeConfig?: boolean }>(async (cli, { writeConfig }) => {
        const address = await localDatabase(cli, "init makes a local database");
        const database = String(address);
        const [{ settings }, { prepareDatabase }] = await Promise.all([
          import("@llm-cost-ops/server/config"),
          import("@llm-cost-ops/server/transfer"),
        ]);
        const configFile = writeConfig ? await writeConfigFile(settings) : null;
        const prepared = await prepareDatabase(address);
        const client = await cli.connect("may be created");
        const active = wireForm<ApiKey[]>(await client.apiKeys.list()).filter(isActive);
        const made =
          active.length === 0
            ? wireForm<ApiKeyCreated>(await client.apiKeys.create({ name: "administrator" }))
            : undefined;
        const document = {
          database,
          schema_before: prepared.schemaBefore,
          schema: prepared.schema,
          config_file: configFile,
          key_id: made?.id ?? null,
          api_key: made?.key ?? null,
        };
        const { terminal } = cli;
        if (made !== undefined || terminal.format !== "table") {
          await writeRecord(terminal, document, () => made?.key ?? "");
        }
        terminal.talk(`The database ${printable(database)} ${deed(prepared)}.`);
        if (configFile !== null) terminal.talk(`The settings are in ${printable(configFile)}.`);
        terminal.talk(
          made === undefined
            ? `It has ${active.length === 1 ? "a key" : `${active.length} keys`} already; make another with cost-ops auth create-api-key.`
            : "The key above is the administrator's. It is shown this once; only its hash is kept.",
        );
        terminal.talk("Next: cost-ops import FILE, or cost-ops server.");
      }),
    );
}

const deed = ({ schemaBefore, schema }: PreparedDatabase): string =>
  schemaBefore === null
    ? `was made, with schema ${schema}`
    : schemaBefore === schema
      ? `is up to date, with schema ${schema}`
      : `was brought from schema ${schemaBefore} to ${schema}`;

interface SettingLine {
  readonly toml: string;
  readonly env: string;
  readonly meaning: string;
  readonly fallback: string | undefined;
}

/** A file with every setting commented out, so that what stands in it uncommented is what somebody decided. */
async function writeConfigFile(settings: Readonly<Record<string, SettingLine>>): Promise<string> {
  const bySection = Map.groupBy(Object.values(settings), ({ toml }) => toml.slice(0, toml.indexOf(".")));
  const sections = [...bySection].map(([section, lines]) =>
    [
      `[${section}]`,
      ...lines.map(({ toml, env, meaning, fallback }) =>
        [`# ${meaning} (${env})`, `# ${toml.slice(section.length + 1)} = ${tomlValue(fallback ?? "")}`].join("\n"),
      ),
    ].join("\n"),
  );
  const path = resolve("cost-ops.toml");
  const text = ["# Settings of LLM Cost Ops. Flags and environment variables go before this file.", ...sections].join(
    "\n\n",
  );
  try {
    await writeFile(path, `${text}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new CommandError(`${path} exists already and is left as it is.`, exitCodes.error);
  }
  return path;
}

const tomlValue = (text: string): string => (/^(true|false|\d+)$/.test(text) ? text : JSON.stringify(text));
