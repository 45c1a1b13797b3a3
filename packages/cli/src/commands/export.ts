import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Command, Option } from "commander";
import type { Invocation, Run } from "../invocation.ts";
import { count } from "../terminal/amounts.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { addFilterFlags, type FilterOptions, filterFrom, listOf } from "./filter-flags.ts";

interface ExportOptions extends FilterOptions {
  readonly format: "csv" | "json" | "jsonl";
  readonly groupBy?: readonly string[];
  readonly fields?: readonly string[];
  readonly out?: string;
}

export function define(command: Command, run: Run): void {
  addFilterFlags(command, "everything if no dates are given")
    .addOption(new Option("--format <format>", "format of the file").choices(["csv", "json", "jsonl"]).default("csv"))
    .option("-g, --group-by <dimensions>", "sums by these dimensions instead of records", listOf)
    .option("--fields <names>", "only these fields of each record", listOf)
    .option("--out <file>", "write to this file instead of stdout (-)")
    .action(
      run<ExportOptions>(async (cli, options) => {
        const client = await cli.connect();
        const { format, groupBy, fields, out = "-" } = options;
        const described = await client.exports.create({
          ...filterFrom(options),
          format,
          ...(groupBy === undefined ? {} : { groupBy }),
          ...(fields === undefined ? {} : { includeFields: fields }),
        });
        const file = await described.download({ signal: cli.signal });
        await deliver(cli, file, out);
      }),
    );
}

type Chunks = AsyncIterable<Uint8Array>;

/** Writes a file that is being downloaded to where the person wants it; `-` is stdout. */
export async function deliver(cli: Pick<Invocation, "terminal" | "signal">, file: Chunks, out: string): Promise<void> {
  if (out === "-") return cli.terminal.columns === undefined ? pour(file, process.stdout) : show(cli.terminal, file);
  const bytes = await save(file, out, cli.signal);
  cli.terminal.talk(`Wrote ${count(bytes)} bytes to ${printable(out)}.`);
}

/** To another program or file: the exact bytes, as fast as they are taken. */
const pour = (file: Chunks, stdout: NodeJS.WriteStream): Promise<void> =>
  pipeline(Readable.from(file, { objectMode: false }), stdout, { end: false });

/** To a screen: without the power of control characters. */
async function show(terminal: Terminal, file: Chunks): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of file) terminal.data(decoder.decode(chunk, { stream: true }));
  terminal.data(decoder.decode());
}

/** Writes a file under another name until it is whole, so that nobody takes half of it for all; answers its bytes. */
async function save(file: Chunks, path: string, signal: AbortSignal): Promise<number> {
  const existing = await stat(path).catch(() => undefined);
  // What is no plain file (a pipe, a device) cannot be replaced by one.
  const target = existing === undefined || existing.isFile() ? `${path}.part` : path;
  const output = createWriteStream(target);
  try {
    await pipeline(Readable.from(file, { objectMode: false }), output, { signal });
    if (target !== path) await rename(target, path);
  } catch (error) {
    if (target !== path) await rm(target, { force: true });
    throw error;
  }
  return output.bytesWritten;
}
