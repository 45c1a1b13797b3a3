/** Servers that are processes of their own, to be killed without warning. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { dropDatabase, newDatabase } from "./store/database-fixture.ts";
import { temporaryFolder } from "./usage/ledger-fixture.ts";

export interface ServerProcess {
  readonly url: string;
  kill(): Promise<void>;
}

/** Where server processes run, one after the other or several at a time, on one new database. */
export interface ServerPlace {
  readonly database: { readonly DATABASE_URL: string };
  readonly adminKey: string;
  start(): Promise<ServerProcess>;
  close(): Promise<void>;
}

export async function newServerPlace(): Promise<ServerPlace> {
  const folder = temporaryFolder();
  const database = await newDatabase(folder.path);
  const adminKey = `sk_test_${"k".repeat(43)}`;
  const children: ChildProcess[] = [];

  const start = async (): Promise<ServerProcess> => {
    const main = fileURLToPath(new URL("./main.ts", import.meta.url));
    const child = spawn(process.execPath, ["--conditions=source", main], {
      cwd: folder.path,
      env: {
        ...{ PATH: process.env["PATH"] ?? "", HOME: folder.path, SERVER_PORT: "0", LOG_LEVEL: "error" },
        ...{ WEBHOOK_ALLOWED_ADDRESSES: "127.0.0.1", COST_OPS_ADMIN_KEY: adminKey, ...database },
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const exited = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
    const url = await new Promise<string>((resolve, reject) => {
      let out = "";
      void exited.then(() => reject(new Error(`the server ended: ${out}`)));
      child.stdout.on("data", (chunk: Buffer) => {
        out += chunk.toString();
        const listening = /listens on (\S+)/.exec(out)?.[1];
        if (listening !== undefined) resolve(listening);
      });
    });
    return {
      url,
      kill: async () => {
        child.kill("SIGKILL");
        expect(await exited).toBe("SIGKILL");
      },
    };
  };

  return {
    database,
    adminKey,
    start,
    close: async () => {
      for (const child of children) child.kill("SIGKILL");
      await dropDatabase(database);
      folder.remove();
    },
  };
}
