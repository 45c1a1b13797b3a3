import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { listEntries } from "../audit/audit-entries.sql.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { type PeopleServer, startPeopleServer } from "./people-fixture.ts";
import { describeUsers } from "./users.contract.ts";

describeUsers("SQLite", async () => sqliteStore(memoryStore(Date.now).threads));

const password = "a quiet harbour at dawn";
let people: PeopleServer;
beforeAll(async () => {
  people = await startPeopleServer({ COST_OPS_SECRET_KEY: "kJ8s0dfgQ1mZxY7vLr3TnWb5HcUe2aPo9iKqR4tE6yU=" });
});
afterAll(() => people.close());

let users = 0;
/** Somebody new, whom nobody's attempts have slowed down. */
async function newcomer(role?: string): Promise<{ readonly email: string; readonly id: string }> {
  users += 1;
  const email = `person.${users}@example.com`;
  return { email, id: await people.makeUser(email, password, role) };
}
const login = (body: object) => people.ask(undefined, "POST", "/auth/login", body);
const codeAt = (secret: string, steps = 0): string =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({
    timestamp: Date.now() + people.clock.aheadMs + steps * 30_000,
  });
const trail = () =>
  people.server.store.run(listEntries, {
    organizationId: "default",
    filter: { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER },
    order: "newest",
    from: null,
    limit: 20,
  });

describe("a user", () => {
  test("is made by who may change members, with no more rights than theirs", async () => {
    const body = { email: "Second@Example.com", password, role: "viewer", name: "Second" };
    const made = await people.ask(people.adminKey, "POST", "/users", body);
    expect(made).toMatchObject({ status: 201, data: { email: "Second@Example.com", role: "viewer" } });
    expect(made.text).not.toContain("argon2");
    expect(await people.ask(people.adminKey, "POST", "/users", { ...body, email: "SECOND@example.COM" })).toMatchObject(
      {
        status: 409,
        error: { code: "CONFLICT", field_errors: { email: expect.any(String) } },
      },
    );
    expect(
      await people.ask(people.adminKey, "POST", "/users", { ...body, email: "x@y.z", role: "nobody" }),
    ).toMatchObject({ status: 422, error: { field_errors: { role: expect.any(String) } } });
    const scopes = ["members:write", "usage:read"];
    const weak = (await people.ask(people.adminKey, "POST", "/api-keys", { name: "weak", scopes })).data;
    const beyond = await people.ask(String(weak["key"]), "POST", "/users", { ...body, email: "x@y.z" });
    expect(beyond).toMatchObject({ status: 403, error: { code: "AUTH_002" } });
  });

  test("gets no password that everybody tries first", async () => {
    const answer = await people.ask(people.adminKey, "POST", "/users", {
      email: "weak@example.com",
      password: "Password2024!",
    });
    expect(answer).toMatchObject({
      status: 422,
      error: { field_errors: { password: expect.stringMatching(/common/) } },
    });
    expect(answer.text).not.toContain("Password2024!");
  });
});

