import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { type ImportReport, importFormats } from "@llm-cost-ops/contract";
import { type CostOpsClient, CostOpsError, type ImportOptions } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { findFiles, type SourceFile } from "../imports/find-files.ts";
import { joinReports, outcomeText, unpricedHints } from "../imports/import-outcome.ts";
import { barProgress, type Progress, silentProgress } from "../imports/progress.ts";
import { type RejectedFile, rejectedFile, rejectedPath } from "../imports/rejected-file.ts";
import type { Run } from "../invocation.ts";
import { writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { repeated } from "./filter-flags.ts";

interface ImportFlags {
  readonly format?: ImportOptions["format"];
  readonly map?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly project?: string;
  readonly user?: string;
  readonly tag?: readonly string[];
  readonly occurredAt?: string;
  readonly dryRun?: boolean;
  readonly rejected?: string;
  readonly strict?: boolean;
}

export function define(command: Command, run: Run): void {
  command
    .argument("<file...>", "files or folders; - reads stdin")
    .addOption(
      new Option("--format <format>", "format of every file, instead of looking (auto)").choices(importFormats),
    )
    .option(
      "--map <columns>",
      "CSV columns: field=Column,… such as input_tokens=ContextTokens; field='text' is a constant",
    )
    .option("--provider <name>", "provider of records that do not say")
    .option("--model <name>", "model of records that do not say")
    .option("--project <name>", "project of records that do not say")
    .option("--user <name>", "user of records that do not say")
    .option("--tag <key:value>", "tag for every record; repeatable", repeated)
    .option("--occurred-at <instant>", "time of records that carry none")
    .option("--dry-run", "read, check and price, but record nothing")
    .option("--rejected <file>", "where rejected lines go (cost-ops-rejected-<name>.jsonl)")
    .option("--strict", "exit with 1 if anything was rejected or not recognised")
    .addHelpText("after", "\nRunning the same import again records nothing twice.")
    .action(
      run<ImportFlags>(async (cli, flags, operands) => {
        const { terminal } = cli;
        const files = await findFiles(operands);
        if (files.length === 0) throw new CommandError(`There is nothing to import in ${operands.join(", ")}.`);
        const client = await cli.connect("may be created");
        const startedAtMs = performance.now();
        const progress = terminal.animated ? await barProgress(files, () => performance.now()) : silentProgress;
        const rejected = rejectedFile(flags.rejected ?? rejectedPath(operands[0] ?? "-"));
        const reports: ImportReport[] = [];
        const unrecognised: { file: string; reason: string }[] = [];
        try {
          for (const file of files) {
            const result = await importOne(client, file, optionsFrom(flags, file, cli.signal), progress, rejected);
            if ("report" in result) reports.push(result.report);
            else unrecognised.push({ file: file.path, reason: result.unrecognised });
          }
        } catch (error) {
          if (!cli.signal.aborted) throw error;
          progress.end();
          throw new CommandError(
            "Stopped. What was recorded stays; the same import again records the rest.",
            exitCodes.interrupted,
          );
        } finally {
          progress.end();
          rejected.close();
        }
        const outcome = joinReports(reports, {
          dry_run: flags.dryRun ?? false,
          rejected_file: rejected.count === 0 ? null : rejected.path,
          unrecognised,
        });
        await writeRecord(terminal, outcome, () =>
          outcomeText(terminal.paint, outcome, (performance.now() - startedAtMs) / 1_000),
        );
        for (const hint of unpricedHints(outcome)) terminal.talk(hint);
        for (const { file, reason } of unrecognised)
          terminal.talk(`Not imported: ${printable(file)}: ${printable(reason)}`);
        if (reports.length === 0) throw new CommandError("No file was recognised; name the format with --format.");
        const flawed = outcome.rejected > 0 || unrecognised.length > 0;
        return flags.strict && flawed ? exitCodes.error : exitCodes.ok;
      }),
    );
}

function optionsFrom(flags: ImportFlags, file: SourceFile, signal: AbortSignal): ImportOptions {
  return {
    name: file.name,
    signal,
    ...(flags.format === undefined ? {} : { format: flags.format }),
    ...(flags.map === undefined ? {} : { map: flags.map }),
    ...(flags.provider === undefined ? {} : { provider: flags.provider }),
    ...(flags.model === undefined ? {} : { model: flags.model }),
    ...(flags.project === undefined ? {} : { projectId: flags.project }),
    ...(flags.user === undefined ? {} : { userId: flags.user }),
    ...(flags.tag === undefined ? {} : { tags: flags.tag.join(",") }),
    ...(flags.occurredAt === undefined ? {} : { occurredAt: flags.occurredAt }),
    ...(flags.dryRun === undefined ? {} : { dryRun: flags.dryRun }),
  };
}

type OneResult = { readonly report: ImportReport } | { readonly unrecognised: string };

/** One file, from disk to its report. A stranger in a folder is passed over; a file that was named itself must be known. */
async function importOne(
  client: CostOpsClient,
  file: SourceFile,
  options: ImportOptions,
  progress: Progress,
  rejected: RejectedFile,
): Promise<OneResult> {
  const source = file.path === "-" ? process.stdin : createReadStream(file.path, { highWaterMark: 256 * 1024 });
  try {
    for await (const event of client.imports.events(Readable.toWeb(source) as ReadableStream<Uint8Array>, options)) {
      if (event.type === "progress") progress.update(file, event.bytes, event.read);
      else if (event.type === "rejected") rejected.add(file.path, wireForm(event.rejection));
      else {
        progress.update(file, event.report.bytes, event.report.read);
        return { report: wireForm<ImportReport>(event.report) };
      }
    }
  } catch (error) {
    if (!(error instanceof CostOpsError) || error.code !== "IMPORT_001") throw error;
    if (!file.named) return { unrecognised: "no format of usage that is known" };
    const known = importFormats.filter((format) => format !== "auto").join(", ");
    throw new CommandError(
      `${printable(file.path)} is in no format that is recognised by itself; name it with --format (${known}).`,
      exitCodes.usage,
    );
  } finally {
    source.destroy();
  }
  throw new CommandError(`${file.path}: the answer ended without a report.`, exitCodes.api);
}
