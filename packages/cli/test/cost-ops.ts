import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Errand } from "./resident.ts";

const program = fileURLToPath(new URL("../bin/cost-ops.mjs", import.meta.url));
const residentProgram = fileURLToPath(new URL("./resident.ts", import.meta.url));
const builtThreads = new URL("../../../test/built-threads.ts", import.meta.url).href;

/** How a run of the program ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running program. */
export interface Started {
  /** Resolves with the first match on stdout; rejects where the program ends before it. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  stop(signal: "SIGINT" | "SIGTERM"): Promise<Outcome>;
}

/** A running program that is told what it asks for. */
export interface Talk {
  say(text: string): void;
  /** Resolves with the first match on stderr; rejects where the program ends before it. */
  heard(pattern: RegExp): Promise<RegExpExecArray>;
  /** Says no more and waits. */
  end(): Promise<Outcome>;
  stop(signal: "SIGINT" | "SIGTERM"): Promise<Outcome>;
}

/** A folder of its own in which `cost-ops` runs for real, without anything of the machine's environment. */
export interface Workplace {
  readonly folder: string;
  /** Runs a command after those before it have ended, in one process for them all. */
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Runs a command as a shell does, as a process of its own: for what must hold of how it starts and ends. */
  runAlone(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** As `run`, for what must succeed: answers stdout. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  start(args: readonly string[], options?: RunOptions): Started;
  talk(args: readonly string[], options?: Omit<RunOptions, "input">): Talk;
  remove(): void;
}

/** The same, whose database is on the store that this run of the tests is about. */
export async function workplaceOn(
  newDatabase: (folder: string) => Promise<Record<string, string>>,
): Promise<Workplace> {
  const folder = mkdtempSync(join(tmpdir(), "cost-ops-cli-"));
  return workplaceIn(folder, await newDatabase(folder));
}

export const workplace = (): Workplace => workplaceIn(mkdtempSync(join(tmpdir(), "cost-ops-cli-")), {});

function workplaceIn(folder: string, environment: Readonly<Record<string, string>>): Workplace {
  const environmentWith = (env: Readonly<Record<string, string>> = {}) => ({
    PATH: process.env["PATH"],
    HOME: folder,
    TMPDIR: tmpdir(),
    ...environment,
    ...env,
  });
  const launch = (args: readonly string[], { input, env }: RunOptions = {}, isTalk = false) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: environmentWith(env),
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.on("error", () => undefined);
    if (!isTalk) child.stdin.end(input ?? "");
    const ended = new Promise<Outcome>((resolve) => {
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
    return { child, ended, stdout: () => stdout, stderr: () => stderr };
  };
  const resident = new Resident();
  const run: Workplace["run"] = (args, { input = "", env } = {}) =>
    resident.run({ args, folder, env: environmentWith(env), input });
  return {
    folder,
    run,
    runAlone: (args, options) => launch(args, options).ended,
    ok: async (args, options) => {
      const outcome = await run(args, options);
      if (outcome.code !== 0) throw new Error(`cost-ops ${args.join(" ")} → ${outcome.code}: ${outcome.stderr}`);
      return outcome.stdout;
    },
    start: (args, options) => {
      const started = launch(args, options);
      return {
        said: (pattern) =>
          new Promise((resolve, reject) => {
            const look = (): void => {
              const match = pattern.exec(started.stdout());
              if (match !== null) resolve(match);
            };
            started.child.stdout.on("data", look);
            look();
            void started.ended.then(({ stderr }) => reject(new Error(`it ended before it said ${pattern}: ${stderr}`)));
          }),
        stop: (signal) => {
          started.child.kill(signal);
          return started.ended;
        },
      };
    },
    talk: (args, options) => {
      const { child, ended, stderr } = launch(args, options, true);
      return {
        say: (text) => void child.stdin.write(text),
        heard: (pattern) =>
          new Promise((resolve, reject) => {
            const look = (): void => {
              const match = pattern.exec(stderr());
              if (match !== null) resolve(match);
            };
            child.stderr.on("data", look);
            look();
            void ended.then(() => reject(new Error(`it ended before it said ${pattern}: ${stderr()}`)));
          }),
        end: () => {
          child.stdin.end();
          return ended;
        },
        stop: (signal) => {
          child.kill(signal);
          return ended;
        },
      };
    },
    remove: () => {
      resident.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The process that runs commands one after the other, started with the first of them. */
class Resident {
  #child: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();

  run(errand: Errand): Promise<Outcome> {
    const outcome = this.#last.then(() => this.#answer(errand));
    this.#last = outcome.catch(() => undefined);
    return outcome;
  }

  end(): void {
    this.#child?.kill();
  }

  #answer(errand: Errand): Promise<Outcome> {
    this.#child ??= fork(residentProgram, {
      execArgv: ["--conditions=source", "--disable-warning=ExperimentalWarning", "--import", builtThreads],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => {
        this.#child = undefined;
        reject(new Error(`the process of cost-ops ${errand.args.join(" ")} ended by itself with ${code}`));
      };
      child.once("exit", onExit);
      child.once("message", (outcome: Outcome) => {
        child.off("exit", onExit);
        resolve(outcome);
      });
      child.send(errand);
    });
  }
}
