import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** The administrator key of the servers that are measured. */
export const adminKey = `sk_bench_${"b".repeat(43)}`;

/** A process that listens. */
export interface Running {
  readonly port: number;
  /** Resident memory of the process with all its threads. */
  residentMb(): number;
  stop(): Promise<void>;
}

/** Starts a process and waits until it has printed its port. */
export async function start(
  script: string,
  args: readonly string[],
  environment: Record<string, string>,
  portPattern: RegExp,
): Promise<Running> {
  const child: ChildProcess = spawn(process.execPath, [here(script), ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let heard = "";
  for await (const chunk of child.stdout ?? []) {
    heard += String(chunk);
    const port = portPattern.exec(heard)?.[1];
    if (port !== undefined) {
      child.stdout?.resume();
      return {
        port: Number(port),
        residentMb: () => {
          const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
          return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024;
        },
        stop: async () => {
          const exited = once(child, "exit");
          child.kill("SIGTERM");
          await exited;
        },
      };
    }
  }
  throw new Error(`${script} ended before it listened: ${heard}`);
}

/** Requests as the load generator sends them. */
export interface Round {
  readonly path: string;
  readonly requests: number;
  readonly recordsPerRequest: number;
  readonly connections: number;
  readonly depth: number;
  /** The same JSON in every request, in place of usage. */
  readonly body?: string;
}

/** Sends a round from a process of its own; requests a second. */
export async function load(port: number, round: Round, seed: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    here("./http-load.ts"),
    JSON.stringify({ ...round, port, key: adminKey, seed }),
  ]);
  return (JSON.parse(stdout) as { requestsPerSecond: number }).requestsPerSecond;
}

/** The server as its users start it, on any free port. */
export const startServer = (databaseUrl: string, environment: Record<string, string> = {}): Promise<Running> =>
  start(
    "../../packages/cli/bin/cost-ops.mjs",
    ["server"],
    { DATABASE_URL: databaseUrl, COST_OPS_ADMIN_KEY: adminKey, SERVER_PORT: "0", ...environment },
    /127\.0\.0\.1:(\d+)/,
  );

/** Asks a server as its administrator; throws unless the answer is a success. */
export async function ask<Data>(port: number, method: string, path: string, body?: unknown): Promise<Data> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
  return (JSON.parse(text) as { readonly data: Data }).data;
}
