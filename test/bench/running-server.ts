import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

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
export const load = (port: number, round: Round, seed: number): Promise<number> => loadTogether([port], round, seed);

/**
 * Sends a round to each of the servers at once, from a process for each, all of which have their requests made before the
 * first is sent; requests a second from then until the last answer of all.
 */
export async function loadTogether(ports: readonly number[], round: Round, seed: number): Promise<number> {
  const generators = ports.map((port, at) => {
    const options = JSON.stringify({ ...round, port, key: adminKey, seed: seed + at });
    const child = spawn(process.execPath, [here("./http-load.ts"), options], { stdio: ["pipe", "pipe", "inherit"] });
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  });
  const allSay = async (line: string): Promise<void> => {
    for (const { lines } of generators) {
      const { value } = await lines.next();
      if (value !== line) throw new Error(`a load generator ended before it was ${line}`);
    }
  };
  await allSay("ready");
  const startedAt = performance.now();
  for (const { child } of generators) child.stdin.write("go");
  await allSay("answered");
  return (ports.length * round.requests) / ((performance.now() - startedAt) / 1_000);
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
