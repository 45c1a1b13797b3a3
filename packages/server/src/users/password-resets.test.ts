import { roles } from "@llm-cost-ops/contract/permissions";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { listEntries } from "../audit/audit-entries.sql.ts";
import { type MailReceiver, startMailServer } from "../channels/mail-fixture.ts";
import { newDatabase, testedStore } from "../store/database-fixture.ts";
import { openTestedAt } from "../store/opened-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { offerReset, resetEmail, useReset } from "./password-resets.sql.ts";
import { type PeopleServer, startPeopleServer } from "./people-fixture.ts";
import { recoverAccount } from "./recover-account.ts";
import { createUser, findAccount } from "./users.sql.ts";

const password = "a quiet harbour at dawn";
const next = "another harbour at dusk";
let people: PeopleServer;
let mails: MailReceiver;
/** Addresses that the mail server takes nothing for, each with how often it was asked. */
const unreachable = new Map<string, number>();
beforeAll(async () => {
  mails = await startMailServer({
    recipient: (address) => {
      const asked = unreachable.get(address);
      if (asked === undefined) return undefined;
      unreachable.set(address, asked + 1);
      return "550 5.1.1 nobody here";
    },
  });
  const folder = temporaryFolder();
  const smtp = {
    SMTP_HOST: "127.0.0.1",
    SMTP_PORT: String(mails.port),
    SMTP_TLS: "none",
    SMTP_FROM: "costs@example.com",
  };
  people = await startPeopleServer({ ...smtp, ...(await newDatabase(folder.path)) }, folder);
});
afterAll(async () => {
  await people.close();
  await mails.close();
});

let users = 0;
async function newcomer(role?: string): Promise<{ readonly email: string; readonly id: string }> {
  users += 1;
  const email = `person.${users}@example.com`;
  return { email, id: await people.makeUser(email, password, role) };
}
const ask = (email: string) => people.ask(undefined, "POST", "/auth/password-reset", { email });
const confirm = (token: string, new_password = next) =>
  people.ask(undefined, "POST", "/auth/password-reset/confirm", { token, new_password });
const login = (email: string, given: string, code?: string) =>
  people.ask(undefined, "POST", "/auth/login", { email, password: given, code });
const tokensOf = (email: string): readonly string[] =>
  mails.received.filter(({ to }) => to.includes(email)).map(({ text }) => /reset_[\w-]{43}/.exec(text)?.[0] ?? "");

/** The token of the newest mail to an address that just asked for one. */
async function mailed(email: string, asked = email): Promise<string> {
  const before = tokensOf(email).length;
  expect(await ask(asked)).toMatchObject({ status: 202, data: { sends_mail: true } });
  await vi.waitFor(() => expect(tokensOf(email)).toHaveLength(before + 1), { timeout: 10_000 });
  return tokensOf(email).at(-1) ?? "";
}
const handed = async (credential: string, id: string) => people.ask(credential, "POST", `/users/${id}/password-reset`);
const trail = async (id: string, organizationId = "default") =>
  (
    await people.server.store.run(listEntries, {
      organizationId,
      filter: { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, resourceId: id },
      order: "oldest" as const,
      from: null,
      limit: 50,
    })
  ).map(({ action, actorKind, actorName }) => [action, actorKind, actorName]);

