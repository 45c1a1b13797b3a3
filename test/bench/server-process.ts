import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const benchKey = `sk_live_${"b".repeat(43)}`;
const root = fileURLToPath(new URL("../..", import.meta.url));

/** A real server in a process of its own, on a database of its own. */
export interface ServerProcess {
  readonly port: number;
  /** Resident memory of the whole process, threads included, in MB. */
  readonly residentMb: () => number;
  readonly stop: () => Promise<void>;
}

/** Starts `cost-ops server` on the database file and waits until it listens. */
export async function startServerProcess(databaseFile: string): Promise<ServerProcess> {
  const child = spawn(process.execPath, [`${root}packages/cli/bin/cost-ops.mjs`, "server", "--port", "0"], {
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: `sqlite:${databaseFile}`,
      COST_OPS_ADMIN_KEY: benchKey,
      LOG_LEVEL: "warn",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const port = await listeningPort(child);
  return {
    port,
    residentMb: () =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1_024,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
      }),
  };
}

function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let heard = "";
    const hear = (chunk: Buffer): void => {
      heard += chunk.toString();
      const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(heard)?.[1];
      if (port !== undefined) resolve(Number(port));
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${heard}`)));
  });
}
