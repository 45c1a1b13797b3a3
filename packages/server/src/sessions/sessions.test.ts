import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { describeSessions } from "./sessions.contract.ts";

describeSessions("SQLite", async (now) => sqliteStore(memoryStore(now).threads));

const password = "a quiet harbour at dawn";
const minuteMs = 60_000;
let people: PeopleServer;
beforeAll(async () => {
  people = await startPeopleServer();
});
afterAll(() => people.close());

let users = 0;
/** Somebody new signs in. */
async function enter(role?: string) {
  users += 1;
  const email = `Ada.${users}@Example.com`;
  await people.makeUser(email, password, role);
  return { ...(await people.login(email.toLowerCase(), password)), email: email.toLowerCase() };
}
const refresh = (token: string, at = people) => at.ask(undefined, "POST", "/auth/refresh", { refresh_token: token });

describe("an access token", () => {
  test("does what its user's role allows, for fifteen minutes", async () => {
    const { access_token, expires_in } = await enter();
    expect(expires_in).toBe(900);
    expect(await people.statusOf(access_token)).toBe(200);
    people.clock.aheadMs += 14 * minuteMs;
    expect(await people.statusOf(access_token)).toBe(200);
    people.clock.aheadMs += 2 * minuteMs;
    expect(await people.statusOf(access_token)).toBe(401);
  });

  test("says nothing of what may be done: the store does", async () => {
    const { access_token, email } = await enter();
    const claims = JSON.parse(Buffer.from(access_token.split(".")[1] ?? "", "base64url").toString());
    expect(Object.keys(claims).sort()).toEqual(["aud", "exp", "iat", "iss", "nbf", "org", "sid", "sub"]);
    const me = await people.ask(access_token, "GET", "/auth/whoami");
    expect(me.data).toMatchObject({
      kind: "user",
      name: email.replace("ada", "Ada").replace("example", "Example"),
      organization_id: "default",
      timezone: "UTC",
      second_factor: false,
      organizations: [{ id: "default", name: "Default" }],
    });
    await people.ask(people.adminKey, "PATCH", "/organizations/default", { settings: { timezone: "Asia/Kolkata" } });
    expect((await people.ask(access_token, "GET", "/auth/whoami")).data).toMatchObject({ timezone: "Asia/Kolkata" });
    const viewer = await enter("viewer");
    expect((await people.ask(viewer.access_token, "POST", "/api-keys", { name: "mine" })).status).toBe(403);
    expect((await people.ask(people.adminKey, "GET", "/auth/whoami")).data).toMatchObject({
      kind: "key",
      name: "administrator",
      session_id: null,
      second_factor: null,
    });
  });

  test("works in another process on the same database and ends there when its session does", async () => {
    const other = await people.another();
    other.clock.aheadMs = people.clock.aheadMs;
    const { access_token, session } = await enter();
    expect(await other.statusOf(access_token)).toBe(200);
    expect((await people.ask(access_token, "DELETE", `/auth/sessions/${session.id}`)).status).toBe(204);
    expect(await people.statusOf(access_token)).toBe(401);
    await expect.poll(() => other.statusOf(access_token), { timeout: 5_000 }).toBe(401);
  });
});

describe("a refresh token", () => {
  test("gives the next one, and the session goes on", async () => {
    const first = await enter();
    people.clock.aheadMs += 16 * minuteMs;
    const second = await refresh(first.refresh_token);
    expect(second.status).toBe(200);
    const tokens = second.data as unknown as typeof first;
    expect(tokens.session.id).toBe(first.session.id);
    expect(tokens.refresh_token).not.toBe(first.refresh_token);
    expect(await people.statusOf(tokens.access_token)).toBe(200);
  });

  test("is answered with the same next one while the answer may be lost, in whatever process", async () => {
    const other = await people.another();
    other.clock.aheadMs = people.clock.aheadMs;
    const { refresh_token } = await enter();
    const answers = await Promise.all([refresh(refresh_token), refresh(refresh_token, other), refresh(refresh_token)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ data }) => data["refresh_token"])).size).toBe(1);
  });

  test("that comes back when its successor was used ends the session at once", async () => {
    const first = await enter();
    const second = (await refresh(first.refresh_token)).data as unknown as typeof first;
    const third = (await refresh(second.refresh_token)).data as unknown as typeof first;
    expect((await refresh(first.refresh_token)).status).toBe(401);
    expect((await refresh(third.refresh_token)).status).toBe(401);
  });

  test("is no access token, and an access token no refresh token", async () => {
    const { access_token, refresh_token } = await enter();
    expect(await people.statusOf(refresh_token)).toBe(401);
    expect((await refresh(access_token)).status).toBe(401);
  });
});

describe("sessions", () => {
  test("are listed for their user alone, and end when the user says so", async () => {
    const here = await enter();
    const there = await people.login(here.email, password);
    const listed = await people.ask(here.access_token, "GET", "/auth/sessions");
    const rows = listed.data as unknown as { id: string; current: boolean; client_address: string }[];
    expect(rows.find(({ id }) => id === here.session.id)).toMatchObject({ current: true, client_address: "127.0.0.1" });
    expect(rows.find(({ id }) => id === there.session.id)).toMatchObject({ current: false });
    const stranger = await enter();
    const path = `/auth/sessions/${there.session.id}`;
    expect((await people.ask(stranger.access_token, "DELETE", path)).status).toBe(404);
    expect((await people.ask(here.access_token, "DELETE", path)).status).toBe(204);
    expect((await people.ask(here.access_token, "DELETE", path)).status).toBe(404);
    expect(await people.statusOf(there.access_token)).toBe(401);
    expect((await people.ask(here.access_token, "POST", "/auth/logout")).status).toBe(204);
    expect(await people.statusOf(here.access_token)).toBe(401);
    expect((await refresh(here.refresh_token)).status).toBe(401);
  });

  test("of members are seen and ended by who may change members, in their own organization alone", async () => {
    const viewer = await enter("viewer");
    const userId = (await people.ask(viewer.access_token, "GET", "/auth/whoami")).data.id;
    const tenant = await people.ask(people.adminKey, "POST", "/organizations", { name: "Acme" });
    const foreign = (tenant.data["api_key"] as unknown as { key: string }).key;
    const path = `/users/${userId}/sessions`;
    expect((await people.ask(foreign, "GET", path)).status).toBe(404);
    expect((await people.ask(foreign, "DELETE", `${path}/${viewer.session.id}`)).status).toBe(404);
    expect((await people.ask(viewer.access_token, "GET", path)).status).toBe(403);
    const seen = (await people.ask(people.adminKey, "GET", path)).data as unknown as { id: string }[];
    expect(seen.map(({ id }) => id)).toContain(viewer.session.id);
    expect((await people.ask(people.adminKey, "DELETE", `${path}/${viewer.session.id}`)).status).toBe(204);
    expect(await people.statusOf(viewer.access_token)).toBe(401);
  });

  test("belong to people: a key has none", async () => {
    for (const [method, path] of [
      ["POST", "/auth/logout"],
      ["GET", "/auth/sessions"],
      ["DELETE", "/auth/sessions/x"],
    ] as const) {
      expect(await people.ask(people.adminKey, method, path)).toMatchObject({ status: 409 });
    }
  });
});