describe("a forgotten password", () => {
  test("is replaced by the token of a mail, once, and all sessions end", async () => {
    const { email, id } = await newcomer("viewer");
    const session = await people.login(email, password);
    const token = await mailed(email, email.toUpperCase());
    if (testedStore() === "sqlite") expect(people.databaseBytes().includes(token)).toBe(false);
    const weak = await confirm(token, "Password2024!");
    expect(weak).toMatchObject({ status: 422, error: { field_errors: { new_password: expect.any(String) } } });
    expect(await people.statusOf(session.access_token)).toBe(200);
    const both = await Promise.all([confirm(token), confirm(token)]);
    expect(both.map(({ status }) => status).sort()).toEqual([204, 404]);
    expect(await people.statusOf(session.access_token)).toBe(401);
    const refresh = { refresh_token: session.refresh_token };
    expect((await people.ask(undefined, "POST", "/auth/refresh", refresh)).status).toBe(401);
    expect([(await login(email, password)).status, (await login(email, next)).status]).toEqual([401, 200]);
    expect(await confirm(token, "a third harbour at noon")).toMatchObject({
      status: 404,
      error: { code: "NOT_FOUND" },
    });
    expect((await trail(id)).slice(1)).toEqual([
      ["users.password.reset_request", "nobody", null],
      ["users.password.reset", "user", email],
      ["auth.login", "nobody", null],
    ]);
  });

  test("is asked for in the same words whether there is such a user, and by nobody's time", async () => {
    const { email } = await newcomer();
    const known = await ask(email);
    const unknown = await ask("nobody.at.all@example.com");
    expect([unknown.status, unknown.text]).toEqual([known.status, known.text]);
    await vi.waitFor(() => expect(tokensOf(email)).toHaveLength(1), { timeout: 10_000 });
    expect(tokensOf("nobody.at.all@example.com")).toEqual([]);
  });

  test("is not replaced by tokens that were made up or changed", async () => {
    const { email } = await newcomer();
    const token = await mailed(email);
    const changed = token.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    for (const forged of ["reset_", changed, token.toLowerCase(), `${token} `, "x".repeat(200)]) {
      expect([forged, (await confirm(forged)).status]).toEqual([forged, 404]);
    }
    expect((await login(email, password)).status).toBe(200);
  });

  test("takes every other token along when it is replaced or changed", async () => {
    const { email } = await newcomer();
    const [first, second] = [await mailed(email), await mailed(email)];
    expect((await confirm(second)).status).toBe(204);
    expect((await confirm(first)).status).toBe(404);
    const third = await mailed(email);
    const { access_token: access } = await people.login(email, next);
    const change = { current_password: next, new_password: password };
    expect((await people.ask(access, "POST", "/auth/password", change)).status).toBe(204);
    expect((await confirm(third)).status).toBe(404);
  });

  test("leaves the second factor asked for", async () => {
    const { email } = await newcomer();
    const { access_token: access } = await people.login(email, password);
    const { Secret, TOTP } = await import("otpauth");
    const offer = await people.ask(access, "POST", "/auth/totp", { password });
    const totp = new TOTP({ secret: Secret.fromBase32(String(offer.data["secret"])) });
    const code = totp.generate({ timestamp: Date.now() + people.clock.aheadMs });
    const confirmed = await people.ask(access, "POST", "/auth/totp/confirm", { code });
    expect(confirmed.status).toBe(200);
    expect((await confirm(await mailed(email))).status).toBe(204);
    expect(await login(email, next)).toMatchObject({ status: 401, error: { code: "AUTH_003" } });
    const [recovery = ""] = confirmed.data["recovery_codes"] as unknown as readonly string[];
    expect((await login(email, next, recovery)).status).toBe(200);
  });

  test("keeps no token of a mail that nobody took, so that the next one is sent", async () => {
    const { email } = await newcomer();
    unreachable.set(email, 0);
    for (let at = 1; at <= 3; at += 1) {
      expect((await ask(email)).status).toBe(202);
      await vi.waitFor(() => expect(unreachable.get(email)).toBe(at), { timeout: 10_000 });
    }
    unreachable.delete(email);
    // Once more where the third is being given up at this moment.
    await vi.waitFor(
      async () => {
        if (tokensOf(email).length === 0) await ask(email);
        expect(tokensOf(email)).not.toEqual([]);
      },
      { timeout: 10_000, interval: 1_000 },
    );
    expect((await confirm(tokensOf(email)[0] ?? "")).status).toBe(204);
  });

  test("fills no mailbox, and whoever asks too often is put off while signing in goes on", async () => {
    const { email } = await newcomer();
    for (let at = 0; at < 3; at += 1) await mailed(email);
    const statuses: number[] = [];
    for (let at = 0; at < 9; at += 1) statuses.push((await ask(email)).status);
    expect(statuses).toContain(429);
    expect((await login(email, password)).status).toBe(200);
    const { email: other } = await newcomer();
    await mailed(other);
    expect(tokensOf(email)).toHaveLength(3);
  });
});

