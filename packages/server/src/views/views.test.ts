import type { View } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

const folder = temporaryFolder();
const password = "a lantern over the harbour";
let server: PeopleServer;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  server = await startPeopleServer(await newDatabase(folder.path), folder);
  for (const [name, role] of [
    ["ada", "analyst"],
    ["ben", "developer"],
    ["vera", "viewer"],
    ["max", "admin"],
  ] as const) {
    await server.makeUser(`${name}@example.com`, password, role);
    tokens[name] = (await server.login(`${name}@example.com`, password)).access_token;
  }
}, 60_000);
afterAll(() => server.close());

const as = (name: string, method: string, path: string, body?: unknown): Promise<Answer> =>
  server.ask(tokens[name] ?? server.adminKey, method, path, body);
let made = 0;
const make = async (name: string, own: object = {}): Promise<View> => {
  made += 1;
  const answer = await as(name, "POST", "/views", {
    name: `view ${made}`,
    page: "explore",
    state: "by=project",
    ...own,
  });
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.data as unknown as View;
};
const listed = async (name: string): Promise<readonly View[]> =>
  (await as(name, "GET", "/views")).data as unknown as readonly View[];
const idsOf = async (name: string): Promise<readonly string[]> => (await listed(name)).map(({ id }) => id);

describe("a view of one's own", () => {
  test("is seen, changed and deleted by who made it, and is nothing to everybody else", async () => {
    const { id, created_at, updated_at, ...rest } = await make("ada", {
      name: "Week",
      state: "period=7d&f=model%3Agpt-4o",
    });
    expect(rest).toEqual({
      organization_id: "default",
      name: "Week",
      page: "explore",
      state: "period=7d&f=model%3Agpt-4o",
      shared: false,
      pinned: false,
      made_by: "ada@example.com",
      mine: true,
      may_change: true,
    });
    expect(updated_at).toBe(created_at);
    for (const other of ["ben", "vera", "max", "key"]) {
      expect(await idsOf(other)).not.toContain(id);
      for (const [method, body] of [
        ["GET"],
        ["PATCH", { pinned: true }],
        ["PATCH", { name: "x" }],
        ["DELETE"],
      ] as const) {
        const theirs = await as(other, method, `/views/${id}`, body);
        const nobodys = await as(other, method, "/views/view_nobody", body);
        expect([theirs.status, theirs.error]).toEqual([404, nobodys.error]);
      }
    }
    const changed = await as("ada", "PATCH", `/views/${id}`, { name: "Seven days", state: "" });
    expect(changed.data).toMatchObject({ id, name: "Seven days", state: "" });
    expect((await as("ada", "DELETE", `/views/${id}`)).status).toBe(204);
    expect(await idsOf("ada")).not.toContain(id);
  });

  test("has a name that none other of one's own has, and others may use too", async () => {
    const { id } = await make("ada", { name: "Twice" });
    const second = await make("ada");
    const input = { name: "Twice", page: "explore", state: "" };
    expect(await as("ada", "POST", "/views", input)).toMatchObject({ status: 409, error: { code: "CONFLICT" } });
    expect((await as("ada", "PATCH", `/views/${second.id}`, { name: "Twice" })).status).toBe(409);
    expect((await as("ada", "PATCH", `/views/${id}`, { name: "Twice", state: "as=area" })).status).toBe(200);
    await make("ben", { name: "Twice" });
  });

  test.each([
    [{ state: "?by=model" }, "state"],
    [{ state: "by=a b" }, "state"],
    [{ state: "by=model#top" }, "state"],
    [{ state: "x=\u0000" }, "state"],
    [{ state: "x".repeat(limits.viewStateLength + 1) }, "state"],
    [{ name: "" }, "name"],
    [{ name: "a\u001b[2J" }, "name"],
    [{ page: "budgets" }, "page"],
    [{ shared: "yes" }, "shared"],
    [{ owner: "user:x" }, "owner"],
  ])("is refused by the field that is wrong: %j", async (wrong, field) => {
    const answer = await as("ada", "POST", "/views", { name: "wrong", page: "explore", state: "", ...wrong });
    expect(answer.status).toBe(422);
    expect(Object.keys(answer.error.field_errors ?? {})).toContain(field);
  });
});

