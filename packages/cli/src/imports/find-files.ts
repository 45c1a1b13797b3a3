import { lstat, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { CommandError, exitCodes } from "../exit-codes.ts";

/** One source of an import; `-` is stdin. */
export interface SourceFile {
  readonly path: string;
  /** What the report calls it. */
  readonly name: string;
  /** Bytes; undefined where nobody knows before the end. */
  readonly bytes: number | undefined;
  /** Whether it was named itself, rather than found in a folder. */
  readonly named: boolean;
}

/** Endings of files that a folder is searched for; a name given on the command line may end as it likes. */
const readableEnding = /\.(jsonl|ndjson|json|csv|tsv|sse|log|otlp|gz)$/i;
/** Folders in which nobody keeps usage. */
const passedOver: ReadonlySet<string> = new Set(["node_modules", ".git"]);

/**
 * The files that operands mean: files as they are, folders walked in the order of their names, without following links
 * to folders (which could go round in a circle).
 * @throws CommandError naming an operand that does not exist.
 */
export async function findFiles(operands: readonly string[]): Promise<readonly SourceFile[]> {
  const found: SourceFile[] = [];
  for (const operand of operands) {
    if (operand === "-") {
      found.push({ path: "-", name: "stdin", bytes: undefined, named: true });
      continue;
    }
    const about = await stat(operand).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === "ENOENT" ? "there is no such file or folder" : (error.code ?? error.message);
      throw new CommandError(`${operand} cannot be read: ${why}.`, exitCodes.usage);
    });
    if (about.isDirectory()) {
      for await (const file of walk(operand)) found.push(file);
    } else {
      found.push({
        path: operand,
        name: basename(operand),
        bytes: about.isFile() ? about.size : undefined,
        named: true,
      });
    }
  }
  return found;
}

async function* walk(folder: string): AsyncGenerator<SourceFile> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!passedOver.has(entry.name)) yield* walk(path);
    } else if (readableEnding.test(entry.name)) {
      const about = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : await lstat(path);
      if (about?.isFile()) yield { path, name: entry.name, bytes: about.size, named: false };
    }
  }
}
