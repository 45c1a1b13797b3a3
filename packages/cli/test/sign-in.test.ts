/** Signing in from a terminal: real processes, a real server, the file where sessions are kept. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Started, workplace } from "./cost-ops.ts";

const place = workplace();
const password = "a quiet harbour at dawn";
const file = join(place.folder, "config", "cost-ops", "sessions.json");
let server: Started;
let url: string;
let env: Record<string, string>;

interface Stored {
  readonly sessions: Record<string, { accessToken: string; refreshToken: string; expiresAtMs: number }>;
}
const stored = (): Stored => JSON.parse(readFileSync(file, "utf8")) as Stored;
const change = (over: object): void => {
  const { sessions } = stored();
  writeFileSync(file, JSON.stringify({ version: 1, sessions: { [url]: { ...sessions[url], ...over } } }));
};
const login = (input: string) => place.run(["auth", "login", "--email", "ada@example.com"], { env, input });

beforeAll(async () => {
  await place.ok(["init"]);
  const made = await place.ok(["auth", "create-user", "--email", "ada@example.com", "--admin"], {
    input: `${password}\n`,
  });
  expect(made).toMatch(/User usr_\S+ \(ada@example\.com\), admin/);
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  env = { COST_OPS_API_URL: url, XDG_CONFIG_HOME: join(place.folder, "config") };
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

describe("auth login", () => {
  test("needs the right password, and says so in one sentence", async () => {
    expect(await login("not the right one\n")).toMatchObject({
      code: 3,
      stdout: "",
      stderr: "The e-mail address, the password or the code is not right.\n",
    });
    expect(await place.run(["auth", "whoami"], { env })).toMatchObject({ code: 3 });
    expect(await place.run(["auth", "login", "--email", "a@b.c"], { env, input: "" })).toMatchObject({ code: 2 });
  });

  test("lets every command work that takes a key, and keeps its tokens from others", async () => {
    const { code, stdout, stderr } = await login(`${password}\n`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("as ada@example.com");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain(password);
    expect(await place.ok(["auth", "whoami"], { env })).toContain("ada@example.com, organization default");
    const key = (await place.ok(["auth", "create-api-key", "--name", "made after sign-in"], { env })).trim();
    expect(await place.ok(["auth", "whoami"], { env: { ...env, COST_OPS_API_KEY: key } })).toContain("made after");
    const sessions = JSON.parse(await place.ok(["auth", "list-sessions", "-o", "json"], { env }));
    expect(sessions.data).toMatchObject([{ current: true }]);
  });

  test("refreshes by itself, once where many commands run at the same time", async () => {
    const before = stored().sessions[url];
    change({ expiresAtMs: 0 });
    const runs = await Promise.all(Array.from({ length: 4 }, () => place.run(["auth", "whoami"], { env })));
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(runs.map(() => [0, ""]));
    const after = stored().sessions[url];
    expect(after?.refreshToken).not.toBe(before?.refreshToken);
    expect(after?.expiresAtMs).toBeGreaterThan(Date.now());
  });

  test("refreshes where the server does not take the access token any more", async () => {
    const { refreshToken } = stored().sessions[url] ?? {};
    change({ accessToken: "aaaa.bbbb.cccc" });
    expect(await place.ok(["auth", "whoami"], { env })).toContain("ada@example.com");
    expect(stored().sessions[url]?.refreshToken).not.toBe(refreshToken);
  });
});

test("auth change-password takes the present and the new one", async () => {
  const run = (input: string) => place.run(["auth", "change-password"], { env, input });
  expect(await run(`${password}\nPassword2024!\n`)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^The new password is one of the most common/),
  });
  expect((await run(`${password}\nanother harbour at dusk\n`)).code).toBe(0);
  expect((await login("another harbour at dusk\n")).code).toBe(0);
});

describe("a second factor", () => {
  const now = "another harbour at dusk";
  /** Answers the question for the app's code once the program has told the secret. */
  async function enable(): Promise<readonly string[]> {
    const started = place.talk(["auth", "enable-second-factor"], { env });
    started.say(`${now}\n`);
    const [, secret = ""] = await started.heard(/authenticator app: ([A-Z2-7]+)/);
    started.say(`${new TOTP({ secret: Secret.fromBase32(secret) }).generate()}\n`);
    const { code, stdout } = await started.end();
    expect(code).toBe(0);
    return stdout.trim().split("\n");
  }

  test("is asked for at sign-in, and a recovery code stands in for it, once", async () => {
    const [first = "", second = "", ...others] = await enable();
    expect(others).toHaveLength(8);
    expect((await login(`${now}\n`)).code).toBe(2);
    expect((await login(`${now}\n${first}\n`)).code).toBe(0);
    expect((await login(`${now}\n${first}\n`)).code).toBe(3);
    const renewed = await place.ok(["auth", "renew-recovery-codes"], { env, input: `${now}\n${second}\n` });
    const [fresh = ""] = renewed.trim().split("\n");
    expect((await place.run(["auth", "disable-second-factor"], { env, input: `${now}\n${fresh}\n` })).code).toBe(0);
    expect((await login(`${now}\n`)).code).toBe(0);
  });
});

test("auth logout ends the session on the server and forgets it", async () => {
  const { accessToken = "" } = stored().sessions[url] ?? {};
  expect((await place.run(["auth", "logout"], { env })).code).toBe(0);
  expect(stored().sessions).toEqual({});
  const answer = await fetch(`${url}/api/v1/auth/whoami`, { headers: { authorization: `Bearer ${accessToken}` } });
  expect(answer.status).toBe(401);
  expect(await place.run(["auth", "whoami"], { env })).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("cost-ops auth login"),
  });
  expect((await place.run(["auth", "logout"], { env })).stderr).toContain("Nobody is signed in");
});

test("the local database needs no sign-in", async () => {
  expect(await place.run(["auth", "login"])).toMatchObject({ code: 2, stderr: expect.stringContaining("--api-url") });
  expect(await place.ok(["auth", "whoami"])).toContain("this command on the local database");
});
