import { closeSync, openSync, writeSync } from "node:fs";
import { basename } from "node:path";
import type { ImportRejection } from "@llm-cost-ops/contract";
import { CommandError } from "../exit-codes.ts";

/** Where rejected lines are kept, so that they can be mended and imported. The file is made when it is needed. */
export interface RejectedFile {
  readonly path: string;
  readonly count: number;
  add(file: string, rejection: ImportRejection): void;
  close(): void;
}

export function rejectedFile(path: string): RejectedFile {
  let descriptor: number | undefined;
  let count = 0;
  return {
    path,
    get count() {
      return count;
    },
    add(file, rejection) {
      descriptor ??= open(path);
      count += 1;
      const { line, reason, field, content } = rejection;
      writeSync(descriptor, `${JSON.stringify({ file, line, reason, field, content })}\n`);
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}

/** The name that is used unless another is given: beside nothing else, in the working folder. */
export function rejectedPath(firstOperand: string): string {
  const name = firstOperand === "-" ? "stdin" : basename(firstOperand).replace(/[^\w.-]/g, "_");
  const stem = name.replace(/^\.+/, "").replace(/(\.(jsonl|ndjson|json|csv|gz))+$/i, "");
  return `cost-ops-rejected-${stem || "import"}.jsonl`;
}

function open(path: string): number {
  try {
    return openSync(path, "w", 0o600);
  } catch (error) {
    throw new CommandError(
      `Rejected lines cannot be written to ${path} (${(error as NodeJS.ErrnoException).code}); name another file with --rejected.`,
    );
  }
}
