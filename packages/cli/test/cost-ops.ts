import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../bin/cost-ops.mjs", import.meta.url));

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

/** A folder of its own in which `cost-ops` runs for real, as a process, without anything of the machine's environment. */
export interface Workplace {
  readonly folder: string;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
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
  const launch = (args: readonly string[], { input, env = {} }: RunOptions = {}, isTalk = false) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, TMPDIR: tmpdir(), ...environment, ...env },
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
  const run: Workplace["run"] = (args, options) => launch(args, options).ended;
  return {
    folder,
    run,
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
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