test("a token ends after half an hour, and makes room for another one", async () => {
  let nowMs = Date.parse("2026-01-01T00:00:00Z");
  const tested = await openTestedAt(() => nowMs);
  try {
    const { store } = tested;
    const user = { id: "usr_ada", email: "ada@x.org", emailKey: "ada@x.org", name: null, passwordHash: "before" };
    const may = [...roles.viewer];
    await store.run(createUser, { organizationId: "default", user, role: "viewer", may });
    const hashes = Array.from({ length: 5 }, (_, at) => `${at}`.repeat(64));
    const offer = (at: number) =>
      store.run(offerReset, { emailKey: "ada@x.org", tokenHash: hashes[at] ?? "" }).then((made) => made?.expiresAtMs);
    const use = (at: number) => store.run(useReset, { tokenHash: hashes[at] ?? "", newHash: `after ${at}` });
    const endsMs = nowMs + 30 * 60_000;
    expect([await offer(0), await offer(1), await offer(2), await offer(3)]).toEqual([
      endsMs,
      endsMs,
      endsMs,
      undefined,
    ]);
    nowMs = endsMs - 1;
    expect(await store.run(resetEmail, { tokenHash: hashes[0] ?? "" })).toBe("ada@x.org");
    nowMs = endsMs;
    await expect(use(0)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await store.run(findAccount, { userId: user.id })).toMatchObject({ passwordHash: "before" });
    expect(await offer(4)).toBe(endsMs + 30 * 60_000);
    await use(4);
    expect(await store.run(findAccount, { userId: user.id })).toMatchObject({ passwordHash: "after 4" });
  } finally {
    await tested.close();
  }
});

