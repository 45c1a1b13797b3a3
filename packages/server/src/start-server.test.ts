import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-start-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  /** The exit code, or the signal that ended the process. */
  readonly code: number | string;
  readonly out: string;
  readonly talk: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly listening: Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Starts the server as a user would, in a folder of its own. */
function start(environment: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, ["--conditions=source", fileURLToPath(new URL("main.ts", import.meta.url))], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, SERVER_PORT: "0", ...environment },
  });
  let out = "";
  let talk = "";
  const ended = once(child, "close").then(([code, signal]) => ({
    code: (code ?? signal) as number | string,
    out,
    talk,
  }));
  const listening = new Promise<string>((resolve, reject) => {
    void ended.then((end) => reject(new Error(`the server ended: ${JSON.stringify(end)}`)));
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const url = /listens on (\S+)/.exec(out)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
  child.stderr.on("data", (chunk: Buffer) => {
    talk += chunk.toString();
  });
  // A server that was not waited for may end as it likes.
  listening.catch(() => undefined);
  return { child, listening, ended };
}

describe("the server process", () => {
  test("makes a private database in a new folder, shows the key once and never logs it, ends cleanly on SIGTERM", async () => {
    const environment = { DATABASE_URL: "sqlite:new/folder/cost.db", DATABASE_POOL_SIZE: "5" };
    const first = start(environment);
    const url = await first.listening;
    const ready = await fetch(`${url}/ready`);
    expect(await ready.json()).toEqual({ status: "ready" });
    const mode = statSync(join(folder, "new/folder/cost.db")).mode & 0o777;
    expect(mode).toBe(0o600);
    first.child.kill("SIGTERM");
    const ended = await first.ended;
    const key = /sk_live_\w{43}/.exec(ended.out)?.[0] ?? "";
    expect([ended.code, key]).toEqual([0, expect.stringMatching(/^sk_live_/)]);
    expect(ended.talk).not.toContain(key);
    expect(ended.talk).toMatch(/"event":"config.unused".*DATABASE_POOL_SIZE/);
    expect(ended.talk).toMatch(/"event":"server.stopped"/);

    const second = start(environment);
    const again = await second.listening;
    const response = await fetch(`${again}/api/v1/api-keys`, { headers: { authorization: `Bearer ${key}` } });
    expect(response.status).toBe(200);
    second.child.kill("SIGINT");
    expect((await second.ended).out).not.toContain("sk_live_");
  });

  test("lets a request under way finish when it is told to stop", async () => {
    const adminKey = `sk_test_${"s".repeat(43)}`;
    const server = start({ DATABASE_URL: "sqlite:drain.db", COST_OPS_ADMIN_KEY: adminKey });
    const url = await server.listening;
    let release: () => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(
          new TextEncoder().encode('{"id":"1","model":"gpt-4o","input_tokens":5,"output_tokens":1}\n'),
        );
        release = () => controller.close();
      },
    });
    const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/x-ndjson" };
    const underWay = fetch(`${url}/api/v1/imports`, { method: "POST", headers, body, duplex: "half" } as RequestInit);
    await new Promise((done) => setTimeout(done, 300));
    server.child.kill("SIGTERM");
    await new Promise((done) => setTimeout(done, 300));
    release();
    const report = (await (await underWay).json()) as { data: { recorded: number } };
    expect(report.data.recorded).toBe(1);
    expect((await server.ended).code).toBe(0);
  });
});

describe("what keeps a server from starting is said in one sentence, with a code", () => {
  const cases: readonly (readonly [string, () => Promise<Record<string, string>>, RegExp])[] = [
    [
      "a port in use",
      async () => {
        const taken = createServer().listen(0, "127.0.0.1").unref();
        await once(taken, "listening");
        return { SERVER_PORT: String((taken.address() as AddressInfo).port), DATABASE_URL: "sqlite:a.db" };
      },
      /^127\.0\.0\.1:\d+ is in use by another program.*\n$/,
    ],
    [
      "an address of another machine",
      async () => ({ SERVER_HOST: "192.0.2.1", DATABASE_URL: "sqlite:a.db" }),
      /^192\.0\.2\.1:0 is not an address of this machine\.\n$/,
    ],
    [
      "a database that is none",
      async () => {
        writeFileSync(join(folder, "text.db"), "this is not a database at all, but long enough to look at ".repeat(20));
        return { DATABASE_URL: "sqlite:text.db" };
      },
      /^The database .*text\.db cannot be opened: .*not a database\.\n$/,
    ],
    [
      "a folder for a database",
      async () => {
        mkdirSync(join(folder, "folder.db"));
        return { DATABASE_URL: "sqlite:folder.db" };
      },
      /^The database .*folder\.db cannot be opened: .*\n$/,
    ],
    [
      "a path below a file",
      async () => {
        writeFileSync(join(folder, "file"), "");
        return { DATABASE_URL: "sqlite:file/a.db" };
      },
      /^The database .*file\/a\.db cannot be opened: .*\n$/,
    ],
    [
      "wrong settings",
      async () => ({ SERVER_PORT: "x", LOG_LEVEL: "y" }),
      /^The configuration is wrong:\n {2}- .*\n {2}- .*\n$/,
    ],
  ];
  test.each(cases)("%s", async (_name, environment, sentence) => {
    const { code, talk, out } = await start(await environment()).ended;
    expect([code, out]).toEqual([1, ""]);
    expect(talk).toMatch(sentence);
    expect(existsSync(folder)).toBe(true);
  });
});
