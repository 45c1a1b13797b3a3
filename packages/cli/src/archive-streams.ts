import { stat } from "node:fs/promises";
import { type Readable, Writable } from "node:stream";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { printable } from "./terminal/printable.ts";

/** The archive that an operand names, `-` for stdin. */
export async function archiveFrom(operand: string): Promise<Readable> {
  if (operand === "-") {
    if (process.stdin.isTTY) {
      throw new CommandError("An archive is not typed: give a file, or send one to stdin.", exitCodes.usage);
    }
    return process.stdin;
  }
  const found = await stat(operand).catch(() => undefined);
  if (found === undefined)
    throw new CommandError(`${printable(operand)} cannot be read: there is no such file.`, exitCodes.usage);
  const { readWholeFile } = await import("@llm-cost-ops/server/transfer");
  return readWholeFile(operand);
}

/** Stdout as the place of an archive, which is worth nothing unless it is read to its end. */
export function archiveToStdout(): Writable {
  if (process.stdout.isTTY) {
    throw new CommandError("An archive is nothing to look at: give a file, or send stdout to one.", exitCodes.usage);
  }
  // For other output it is no failure that nobody reads on.
  process.stdout.removeAllListeners("error").on("error", () => undefined);
  return new Writable({
    write: (chunk: Buffer, _, done) =>
      void process.stdout.write(chunk, (error) =>
        done(error ? new CommandError("Stdout was not read to the end of the archive.") : null),
      ),
  });
}