describe("a shared view", () => {
  test("is seen by everybody, and changed by who made it or manages views", async () => {
    const { id } = await make("ada", { shared: true });
    for (const other of ["ben", "vera"]) {
      const seen = await as(other, "GET", `/views/${id}`);
      expect(seen.data).toMatchObject({ id, shared: true, mine: false, may_change: false, made_by: "ada@example.com" });
      for (const update of [{ name: "Mine now" }, { state: "" }, { shared: false }]) {
        const refused = await as(other, "PATCH", `/views/${id}`, update);
        expect(refused).toMatchObject({ status: 403, error: { code: "AUTH_002" } });
      }
      expect((await as(other, "DELETE", `/views/${id}`)).status).toBe(403);
    }
    const renamed = await as("max", "PATCH", `/views/${id}`, { name: "Of all" });
    expect(renamed.data).toMatchObject({ name: "Of all", mine: false, may_change: true });
    // Made private by somebody else, it is the owner's alone.
    expect((await as("max", "PATCH", `/views/${id}`, { shared: false })).data).toMatchObject({ shared: false });
    expect((await as("max", "GET", `/views/${id}`)).status).toBe(404);
    expect(await idsOf("ada")).toContain(id);
    await as("ada", "PATCH", `/views/${id}`, { shared: true });
    expect((await as("max", "DELETE", `/views/${id}`)).status).toBe(204);
    expect(await idsOf("ada")).not.toContain(id);
  });

  test("needs a permission to be shared that viewers do not have", async () => {
    const input = { name: "Everybody's", page: "explore", state: "", shared: true };
    const refused = await as("vera", "POST", "/views", input);
    expect(refused).toMatchObject({ status: 403, error: { message: expect.stringContaining("views:share") } });
    const { id } = await make("vera");
    expect((await as("vera", "PATCH", `/views/${id}`, { shared: true })).status).toBe(403);
    expect((await listed("vera")).find((view) => view.id === id)?.shared).toBe(false);
  });

  test("is not seen by whoever may read a part of the costs alone", async () => {
    const invited = { user_email: "pia@example.com", role: "analyst", scope: "own" };
    const { data } = await as("key", "POST", "/organizations/default/invitations", invited);
    await server.ask(undefined, "POST", "/invitations/accept", { token: data["token"], password });
    tokens["pia"] = (await server.login("pia@example.com", password)).access_token;
    const { id } = await make("ada", { shared: true });
    const own = await make("pia");
    expect(await idsOf("pia")).toEqual([own.id]);
    expect((await as("pia", "GET", `/views/${id}`)).status).toBe(404);
    expect((await as("pia", "PATCH", `/views/${own.id}`, { shared: true })).status).toBe(403);
  });
});

describe("a pin", () => {
  const pinnedBy = async (name: string, id: string): Promise<boolean | undefined> =>
    (await listed(name)).find((view) => view.id === id)?.pinned;

  test("is everybody's own, of every view that one sees", async () => {
    const { id, updated_at } = await make("ada", { shared: true, pinned: true });
    expect(await pinnedBy("ada", id)).toBe(true);
    expect(await pinnedBy("vera", id)).toBe(false);
    expect((await as("vera", "PATCH", `/views/${id}`, { pinned: true })).data).toMatchObject({
      pinned: true,
      updated_at,
    });
    await as("ada", "PATCH", `/views/${id}`, { pinned: false });
    expect([await pinnedBy("ada", id), await pinnedBy("vera", id)]).toEqual([false, true]);
  });

  test("of others is gone once the view is its owner's alone", async () => {
    const { id } = await make("ada", { shared: true, pinned: true });
    await as("vera", "PATCH", `/views/${id}`, { pinned: true });
    await as("ada", "PATCH", `/views/${id}`, { shared: false });
    expect(await idsOf("vera")).not.toContain(id);
    await as("ada", "PATCH", `/views/${id}`, { shared: true });
    expect([await pinnedBy("ada", id), await pinnedBy("vera", id)]).toEqual([true, false]);
  });
});

test("a key has views of its own, which no person sees until they are shared", async () => {
  const { id, made_by } = await make("key");
  expect(made_by).toBe("administrator");
  expect(await idsOf("max")).not.toContain(id);
  await as("key", "PATCH", `/views/${id}`, { shared: true });
  expect(await idsOf("vera")).toContain(id);
});

test("of somebody who is removed stays what they share, and nothing that they had for themselves", async () => {
  const id = await server.makeUser("gone@example.com", password, "developer");
  tokens["gone"] = (await server.login("gone@example.com", password)).access_token;
  const kept = await make("gone", { shared: true, pinned: true });
  const own = await make("gone");
  expect((await as("key", "DELETE", `/organizations/default/users/${id}`)).status).toBe(200);
  expect((await as("max", "GET", `/views/${kept.id}`)).data).toMatchObject({
    may_change: true,
    made_by: "gone@example.com",
  });
  const invited = { user_email: "gone@example.com", role: "developer" };
  const { data } = await as("key", "POST", "/organizations/default/invitations", invited);
  await server.ask(undefined, "POST", "/invitations/accept", { token: data["token"], password });
  tokens["gone"] = (await server.login("gone@example.com", password)).access_token;
  expect((await listed("gone")).find((view) => view.id === kept.id)).toMatchObject({ mine: true, pinned: false });
  expect(await idsOf("gone")).not.toContain(own.id);
});

test("nobody has more views than a bound, which others do not come nearer to", async () => {
  const { access_token } = await (async () => {
    await server.makeUser("lots@example.com", password, "developer");
    return server.login("lots@example.com", password);
  })();
  tokens["lots"] = access_token;
  for (let count = 0; count < limits.viewsOfOwner; count += 1) await make("lots", { shared: count === 0 });
  const refused = await as("lots", "POST", "/views", { name: "one more", page: "explore", state: "" });
  expect(refused).toMatchObject({
    status: 409,
    error: { message: expect.stringContaining(String(limits.viewsOfOwner)) },
  });
  await make("ben");
});
