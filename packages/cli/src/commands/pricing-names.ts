import type { AliasRecord, ProviderRecord } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { count } from "../terminal/amounts.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";

type Provider = ReturnType<typeof ProviderRecord.parse>;
type Alias = ReturnType<typeof AliasRecord.parse>;

const providerColumns: readonly Column<Provider>[] = [
  { heading: "provider", text: (row) => row.id },
  { heading: "name", text: (row) => row.name },
  { heading: "models", align: "right", text: (row) => count(row.models) },
  { heading: "source", text: (row) => row.source },
];

const aliasColumns: readonly Column<Alias>[] = [
  { heading: "provider", text: (row) => row.provider },
  { heading: "alias", text: (row) => row.alias },
  { heading: "priced as", text: (row) => row.model },
  { heading: "source", text: (row) => row.source },
];

export function defineProviders(command: Command, run: Run): void {
  command.action(
    run(async (cli) => {
      const client = await cli.connect("may be created");
      const rows = wireForm<Provider[]>(await client.pricing.providers.list());
      await writeAnswer(cli.terminal, {
        document: { data: rows },
        rows,
        columns: providerColumns,
        none: "No providers.",
      });
    }),
  );
  command
    .command("add")
    .description("add a provider of your own")
    .argument("<id>", "its id, in small letters")
    .option("--name <name>", "its name")
    .action(
      run<{ name?: string }>(async (cli, { name }, [id = ""]) => {
        const client = await cli.connect("may be created");
        const created = await client.pricing.providers.create({ id, ...(name === undefined ? {} : { name }) });
        await writeRecord(cli.terminal, wireForm<Provider>(created));
      }),
    );
}

export function defineAliases(command: Command, run: Run): void {
  command.action(
    run(async (cli) => {
      const client = await cli.connect("may be created");
      const rows = wireForm<Alias[]>(await client.pricing.aliases.list());
      await writeAnswer(cli.terminal, { document: { data: rows }, rows, columns: aliasColumns, none: "No aliases." });
    }),
  );
  command
    .command("add")
    .description("price a model or deployment as another")
    .requiredOption("--provider <name>", "the provider of both")
    .requiredOption("--alias <name>", "the name that calls carry")
    .requiredOption("--model <name>", "the model whose price applies")
    .action(
      run<{ provider: string; alias: string; model: string }>(async (cli, alias) => {
        const client = await cli.connect("may be created");
        await writeRecord(cli.terminal, wireForm<Alias>(await client.pricing.aliases.create(alias)));
      }),
    );
  command
    .command("remove")
    .description("remove an alias of your own")
    .requiredOption("--provider <name>", "its provider")
    .requiredOption("--alias <name>", "the alias")
    .action(
      run<{ provider: string; alias: string }>(async (cli, { provider, alias }) => {
        const client = await cli.connect();
        await client.pricing.aliases.delete(provider, alias);
        cli.terminal.talk(`${printable(`${provider} / ${alias}`)} is no alias any more.`);
      }),
    );
}
