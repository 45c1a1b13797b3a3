import { CommanderError } from "commander";
import { readEnvironment } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";
import { tell } from "./failures.ts";
import type { GlobalOptions, Invocation, Run, Work } from "./invocation.ts";
import { serverAddress } from "./local-config.ts";
import { createProgram } from "./program.ts";
import { makePaint, openTerminal } from "./terminal/terminal.ts";

/**
 * Runs the command line and answers its exit code. Everything that can fail ends here: one sentence on stderr and the
 * code of `exitCodes`. A defect of ours keeps its stack.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const environment = readEnvironment();
  const interruption = new AbortController();
  const endings: (() => Promise<void>)[] = [];
  let exitCode: number = exitCodes.ok;
  let local = true;
  leaveWhenNobodyReads();
  stopOnSignals(interruption);

  const invoke = (options: GlobalOptions): Invocation => {
    const terminal = openTerminal(process, {
      format: options.output ?? "table",
      color: options.color && !environment.noColor,
      quiet: options.quiet ?? false,
    });
    const onEnd: Invocation["onEnd"] = (close) => void endings.push(close);
    let opened: ReturnType<Invocation["connect"]> | undefined;
    local = serverAddress({ options, environment }) === undefined;
    return {
      terminal,
      environment,
      options,
      signal: interruption.signal,
      onEnd,
      connect: (database = "must exist") => {
        opened ??= import("./connect.ts").then(({ connect }) =>
          connect({ options, environment, signal: interruption.signal, onEnd, database }),
        );
        return opened;
      },
    };
  };

  const run: Run =
    <Options>(work: Work<Options>) =>
    async (...args: unknown[]) => {
      const command = args.at(-1) as { optsWithGlobals(): GlobalOptions; opts(): Options; args: string[] };
      const code = await work(invoke(command.optsWithGlobals()), command.opts(), command.args);
      if (typeof code === "number") exitCode = code;
    };

  try {
    const program = await createProgram(run, argv);
    program.exitOverride();
    for (const command of program.commands) overrideExit(command);
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const told = tell(error, local);
    const color = process.stderr.isTTY === true && !environment.noColor && !argv.includes("--no-color");
    const lines = told.message.split("\n").map((line, at) => (at === 0 ? makePaint(color).red(line) : line));
    openTerminal(process, { format: "table", color, quiet: false }).warn(lines.join("\n"));
    exitCode = told.exitCode;
  } finally {
    for (const close of endings.reverse()) await close().catch(() => undefined);
  }
  return exitCode;
}

/** A second signal this soon after the first is its echo: npm passes on what the terminal has already sent to everybody. */
const echoMs = 500;

/** Ctrl-C asks the command to end in order; pressed again, it ends the process. */
function stopOnSignals(interruption: AbortController): void {
  let firstAtMs = 0;
  const stop = (): void => {
    const nowMs = performance.now();
    if (!interruption.signal.aborted) {
      firstAtMs = nowMs;
      interruption.abort(new DOMException("interrupted", "AbortError"));
    } else if (nowMs - firstAtMs > echoMs) process.exit(exitCodes.interrupted);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

/** Errors of usage come back here as exceptions rather than ending the process. */
function overrideExit(command: import("commander").Command): void {
  command.exitOverride();
  for (const child of command.commands) overrideExit(child);
}

/** `cost-ops list | head` closes the pipe: that is success, and nothing more is to be said. */
function leaveWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(exitCodes.ok);
      throw error;
    });
  }
}