describe("a token that an administrator hands over", () => {
  test("is made for members with no more rights than the maker's, and told of in the trail", async () => {
    const { id, email } = await newcomer("viewer");
    const made = await handed(people.adminKey, id);
    expect(made).toMatchObject({ status: 201, data: { user_id: id, email } });
    const scopes = ["members:write", "usage:read"];
    const weak = (await people.ask(people.adminKey, "POST", "/api-keys", { name: "weak", scopes })).data;
    expect(await handed(String(weak["key"]), id)).toMatchObject({ status: 403, error: { code: "AUTH_002" } });
    expect((await handed(people.adminKey, "usr_nobody")).status).toBe(404);
    expect((await confirm(String(made.data["token"]))).status).toBe(204);
    expect((await login(email, next)).status).toBe(200);
    expect((await trail(id)).map(([action]) => action)).toEqual([
      "users.create",
      "users.password.reset_request",
      "users.password.reset",
    ]);
  });

  test("takes the place of the one before, whatever strangers ask for by mail", async () => {
    const { id, email } = await newcomer("viewer");
    const byMail: string[] = [];
    for (let at = 0; at < 3; at += 1) byMail.push(await mailed(email));
    const tokens: string[] = [];
    for (let at = 0; at < 4; at += 1) {
      const made = await handed(people.adminKey, id);
      expect(made.status).toBe(201);
      tokens.push(String(made.data["token"]));
    }
    expect((await confirm(tokens[2] ?? "")).status).toBe(404);
    expect((await confirm(tokens[3] ?? "", "Password2024!")).status).toBe(422);
    expect((await confirm(byMail[0] ?? "")).status).toBe(204);
    expect((await confirm(tokens[3] ?? "")).status).toBe(404);
  });

  test("leaves the mails of three tokens to be asked for", async () => {
    const { id, email } = await newcomer("viewer");
    expect((await handed(people.adminKey, id)).status).toBe(201);
    for (let at = 0; at < 3; at += 1) await mailed(email);
  });

  test("is not made by a key for whoever makes keys or members, so that a stolen session cannot do it by one", async () => {
    const { id, email } = await newcomer("admin");
    const { access_token: stolen } = await people.login(email, password);
    expect((await handed(stolen, id)).status).toBe(409);
    const key = await people.ask(stolen, "POST", "/api-keys", { name: "of a stolen session" });
    expect(key.status).toBe(201);
    for (const asking of [String(key.data["key"]), people.adminKey]) {
      expect(await handed(asking, id)).toMatchObject({ status: 403, error: { code: "AUTH_002" } });
    }
    const role = { name: "keepers", permissions: ["keys:write", "usage:read"] };
    expect((await people.ask(people.adminKey, "POST", "/roles", role)).status).toBe(201);
    const keeper = await newcomer("keepers");
    expect((await handed(String(key.data["key"]), keeper.id)).status).toBe(403);

    const other = await newcomer("admin");
    const { access_token: another } = await people.login(other.email, password);
    const made = await handed(another, id);
    expect(made.status).toBe(201);
    expect((await confirm(String(made.data["token"]))).status).toBe(204);
    expect(await people.statusOf(stolen)).toBe(401);
  });

  test("of a key ends when its user comes to make keys or members", async () => {
    const { id, email } = await newcomer("viewer");
    const made = await handed(people.adminKey, id);
    const role = { user_id: id, role: "admin" };
    expect((await people.ask(people.adminKey, "POST", "/organizations/default/role-assignments", role)).status).toBe(
      200,
    );
    expect((await confirm(String(made.data["token"]))).status).toBe(403);
    expect((await login(email, password)).status).toBe(200);
  });

  test("is not made for oneself, for which a session would be enough", async () => {
    const { email, id } = await newcomer();
    const { access_token: access } = await people.login(email, password);
    expect((await handed(access, id)).status).toBe(409);
  });

  test("ends with its maker's right to make it", async () => {
    const { id, email } = await newcomer("viewer");
    const maker = (await people.ask(people.adminKey, "POST", "/api-keys", { name: "leaves" })).data;
    const made = await handed(String(maker["key"]), id);
    expect((await people.ask(people.adminKey, "DELETE", `/api-keys/${maker.id}`)).status).toBe(200);
    expect((await confirm(String(made.data["token"]))).status).toBe(404);
    expect((await login(email, password)).status).toBe(200);
  });

  test("opens no organization that the maker has nothing to say in", async () => {
    const tenant = async (name: string) => {
      const { id, api_key: key } = (await people.ask(people.adminKey, "POST", "/organizations", { name })).data;
      return { id, key: (key as unknown as { readonly key: string }).key };
    };
    const [acme, other] = [await tenant("Acme"), await tenant("Other")];
    const email = "both@example.com";
    const invite = async ({ id, key }: { id: string; key: string }) =>
      people.ask(undefined, "POST", "/invitations/accept", {
        token: String(
          (await people.ask(key, "POST", `/organizations/${id}/invitations`, { user_email: email, role: "viewer" }))
            .data["token"],
        ),
        password,
      });
    const id = String((await invite(acme)).data["user_id"]);
    expect((await handed(acme.key, id)).status).toBe(201);
    expect((await handed(other.key, id)).status).toBe(404);
    // A token that was made before its user joined others does not open these either.
    const early = String((await handed(acme.key, id)).data["token"]);
    expect((await invite(other)).status).toBe(201);
    expect(await handed(acme.key, id)).toMatchObject({ status: 409, error: { code: "CONFLICT" } });
    expect((await confirm(early)).status).toBe(409);
    expect((await login(email, password)).status).toBe(200);
    expect((await handed(people.adminKey, id)).status).toBe(404);
  });
});

test("an account is recovered by whoever works on the database itself, and the trail tells of it", async () => {
  const { email, id } = await newcomer();
  const { access_token: access } = await people.login(email, password);
  const { store } = people.server;
  const recover = (over: object) =>
    recoverAccount(store, { email, password: next, removesSecondFactor: true, ...over });
  await expect(recover({ password: "Password2024!" })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  await expect(recover({ email: "nobody@example.com" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await recover({})).toEqual({ id, email, hasSecondFactor: false });
  await vi.waitFor(async () => expect(await people.statusOf(access)).toBe(401), { timeout: 10_000 });
  expect((await login(email, next)).status).toBe(200);
  expect((await trail(id)).at(-1)?.[0]).toBe("users.recover");
});
