import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A real Redis on loopback for tests, without a file of its own; gone with `stop`. */
export interface RedisUnderTest {
  readonly url: string;
  /** Ends the process, and all that it remembered; `start` brings another one at the same address. */
  interrupt(): Promise<void>;
  start(): Promise<void>;
  /** Leaves the connections open and answers nobody, as a machine that hangs does. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export interface RedisOptions {
  readonly password?: string;
  /** Speaks TLS alone. */
  readonly tls?: { readonly certPath: string; readonly keyPath: string };
}

/** Starts the machine's `redis-server`, which `npm test` installs where it is missing. */
export async function startRedis({ password, tls }: RedisOptions = {}): Promise<RedisUnderTest> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "llm-cost-ops-redis-"));
  chmodSync(folder, 0o755);
  const listening =
    tls === undefined
      ? ["--port", String(port)]
      : ["--port", "0", "--tls-port", String(port), "--tls-auth-clients", "no"].concat(
          ["--tls-cert-file", tls.certPath, "--tls-key-file", tls.keyPath],
          ["--tls-ca-cert-file", tls.certPath],
        );
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const started = spawn(
      "redis-server",
      ["--bind", "127.0.0.1", ...listening, "--save", "", "--appendonly", "no", "--dir", folder].concat(
        password === undefined ? [] : ["--requirepass", password],
      ),
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    child = started;
    await new Promise<void>((resolve, reject) => {
      let said = "";
      const hear = (chunk: Buffer): void => {
        said += chunk.toString();
        if (said.includes("Ready to accept connections")) resolve();
      };
      started.stdout?.on("data", hear);
      started.stderr?.on("data", hear);
      started.once("error", (error) =>
        reject(new Error(`redis-server did not start (npm test installs it): ${error}`)),
      );
      started.once("exit", (code) => reject(new Error(`redis-server ended with ${code}\n${said}`)));
    });
  };
  const interrupt = async (): Promise<void> => {
    const ending = child;
    if (ending === undefined || ending.exitCode !== null) return;
    const gone = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill("SIGKILL");
    await gone;
  };
  await start();
  const credential = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  return {
    url: `${tls === undefined ? "redis" : "rediss"}://${credential}127.0.0.1:${port}`,
    start,
    interrupt,
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    stop: async () => {
      await interrupt();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
