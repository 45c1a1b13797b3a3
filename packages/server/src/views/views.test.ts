import type { View } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { listViews } from "./views.sql.ts";

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

describe("views of an API key", () => {
  const newKey = async (input: object = {}): Promise<{ readonly id: string; readonly name: string }> =>
    kept((await as("key", "POST", "/api-keys", { name: `key ${Object.keys(tokens).length}`, ...input })).data);
  const rotate = async (id: string, overlap_seconds = 3_600) =>
    kept((await as("key", "POST", `/api-keys/${id}/rotate`, { overlap_seconds })).data);
  const kept = (data: Answer["data"]) => {
    const { id, key } = data as unknown as { readonly id: string; readonly key: string };
    tokens[id] = key;
    return { id, name: id };
  };
  const revoke = async (id: string) => expect((await as("key", "DELETE", `/api-keys/${id}`)).status).toBe(200);
  /** What the store still has of a key, whether anybody can ask with it or not. */
  const leftOf = async (id: string): Promise<readonly string[]> => {
    const viewer = { organizationId: "default", who: `key:${id}`, name: id, seesShared: false };
    const args = { organizationId: "default", viewer: { ...viewer, mayShare: false, mayManage: false } };
    return (await server.server.store.run(listViews, args)).map((view) => view.id);
  };

  test("are those of the keys that take its place too, however often, while both are good and after", async () => {
    const first = await newKey();
    const own = await make(first.name, { pinned: true });
    const second = await rotate(first.id);
    const third = await rotate(second.id);
    for (const { name } of [first, second, third]) {
      expect((await listed(name)).filter(({ mine }) => mine)).toMatchObject([{ id: own.id, pinned: true }]);
    }
    expect((await as(third.name, "PATCH", `/views/${own.id}`, { name: "From the third" })).status).toBe(200);
    const taken = await as(first.name, "POST", "/views", { name: "From the third", page: "explore", state: "" });
    expect(taken.status).toBe(409);
    const later = await make(third.name);
    await revoke(first.id);
    await revoke(second.id);
    expect((await listed(third.name)).filter(({ mine }) => mine).map(({ id }) => id)).toEqual(
      expect.arrayContaining([own.id, later.id]),
    );
    const other = await newKey();
    expect(await idsOf(other.name)).not.toContain(own.id);
  });

  test("are forgotten once no key is left to see them, but for those that it shares", async () => {
    const first = await newKey();
    const own = await make(first.name, { pinned: true });
    const shared = await make(first.name, { shared: true });
    const second = await rotate(first.id);
    await revoke(first.id);
    expect(await leftOf(first.id)).toEqual([own.id, shared.id]);
    await revoke(second.id);
    expect(await leftOf(first.id)).toEqual([shared.id]);
    const unshared = await as("max", "PATCH", `/views/${shared.id}`, { shared: false });
    expect(unshared).toMatchObject({ status: 409, error: { message: expect.stringContaining("delete it instead") } });
  });

  test("of one that expired are forgotten with the next view that is made", async () => {
    // The store's own clock is ahead of it: the key is good by the one, and has expired by the other.
    server.clock.aheadMs = -120_000;
    const brief = await newKey({ expires_at: new Date(Date.now() - 60_000).toISOString() });
    const own = await make(brief.name);
    server.clock.aheadMs = 0;
    expect(await leftOf(brief.id)).toEqual([own.id]);
    await make("key");
    expect(await leftOf(brief.id)).toEqual([]);
  });
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
  // Nobody would see it, and nobody could delete it.
  const unshared = await as("max", "PATCH", `/views/${kept.id}`, { shared: false });
  expect(unshared).toMatchObject({ status: 409, error: { message: expect.stringContaining("delete it instead") } });
  expect((await as("max", "PATCH", `/views/${kept.id}`, { name: "Of who is gone" })).status).toBe(200);
  const invited = { user_email: "gone@example.com", role: "developer" };
  const { data } = await as("key", "POST", "/organizations/default/invitations", invited);
  await server.ask(undefined, "POST", "/invitations/accept", { token: data["token"], password });
  tokens["gone"] = (await server.login("gone@example.com", password)).access_token;
  expect((await listed("gone")).find((view) => view.id === kept.id)).toMatchObject({ mine: true, pinned: false });
  expect(await idsOf("gone")).not.toContain(own.id);
});

describe("the audit trail", () => {
  interface Entry {
    readonly action: string;
    readonly before: unknown;
    readonly after: unknown;
  }
  const trailOf = async (id: string): Promise<readonly Entry[]> => {
    const { data } = await as("key", "GET", `/audit?resource_id=${id}`);
    return (data as unknown as readonly Entry[]).map(({ action, before, after }) => ({ action, before, after }));
  };

  test("tells what a view shows as long as it is shared, and of one's own that there is one", async () => {
    const own = { page: "explore", shared: false };
    const { id } = await make("ada", { name: "A secret plan", state: "f=user%3Aceo" });
    await as("ada", "PATCH", `/views/${id}`, { name: "Another", state: "f=user%3Acfo" });
    await as("ada", "PATCH", `/views/${id}`, { shared: true });
    await as("ada", "PATCH", `/views/${id}`, { shared: false });
    await as("ada", "DELETE", `/views/${id}`);
    const all = { ...own, shared: true, name: "Another", state: "f=user%3Acfo" };
    expect(await trailOf(id)).toEqual([
      { action: "views.delete", before: own, after: null },
      { action: "views.update", before: all, after: own },
      { action: "views.update", before: own, after: all },
      { action: "views.update", before: own, after: own },
      { action: "views.create", before: null, after: own },
    ]);
  });

  test("does not tell of pins, also where a view is said to change and stays as it is", async () => {
    const { id, name } = await make("ada", { shared: true });
    for (const pinned of [true, false, true]) {
      expect((await as("ada", "PATCH", `/views/${id}`, { pinned })).data).toMatchObject({ pinned });
      const same = await as("ada", "PATCH", `/views/${id}`, { name, pinned: !pinned });
      expect(same.data).toMatchObject({ name, pinned: !pinned });
    }
    expect((await trailOf(id)).map(({ action }) => action)).toEqual(["views.create"]);
    const both = await as("ada", "PATCH", `/views/${id}`, { name: "Changed and pinned", pinned: true });
    expect(both.data).toMatchObject({ name: "Changed and pinned", pinned: true });
    expect(await trailOf(id)).toHaveLength(2);
  });
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
