import type { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import type { Environment } from "./environment.ts";
import type { OutputFormat, Terminal } from "./terminal/terminal.ts";

/** Flags that every command takes. */
export interface GlobalOptions {
  readonly apiUrl?: string;
  readonly apiKey?: string;
  readonly database?: string;
  readonly config?: string;
  readonly output?: OutputFormat;
  /** False with `--no-color`. */
  readonly color: boolean;
  readonly quiet?: boolean;
  readonly yes?: boolean;
}

/** What a command works with. */
export interface Invocation {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly options: GlobalOptions;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /**
   * The client: over HTTP where an address was given, else to a server inside this process on the local database. It is
   * opened once and closed when the command ends.
   */
  connect(database?: "must exist" | "may be created"): Promise<CostOpsClient>;
  /** Runs when the command has ended, however it did. */
  onEnd(close: () => Promise<void>): void;
}

/** A command's work; a number is its exit code. */
export type Work<Options> = (
  invocation: Invocation,
  options: Options,
  operands: readonly string[],
) => Promise<number> | Promise<void>;

/** Makes an action of a command's work: `.action(run(async (cli, options, operands) => …))`. */
export type Run = <Options = Record<string, never>>(work: Work<Options>) => (...args: unknown[]) => Promise<void>;

/** The file of one command: describes its flags on `command`, and what it does. */
export interface CommandFile {
  readonly define: (command: Command, run: Run) => void;
}
