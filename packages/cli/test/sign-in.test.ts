/** Signing in from a terminal: real processes, a real server, the file where sessions are kept. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Started, workplace } from "./cost-ops.ts";

const place = workplace();
const password = "a quiet harbour at dawn";
let server: Started;
let url: string;

interface Stored {
  readonly sessions: Record<string, { accessToken: string; refreshToken: string; expiresAtMs: number }>;
}

/** Somebody with sessions of their own: attempts to prove who one is are limited for each account, so no test spends another's. */
function person(name: string) {
  const email = `${name}@example.com`;
  const folder = join(place.folder, name);
  const file = join(folder, "cost-ops", "sessions.json");
  const env = (): Record<string, string> => ({ COST_OPS_API_URL: url, XDG_CONFIG_HOME: folder });
  const stored = (): Stored => JSON.parse(readFileSync(file, "utf8")) as Stored;
  const run = (args: readonly string[], input = "") => place.run(["auth", ...args], { env: env(), input });
  return {
    email,
    file,
    env,
    stored,
    run,
    login: (input: string) => run(["login", "--email", email], input),
    change: (over: object): void => {
      const { sessions } = stored();
      writeFileSync(file, JSON.stringify({ version: 1, sessions: { [url]: { ...sessions[url], ...over } } }));
    },
  };
}
type Person = ReturnType<typeof person>;
const ada = person("ada");
const grace = person("grace");
const mary = person("mary");
const edith = person("edith");
const hedy = person("hedy");

beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  const made = await place.ok(["auth", "create-user", "--email", ada.email, "--admin"], { input: `${password}\n` });
  expect(made).toMatch(/User usr_\S+ \(ada@example\.com\), admin/);
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  for (const { email, env } of [grace, mary, edith, hedy]) {
    await place.ok(["auth", "create-user", "--email", email, "--admin"], {
      env: { ...env(), COST_OPS_API_KEY: key },
      input: `${password}\n`,
    });
  }
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

describe("auth login", () => {
  test("needs the right password, and says so in one sentence", async () => {
    expect(await ada.login("not the right one\n")).toMatchObject({
      code: 3,
      stdout: "",
      stderr: "The e-mail address, the password or the code is not right.\n",
    });
    expect(await ada.run(["whoami"])).toMatchObject({ code: 3 });
    expect(await ada.run(["login", "--email", "a@b.c"])).toMatchObject({ code: 2 });
  });

  test("lets every command work that takes a key, and keeps its tokens from others", async () => {
    const { code, stdout, stderr } = await ada.login(`${password}\n`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("as ada@example.com");
    expect(statSync(ada.file).mode & 0o777).toBe(0o600);
    expect(readFileSync(ada.file, "utf8")).not.toContain(password);
    const env = ada.env();
    expect(await place.ok(["auth", "whoami"], { env })).toContain("ada@example.com, organization default");
    const key = (await place.ok(["auth", "create-api-key", "--name", "made after sign-in"], { env })).trim();
    expect(await place.ok(["auth", "whoami"], { env: { ...env, COST_OPS_API_KEY: key } })).toContain("made after");
    const sessions = JSON.parse(await place.ok(["auth", "list-sessions", "-o", "json"], { env }));
    expect(sessions.data).toMatchObject([{ current: true }]);
  });

  test("refreshes by itself, once where many commands run at the same time", async () => {
    const before = ada.stored().sessions[url];
    ada.change({ expiresAtMs: 0 });
    const runs = await Promise.all(Array.from({ length: 4 }, () => ada.run(["whoami"])));
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(runs.map(() => [0, ""]));
    const after = ada.stored().sessions[url];
    expect(after?.refreshToken).not.toBe(before?.refreshToken);
    expect(after?.expiresAtMs).toBeGreaterThan(Date.now());
  });

  test("refreshes where the server does not take the access token any more", async () => {
    const { refreshToken } = ada.stored().sessions[url] ?? {};
    ada.change({ accessToken: "aaaa.bbbb.cccc" });
    expect(await ada.run(["whoami"])).toMatchObject({ code: 0, stdout: expect.stringContaining("ada@example.com") });
    expect(ada.stored().sessions[url]?.refreshToken).not.toBe(refreshToken);
  });
});

test("auth change-password takes the present and the new one", async () => {
  expect((await grace.login(`${password}\n`)).code).toBe(0);
  expect(await grace.run(["change-password"], `${password}\nPassword2024!\n`)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^The new password is one of the most common/),
  });
  expect((await grace.run(["change-password"], `${password}\nanother harbour at dusk\n`)).code).toBe(0);
  expect((await grace.login("another harbour at dusk\n")).code).toBe(0);
});

describe("a second factor", () => {
  /** Signs in and answers the question for the app's code once the program has told the secret. */
  async function enable(who: Person): Promise<readonly string[]> {
    expect((await who.login(`${password}\n`)).code).toBe(0);
    const started = place.talk(["auth", "enable-second-factor"], { env: who.env() });
    started.say(`${password}\n`);
    const [, secret = ""] = await started.heard(/authenticator app: ([A-Z2-7]+)/);
    started.say(`${new TOTP({ secret: Secret.fromBase32(secret) }).generate()}\n`);
    const { code, stdout } = await started.end();
    expect(code).toBe(0);
    return stdout.trim().split("\n");
  }

  test("is asked for at sign-in, and a recovery code stands in for it, once", async () => {
    const [first = "", ...others] = await enable(mary);
    expect(others).toHaveLength(9);
    expect((await mary.login(`${password}\n`)).code).toBe(2);
    expect((await mary.login(`${password}\n${first}\n`)).code).toBe(0);
    expect((await mary.login(`${password}\n${first}\n`)).code).toBe(3);
  });

  test("goes with the password and a recovery code, also one of those renewed", async () => {
    const [first = ""] = await enable(edith);
    const renewed = await edith.run(["renew-recovery-codes"], `${password}\n${first}\n`);
    const [fresh = ""] = renewed.stdout.trim().split("\n");
    expect(fresh).not.toBe("");
    expect((await edith.run(["disable-second-factor"], `${password}\n${fresh}\n`)).code).toBe(0);
    expect((await edith.login(`${password}\n`)).code).toBe(0);
  });
});

test("auth logout ends the session on the server and forgets it", async () => {
  expect((await hedy.login(`${password}\n`)).code).toBe(0);
  const { accessToken = "" } = hedy.stored().sessions[url] ?? {};
  const whoami = () => fetch(`${url}/api/v1/auth/whoami`, { headers: { authorization: `Bearer ${accessToken}` } });
  expect((await whoami()).status).toBe(200);
  expect((await hedy.run(["logout"])).code).toBe(0);
  expect(hedy.stored().sessions).toEqual({});
  expect((await whoami()).status).toBe(401);
  expect(await hedy.run(["whoami"])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("cost-ops auth login"),
  });
  expect((await hedy.run(["logout"])).stderr).toContain("Nobody is signed in");
});

test("the local database needs no sign-in", async () => {
  expect(await place.run(["auth", "login"])).toMatchObject({ code: 2, stderr: expect.stringContaining("--api-url") });
  expect(await place.ok(["auth", "whoami"])).toContain("this command on the local database");
});