describe("signing in", () => {
  test("needs the right password, and does not say which accounts there are", async () => {
    const { email } = await newcomer();
    expect((await login({ email: email.toUpperCase(), password })).status).toBe(200);
    const wrong = await login({ email, password: `${password}!` });
    const nobody = await login({ email: "nobody@example.com", password });
    expect(wrong).toMatchObject({ status: 401, error: { code: "AUTH_001" } });
    expect(nobody.error).toEqual(wrong.error);
    expect((await trail())[0]).toMatchObject({ action: "auth.login", outcome: "refused" });
  });

  test("takes the same letters however they were typed", async () => {
    const email = "typed@example.com";
    await people.makeUser(email, "caf\u00e9 au lait et pain");
    expect((await login({ email, password: "cafe\u0301 au lait et pain" })).status).toBe(200);
  });

  test("leads to an organization of the user's, and to no other", async () => {
    const { email } = await newcomer();
    const tenant = await people.ask(people.adminKey, "POST", "/organizations", { name: "Umbrella" });
    expect((await login({ email, password, organization_id: "default" })).status).toBe(200);
    const missing = await login({ email, password, organization_id: "org-none" });
    const foreign = await login({ email, password, organization_id: tenant.data.id });
    expect(foreign).toMatchObject({ status: 403, error: { code: "AUTH_002" } });
    expect(foreign.error).toEqual(missing.error);
  });

  test("is limited for each account, known or not, and the others go on", async () => {
    const { email } = await newcomer();
    for (const name of [email, "unknown@example.com"]) {
      const answers = await Promise.all(
        Array.from({ length: 14 }, () => login({ email: name, password: "not the right one" })),
      );
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(11);
      const refused = answers.find(({ status }) => status === 429);
      expect(refused?.error.code).toBe("RATE_LIMITED");
      expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect((await login({ email, password })).status).toBe(429);
    expect((await login({ email: (await newcomer()).email, password })).status).toBe(200);
  });

  test("leaves an entry that names who it was", async () => {
    const { email } = await newcomer();
    await people.login(email, password);
    expect((await trail())[0]).toMatchObject({ action: "auth.login", outcome: "success", actorName: email });
  });
});

describe("a password", () => {
  test("is changed with the present one, and every other session ends", async () => {
    const { email } = await newcomer();
    const [here, there] = [await people.login(email, password), await people.login(email, password)];
    const change = (body: object) => people.ask(here.access_token, "POST", "/auth/password", body);
    const next = "another harbour at dusk";
    expect(await change({ current_password: "wrong", new_password: next })).toMatchObject({
      status: 422,
      error: { field_errors: { current_password: expect.any(String) } },
    });
    expect(await change({ current_password: password, new_password: "dragondragon" })).toMatchObject({ status: 422 });
    expect(await change({ current_password: password, new_password: password })).toMatchObject({ status: 422 });
    expect((await change({ current_password: password, new_password: next })).status).toBe(204);
    expect(await people.statusOf(there.access_token)).toBe(401);
    expect(await people.statusOf(here.access_token)).toBe(200);
    expect((await login({ email, password })).status).toBe(401);
    expect((await login({ email, password: next })).status).toBe(200);
  });
});

describe("a second factor", () => {
  /** Somebody with a second factor, a session, the app's secret and the recovery codes. */
  async function enrolled() {
    const { email } = await newcomer();
    const { access_token } = await people.login(email, password);
    const ask = (method: string, path: string, body: object) => people.ask(access_token, method, path, body);
    const offer = (await ask("POST", "/auth/totp", { password })).data as unknown as { secret: string; uri: string };
    const confirmed = await ask("POST", "/auth/totp/confirm", { code: codeAt(offer.secret) });
    expect(confirmed.status).toBe(200);
    const codes = confirmed.data["recovery_codes"] as unknown as readonly string[];
    return { email, ask, ...offer, codes };
  }

  test("counts once a code of the app has confirmed it", async () => {
    const { email } = await newcomer();
    const { access_token } = await people.login(email, password);
    const ask = (path: string, body: object) => people.ask(access_token, "POST", path, body);
    expect((await ask("/auth/totp", { password: "wrong" })).status).toBe(422);
    const { data } = await ask("/auth/totp", { password });
    const { secret, uri } = data as unknown as { secret: string; uri: string };
    expect(uri).toMatch(/^otpauth:\/\/totp\//);
    expect(uri).toContain(secret);
    expect((await login({ email, password })).status).toBe(200);
    expect((await ask("/auth/totp/confirm", { code: "000000" })).status).toBe(422);
    const confirmed = await ask("/auth/totp/confirm", { code: codeAt(secret) });
    expect(new Set(confirmed.data["recovery_codes"] as unknown as string[]).size).toBe(10);
    expect(await login({ email, password })).toMatchObject({ status: 401, error: { code: "AUTH_003" } });
    expect(await login({ email, password: "not the right one" })).toMatchObject({ error: { code: "AUTH_001" } });
    expect((await ask("/auth/totp", { password })).status).toBe(409);
    expect((await ask("/auth/totp/confirm", { code: codeAt(secret, 1) })).status).toBe(409);
  });

  test("takes a code of the step before, now or after, each once, also from many at the same time", async () => {
    const { email, secret } = await enrolled();
    // The step of the confirmation is used up.
    expect((await login({ email, password, code: codeAt(secret) })).status).toBe(401);
    const code = codeAt(secret, 1);
    const answers = await Promise.all(Array.from({ length: 4 }, () => login({ email, password, code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    expect((await login({ email, password, code: codeAt(secret, 4) })).status).toBe(401);
    expect((await trail()).some(({ action, outcome }) => action === "auth.login" && outcome === "refused")).toBe(true);
  });

  test("gives way to a recovery code, once, however it is typed", async () => {
    const { email, codes } = await enrolled();
    const [first = "", second = ""] = codes;
    expect((await login({ email, password, code: first })).status).toBe(200);
    expect((await login({ email, password, code: first })).status).toBe(401);
    expect((await login({ email, password, code: second.toUpperCase().replaceAll("-", " ") })).status).toBe(200);
    expect((await login({ email, password, code: "0000-0000-0000-0000" })).status).toBe(401);
  });

  test("gets new recovery codes, and ends, for who proves both factors again", async () => {
    const { email, ask, codes, secret } = await enrolled();
    const [first = "", second = ""] = codes;
    expect((await ask("POST", "/auth/recovery-codes", { password, code: "111111" })).status).toBe(422);
    const renewed = await ask("POST", "/auth/recovery-codes", { password, code: first });
    const [fresh = ""] = renewed.data["recovery_codes"] as unknown as readonly string[];
    expect((await login({ email, password, code: second })).status).toBe(401);
    expect((await ask("DELETE", "/auth/totp", { password: "wrong", code: fresh })).status).toBe(422);
    expect((await ask("DELETE", "/auth/totp", { password, code: codeAt(secret, 1) })).status).toBe(204);
    expect((await login({ email, password })).status).toBe(200);
    expect((await ask("DELETE", "/auth/totp", { password, code: fresh })).status).toBe(409);
  });

  test("leaves neither its secret nor a code readable in the database", async () => {
    const { secret, codes } = await enrolled();
    const raw = Buffer.from(Secret.fromBase32(secret).buffer).toString("latin1");
    const files = people.databaseBytes().toString("latin1");
    expect(files).not.toContain(raw);
    for (const code of codes) expect(files).not.toContain(code);
    expect(files).not.toContain(password);
  });
});
