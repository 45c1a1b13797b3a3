import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { makeCertificate } from "./http/certificate-fixture.ts";

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
    const environment = { DATABASE_URL: "sqlite:new/folder/cost.db", JWT_SECRET: "x" };
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
    expect(ended.talk).toMatch(/"event":"config.unused".*JWT_SECRET/);
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

/** Writes a new certificate under a name; the settings that name it. */
function writeCertificate(name: string): { readonly TLS_CERT_PATH: string; readonly TLS_KEY_PATH: string } {
  const { cert, key } = makeCertificate(name);
  const paths = { TLS_CERT_PATH: join(folder, `${name}.pem`), TLS_KEY_PATH: join(folder, `${name}.key`) };
  writeFileSync(paths.TLS_CERT_PATH, cert);
  writeFileSync(paths.TLS_KEY_PATH, key);
  return paths;
}

interface Seen {
  readonly status: number | undefined;
  readonly subject: string | undefined;
  readonly socket: TLSSocket;
}

/** Asks an address over TLS, and says whose certificate the server showed and over which connection. */
function ask(url: string, agent: Agent, headers: Record<string, string | string[]> = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      const socket = response.socket as TLSSocket;
      const subject = String(socket.getPeerX509Certificate()?.subject);
      response.resume().once("end", () => resolve({ status: response.statusCode, subject, socket }));
    }).once("error", reject);
  });
}

describe("a server with a certificate", () => {
  test("speaks TLS 1.2 and later, takes a new certificate on SIGHUP, keeps open connections and refuses a bad one", async () => {
    const adminKey = `sk_test_${"t".repeat(43)}`;
    const paths = writeCertificate("served");
    const settings = { ...paths, COST_OPS_ADMIN_KEY: adminKey, DATABASE_URL: "sqlite:tls.db" };
    const exposed = { SERVER_HOST: "0.0.0.0", COST_OPS_SECRET_KEY: randomBytes(32).toString("base64url") };
    const server = start({ ...settings, ...exposed });
    const told = (event: string): Promise<void> =>
      new Promise((resolve) => {
        let text = "";
        server.child.stderr?.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          if (text.includes(event)) resolve();
        });
      });
    const url = await server.listening;
    expect(url).toMatch(/^https:/);
    const ready = `https://127.0.0.1:${new URL(url).port}/ready`;

    const old = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    const before = await ask(ready, old);
    expect(before).toMatchObject({ status: 200, subject: "CN=served" });
    const keys = new URL("/api/v1/api-keys", ready).href;
    expect((await ask(keys, old, { authorization: `Bearer ${adminKey}` })).status).toBe(200);
    const twice = await ask(keys, old, { authorization: [`Bearer ${adminKey}`, `Bearer ${adminKey}`] });
    expect(twice.status).toBe(401);
    const ancient = new Agent({ rejectUnauthorized: false, minVersion: "TLSv1", maxVersion: "TLSv1.1" });
    await expect(ask(ready, ancient)).rejects.toThrow();

    const next = makeCertificate("renewed");
    writeFileSync(paths.TLS_CERT_PATH, next.cert);
    const refused = told("tls.certificate_refused");
    server.child.kill("SIGHUP");
    await refused;
    const fresh = () => new Agent({ rejectUnauthorized: false });
    expect((await ask(ready, fresh())).subject).toBe("CN=served");

    writeFileSync(paths.TLS_KEY_PATH, next.key);
    const reloaded = told("tls.certificate_reloaded");
    server.child.kill("SIGHUP");
    await reloaded;
    expect((await ask(ready, fresh())).subject).toBe("CN=renewed");
    const after = await ask(ready, old);
    expect([after.status, after.socket === before.socket]).toEqual([200, true]);
    old.destroy();
    server.child.kill("SIGTERM");
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
      async () => ({
        SERVER_HOST: "192.0.2.1",
        TRUST_PROXY: "true",
        COST_OPS_SECRET_KEY: randomBytes(32).toString("base64"),
        DATABASE_URL: "sqlite:a.db",
      }),
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
      "exposure without protection",
      async () => ({ SERVER_HOST: "0.0.0.0", TLS_CERT_PATH: "only.pem", DATABASE_URL: "sqlite:exposed.db" }),
      /^The configuration is wrong:\n {2}- TLS_CERT_PATH needs TLS_KEY_PATH.*\n {2}- .*COST_OPS_SECRET_KEY_FILE.*\n$/,
    ],
    [
      "a certificate that is not there",
      async () => ({ TLS_CERT_PATH: "none.pem", TLS_KEY_PATH: "none.key" }),
      /^The configuration is wrong:\n {2}- TLS_CERT_PATH \(.*none\.pem\) cannot be read: ENOENT\.\n$/,
    ],
    [
      "a certificate that is none",
      async () => ({ ...writeCertificate("none"), TLS_CERT_PATH: fileURLToPath(import.meta.url) }),
      /^The configuration is wrong:\n {2}- TLS_CERT_PATH .* is not a certificate in PEM form\.\n$/,
    ],
    [
      "a key that is none",
      async () => ({ ...writeCertificate("none"), TLS_KEY_PATH: fileURLToPath(import.meta.url) }),
      /^The configuration is wrong:\n {2}- TLS_KEY_PATH .* is not a private key in PEM form without a passphrase\.\n$/,
    ],
    [
      "a certificate and the key of another",
      async () => ({ ...writeCertificate("one"), TLS_KEY_PATH: writeCertificate("other").TLS_KEY_PATH }),
      /^The configuration is wrong:\n {2}- TLS_CERT_PATH .* does not belong to the key of TLS_KEY_PATH .*\.\n$/,
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
