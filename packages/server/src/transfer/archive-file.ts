import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";

/**
 * Gives `write`, which is to end it, a file beside `path` that takes its name when it is whole and on disk; else nothing is left of it and what
 * had the name keeps it. Only its owner may read it. What is no plain file, such as a device, is written to as it is.
 */
export async function writeFileWhole<T>(path: string, write: (output: Writable) => Promise<T>): Promise<T> {
  const existing = await stat(path).catch(() => undefined);
  if (existing !== undefined && !existing.isFile()) return write(createWriteStream(path, { flags: "w" }));
  const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
  const output = createWriteStream(beside, { flags: "wx", mode: 0o600, flush: true });
  const closed = once(output, "close");
  closed.catch(() => undefined);
  try {
    await once(output, "open");
    const result = await write(output);
    await closed;
    await rename(beside, path);
    await syncFolder(dirname(path));
    return result;
  } catch (error) {
    output.destroy();
    await closed.catch(() => undefined);
    await rm(beside, { force: true });
    throw error;
  }
}

export const readWholeFile = (path: string): Readable => createReadStream(path, { highWaterMark: 1 << 20 });

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
