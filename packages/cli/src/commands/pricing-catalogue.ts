import type { CatalogueDifference, CatalogueVersion } from "@llm-cost-ops/contract";
import type { CatalogueParams, CostOpsClient } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import { confirm } from "../confirm.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { count } from "../terminal/amounts.ts";
import { type Column, renderTable, writeAnswer, writeRecord } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { wireForm } from "../wire-form.ts";
import { readJsonFile } from "./price-flags.ts";

type Version = ReturnType<typeof CatalogueVersion.parse>;

interface SourceFlags {
  readonly source: CatalogueParams["source"];
  readonly file?: string;
  readonly effectiveDate?: string;
}

const versionColumns: readonly Column<Version>[] = [
  { heading: "version", text: (row) => row.id },
  { heading: "source", text: (row) => row.source },
  { heading: "models", align: "right", text: (row) => count(row.models) },
  { heading: "effective", text: (row) => row.effective_date ?? "since ever" },
  { heading: "applied", text: (row) => row.created_at },
];

export function defineCatalogue(command: Command, run: Run): void {
  const showVersions = run(async (cli) => {
    const client = await cli.connect("may be created");
    const rows = wireForm<Version[]>(await client.pricing.catalogue.versions());
    await writeAnswer(cli.terminal, {
      document: { data: rows },
      rows,
      columns: versionColumns,
      none: "No catalogue yet.",
    });
  });
  command.action(showVersions);
  command.command("versions").description("catalogues that were applied").action(showVersions);

  addSourceFlags(command.command("preview").description("what a catalogue would change; changes nothing")).action(
    run<SourceFlags>(async (cli, flags) => {
      const params = await paramsFrom(flags);
      const client = await cli.connect("may be created");
      const difference = await previewOf(client, params);
      await writeRecord(cli.terminal, difference, () => differenceText(cli.terminal, difference));
    }),
  );

  addSourceFlags(command.command("apply").description("apply a catalogue as a new version")).action(
    run<SourceFlags>(async (cli, flags) => {
      const params = await paramsFrom(flags);
      const client = await cli.connect("may be created");
      if (cli.terminal.interactive && !cli.options.yes) {
        const { added, changed, removed } = await previewOf(client, params);
        await confirm(
          cli,
          `${count(added.length)} prices are added, ${count(changed.length)} change, ${count(removed.length)} end. Apply?`,
        );
      }
      const { difference, ...version } = await client.pricing.catalogue.apply(params);
      const document = { data: wireForm<Version>(version), difference: wireForm<CatalogueDifference>(difference) };
      await writeRecord(cli.terminal, document, () =>
        [
          `Version ${document.data.id} of ${document.data.source} applies${document.data.effective_date === null ? " since ever" : ` from ${document.data.effective_date}`}.`,
          differenceText(cli.terminal, document.difference),
        ].join("\n"),
      );
    }),
  );
}

const previewOf = async (client: CostOpsClient, params: CatalogueParams): Promise<CatalogueDifference> =>
  wireForm<CatalogueDifference>(await client.pricing.catalogue.preview(params));

function addSourceFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--source <source>", "the data that ships with the server, a catalogue file, or a LiteLLM price map")
        .choices(["bundled", "file", "litellm"])
        .default("bundled"),
    )
    .option("--file <file>", "the JSON file, for file and litellm")
    .option("--effective-date <instant>", "from when changed prices apply (now)");
}

async function paramsFrom({ source, file, effectiveDate }: SourceFlags): Promise<CatalogueParams> {
  if (source === "bundled" && file !== undefined) {
    throw new CommandError("--file goes with --source file or --source litellm.", exitCodes.usage);
  }
  if (source !== "bundled" && file === undefined) {
    throw new CommandError(`--source ${source} needs --file.`, exitCodes.usage);
  }
  return {
    source,
    ...(file === undefined ? {} : { content: (await readJsonFile(file, "--file")) as Record<string, unknown> }),
    ...(effectiveDate === undefined ? {} : { effectiveDate }),
  };
}

/** How many rows of each list people see; `--output json` has all. */
const shownMax = 20;

function differenceText(terminal: Terminal, difference: CatalogueDifference): string {
  const { added, changed, removed, unchanged, problems } = difference;
  const rates = changed.flatMap(({ provider, model, rates }) =>
    rates.map((rate) => ({ name: `${provider} / ${model}`, ...rate })),
  );
  const more = (left: number): readonly string[] =>
    left > 0 ? [`… and ${count(left)} more (--output json shows all)`] : [];
  return [
    `${count(added.length)} added, ${count(changed.length)} changed, ${count(removed.length)} removed, ${count(unchanged)} as before, ${count(problems.length)} not understood`,
    ...(rates.length === 0
      ? []
      : [
          "",
          renderTable(terminal, rates.slice(0, shownMax), [
            { heading: "changed", text: (rate) => rate.name },
            {
              heading: "kind",
              text: (rate) =>
                [rate.kind, rate.service_tier, rate.above && `above ${rate.above}`].filter(Boolean).join(" "),
            },
            { heading: "before", align: "right", text: (rate) => rate.before ?? "–" },
            { heading: "after", align: "right", text: (rate) => rate.after ?? "–" },
          ]),
          ...more(rates.length - shownMax),
        ]),
    ...(problems.length === 0
      ? []
      : [
          "",
          renderTable(terminal, problems.slice(0, shownMax), [
            { heading: "not understood", text: (problem) => problem.entry },
            { heading: "why", text: (problem) => problem.message },
          ]),
          ...more(problems.length - shownMax),
        ]),
  ].join("\n");
}
