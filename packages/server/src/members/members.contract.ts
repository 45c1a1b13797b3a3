import type { Member, Permission } from "@llm-cost-ops/contract";
import { permissions } from "@llm-cost-ops/contract/permissions";
import { beforeEach, describe, expect, test } from "vitest";
import { readAccessRevision } from "../identity/access-revision.sql.ts";
import { createProjects } from "../projects/projects.sql.ts";
import { createTeams } from "../projects/teams.sql.ts";
import { installationRead, installationWrite, type Store, storeRead } from "../store/operation.ts";
import { unlimitedAttempts } from "../users/sign-in-attempts.ts";
import type { Granter } from "./granting.ts";
import { grantsOf, type MemberName } from "./grants.sql.ts";
import { createInvitations } from "./invitations.ts";
import { createMembers } from "./members.sql.ts";
import type { Members, Roles } from "./members.ts";
import { createRoles } from "./roles.sql.ts";

const revision = installationRead("test.members.revision", (connection, _: null) => readAccessRevision(connection));
const grants = storeRead(
  "test.members.grants",
  (connection, { organizationId, user }: { readonly organizationId: string; readonly user: MemberName }) =>
    grantsOf(connection, organizationId, user),
);
const addOrganization = installationWrite("test.members.organization", async (connection, id: string) => {
  await connection.run("INSERT INTO organizations (organization_id, name, created_at) VALUES (?, ?, 0)", id, id);
});
const actions = installationRead("test.members.actions", async (connection, _: null) =>
  (await connection.all<{ action: string }>("SELECT action FROM audit_entries ORDER BY organization_id, seq")).map(
    ({ action }) => action,
  ),
);

const all: Granter = { permissions: new Set(permissions) };
const goodPassword = "a lantern over the harbour";

/** What members, roles, teams and invitations must do on every store. The store is empty and tells the given time. */
export function describeMembers(name: string, open: (now: () => number) => Promise<Store>): void {
  describe(`members on ${name}`, () => {
    let now = 0;
    let store: Store;
    let members: Members;
    let roles: Roles;
    let invitations: ReturnType<typeof createInvitations>;
    const caller = (granter: Granter) => ({
      organizationId: "default",
      principal: { kind: "process", id: "process", name: "process" } as const,
      ...granter,
    });
    const signedIn = (id: string) => ({
      ...caller(all),
      principal: { kind: "user", id, name: "x", sessionId: "s" } as const,
    });

    beforeEach(async () => {
      now = Date.UTC(2026, 5, 1);
      store = await open(() => now);
      members = createMembers(store, () => undefined);
      roles = createRoles(store, () => undefined);
      invitations = createInvitations({
        store,
        hashes: {
          hash: async (password) => `hash of ${password}`,
          check: async (password, hash) => ({ matches: hash === `hash of ${password}`, isOutdated: false }),
        },
        attempts: unlimitedAttempts,
        commonAmong: async () => [],
      });
    });

    const invite = (email: string, role: string, scope = "organization", organizationId = "default", by = all) =>
      invitations.create(organizationId, caller(by), { user_email: email, role, scope, expires_in_days: 7 });
    const join = async (email: string, role: string, scope?: string, organizationId?: string): Promise<Member> => {
      const { token } = await invite(email, role, scope, organizationId);
      return invitations.accept({ token, password: goodPassword }, undefined, undefined);
    };
    const may = async ({ user_id: id, email }: Member, organizationId = "default") =>
      store.run(grants, { organizationId, user: { id, email } });
    const assign = (member: Member, role: string, scope: string, by = all) =>
      members.assignRole("default", by, { user_email: member.email, role, scope });

    test("join by an invitation that is good once, until it ends or is revoked, and then are listed with their roles", async () => {
      const { token, ...made } = await invite("Ada@Example.com", "developer", "project:checkout");
      expect(made).toMatchObject({ user_email: "ada@example.com", status: "pending", scope: "project:checkout" });
      const ada = await invitations.accept({ token, password: goodPassword, name: "Ada" }, undefined, undefined);
      expect(ada).toMatchObject({
        email: "ada@example.com",
        name: "Ada",
        roles: [{ role: "developer", scope: "project:checkout" }],
      });
      const again = invitations.accept({ token, password: goodPassword }, undefined, undefined);
      await expect(again).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(invite("ADA@example.com", "viewer")).rejects.toMatchObject({ code: "CONFLICT" });
      const late = await invite("late@example.com", "viewer");
      const revoked = await invite("revoked@example.com", "viewer");
      expect(await invitations.revoke("default", revoked.id)).toMatchObject({ status: "revoked" });
      now += 7 * 86_400_000;
      for (const one of [late, revoked]) {
        const accepted = invitations.accept({ token: one.token, password: goodPassword }, undefined, undefined);
        await expect(accepted).rejects.toMatchObject({ code: "NOT_FOUND" });
      }
      const statuses = (await invitations.list("default")).map(({ user_email, status }) => [user_email, status]);
      expect(Object.fromEntries(statuses)).toEqual({
        "ada@example.com": "accepted",
        "late@example.com": "expired",
        "revoked@example.com": "revoked",
      });
      expect(await members.list("default")).toEqual([ada]);
      expect(await members.list("other")).toEqual([]);
      await expect(members.get("other", ada.user_id)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    test("who are users already join with their password or signed in, and never by the token alone", async () => {
      const ada = await join("ada@example.com", "admin");
      await store.run(addOrganization, "other");
      const { token } = await invite("ada@example.com", "viewer", "organization", "other");
      for (const password of [undefined, "another lantern entirely"]) {
        const accepted = invitations.accept(
          { token, ...(password === undefined ? {} : { password }) },
          undefined,
          undefined,
        );
        await expect(accepted).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
      }
      await expect(invitations.accept({ token }, signedIn("usr_other"), undefined)).rejects.toMatchObject({
        code: "VALIDATION_ERROR",
      });
      const there = await invitations.accept({ token }, signedIn(ada.user_id), undefined);
      expect(there).toMatchObject({ user_id: ada.user_id, organization_id: "other" });
      expect((await may(ada, "other"))?.permissions.has("prices:write")).toBe(false);
      expect((await may(ada))?.permissions.has("prices:write")).toBe(true);
    });

    test("have one role at each scope, and what their roles allow adds up by scope", async () => {
      const ada = await join("ada@example.com", "viewer");
      expect((await assign(ada, "analyst", "organization:default")).roles).toEqual([
        { role: "analyst", scope: "organization:default" },
      ]);
      expect((await may(ada))?.scopes.size).toBe(0);
      const bob = await join("bob@example.com", "developer", "project:a");
      await assign(bob, "viewer", "project:b");
      const grant = await may(bob);
      expect(grant?.scopes.get("usage:read")).toEqual({ projects: ["a", "b"] });
      expect(grant?.scopes.get("usage:write")).toEqual({ projects: ["a"] });
      expect(grant?.permissions.has("prices:read")).toBe(false);
      const own = await join("own@example.com", "developer", "own");
      expect((await may(own))?.scopes.get("usage:read")).toEqual({ userIds: [own.user_id, "own@example.com"] });
      await expect(assign(own, "viewer", "project:a")).rejects.toMatchObject({ code: "CONFLICT" });
      await expect(assign(bob, "viewer", "own")).rejects.toMatchObject({ code: "CONFLICT" });
      await members.removeRole("default", all, bob.user_id, "project:a");
      expect((await may(bob))?.permissions.has("usage:write")).toBe(false);
    });

    test("come and go in a team one by one, however many change it at the same moment", async () => {
      const teams = createTeams(store, () => undefined);
      const ada = await join("ada@example.com", "viewer", "organization");
      const bob = await join("bob@example.com", "viewer", "organization");
      await teams.create("default", { name: "Engineering", projects: ["a"] });
      const change = (update: object) => teams.update("default", all, "engineering", update);
      await Promise.all([
        change({ add_members: [ada.user_id] }),
        change({ add_members: [bob.user_id], remove_projects: ["a", "never there"] }),
        change({ add_projects: ["b"] }),
      ]);
      const [team] = await teams.list("default");
      expect(team).toMatchObject({ members: [ada.user_id, bob.user_id].sort(), projects: ["b"] });
      expect(await change({ remove_members: [ada.user_id] })).toMatchObject({ members: [bob.user_id] });
      await expect(change({ add_members: ["usr_none"] })).rejects.toMatchObject({
        fieldErrors: { add_members: expect.stringContaining("usr_none") },
      });
      const many = Array.from({ length: 1_000 }, (_, at) => `project ${at}`);
      await expect(change({ add_projects: many })).rejects.toMatchObject({
        fieldErrors: { add_projects: "makes more than 1000" },
      });
    });

    test("reach by a team the projects that it has at the moment", async () => {
      const teams = createTeams(store, () => undefined);
      const team = await teams.create("default", { name: "Engineering", projects: ["a"] });
      const ada = await join("ada@example.com", "viewer", "team:engineering");
      expect(ada.roles).toEqual([{ role: "viewer", scope: "team:engineering" }]);
      const seen = async () => (await may(ada))?.scopes.get("costs:read");
      expect(await seen()).toEqual({ projects: ["a"] });
      await teams.update("default", all, "engineering", { projects: ["b", "c"], members: [ada.user_id] });
      expect(await seen()).toEqual({ projects: ["b", "c"] });
      await teams.update("default", all, team.id, { projects: [] });
      expect(await seen()).toEqual({ projects: [] });
      const limited: Granter = {
        permissions: new Set<Permission>(["members:write", "costs:read"]),
        scopes: new Map([["costs:read", { projects: ["z"] }]]),
      };
      const added = teams.update("default", limited, team.id, { projects: ["q"] });
      await expect(added).rejects.toMatchObject({ code: "AUTH_002" });
      await teams.update("default", all, team.id, { projects: ["q"] });
      const taken = teams.update("default", limited, team.id, { projects: [] });
      await expect(taken).rejects.toMatchObject({ code: "AUTH_002" });
      await expect(teams.remove("default", team.id)).rejects.toMatchObject({ code: "CONFLICT" });
      await members.removeRole("default", all, ada.user_id, "team:engineering");
      await teams.remove("default", team.id);
      expect(await teams.list("default")).toEqual([]);
      const unknown = teams.create("default", { name: "Nobody", members: ["usr_none"] });
      await expect(unknown).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    });

    test("keep their last administrator, whom nobody removes or demotes", async () => {
      const ada = await join("ada@example.com", "admin");
      const attempts = [
        () => assign(ada, "viewer", "organization"),
        () => members.removeRole("default", all, ada.user_id, "organization"),
        () => members.remove("default", all, ada.user_id),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: "CONFLICT" });
      await join("scoped@example.com", "admin", "project:a");
      await expect(members.remove("default", all, ada.user_id)).rejects.toMatchObject({ code: "CONFLICT" });
      await join("bob@example.com", "admin");
      expect(await members.remove("default", all, ada.user_id)).toEqual(ada);
      expect(await may(ada)).toBeUndefined();
    });

    test("once removed have nothing left: neither roles nor teams nor invitations that they made or were sent", async () => {
      const ada = await join("ada@example.com", "admin");
      await join("bob@example.com", "admin");
      const teams = createTeams(store, () => undefined);
      const team = await teams.create("default", { name: "Engineering", members: [ada.user_id] });
      const kept = { user_email: "kept@example.com", role: "admin", scope: "organization", expires_in_days: 7 };
      const made = await invitations.create("default", signedIn(ada.user_id), kept);
      const before = await store.run(revision, null);
      await members.remove("default", all, ada.user_id);
      expect(await store.run(revision, null)).toBeGreaterThan(before);
      expect((await teams.get("default", team.id)).members).toEqual([]);
      const accepted = invitations.accept({ token: made.token, password: goodPassword }, undefined, undefined);
      await expect(accepted).rejects.toMatchObject({ code: "NOT_FOUND" });
      const { token } = await invite("ada@example.com", "viewer");
      const back = await invitations.accept({ token, password: goodPassword }, undefined, undefined);
      expect([back.user_id, back.roles]).toEqual([ada.user_id, [{ role: "viewer", scope: "organization:default" }]]);
    });

    test("cannot come by an invitation whose maker may not give its role any more", async () => {
      const ada = await join("ada@example.com", "admin");
      await join("bob@example.com", "admin");
      const invited = async (by: Parameters<typeof invitations.create>[1], role: string) => {
        const input = { user_email: `${role}@example.com`, role, scope: "organization", expires_in_days: 7 };
        const { token } = await invitations.create("default", by, input);
        return () => invitations.accept({ token, password: goodPassword }, undefined, undefined);
      };
      const asAdmin = await invited(signedIn(ada.user_id), "admin");
      const asViewer = await invited(signedIn(ada.user_id), "viewer");
      const byNoKey = await invited(
        { ...caller(all), principal: { kind: "key", id: "key_gone", name: "k" } },
        "billing",
      );
      const clerk = { name: "clerk", description: "", permissions: ["members:write", "usage:read"] as Permission[] };
      await roles.create("default", all, clerk);
      await assign(ada, "clerk", "organization");
      for (const accept of [asAdmin, asViewer, byNoKey]) {
        await expect(accept()).rejects.toMatchObject({ code: "CONFLICT" });
      }
      await assign(ada, "admin", "organization");
      expect((await asViewer()).roles).toEqual([{ role: "viewer", scope: "organization:default" }]);
    });

    test("get and lose through nobody what that one does not have at the scope", async () => {
      const ada = await join("ada@example.com", "admin");
      const bob = await join("bob@example.com", "viewer", "project:a");
      const clerk: Granter = {
        permissions: new Set<Permission>(["members:write", "members:read", "usage:read", "costs:read"]),
        scopes: new Map([["costs:read", { projects: ["a"] }]]),
      };
      const reader = { name: "reader", description: "", permissions: ["usage:read"] as Permission[] };
      await roles.create("default", clerk, reader);
      await roles.create("default", all, { ...reader, name: "accountant", permissions: ["usage:read", "costs:read"] });
      expect((await assign(bob, "reader", "project:b", clerk)).roles).toHaveLength(2);
      await assign(bob, "reader", "organization", clerk);
      await expect(assign(bob, "accountant", "organization", clerk)).rejects.toMatchObject({ code: "AUTH_002" });
      await expect(assign(bob, "accountant", "project:b", clerk)).rejects.toMatchObject({ code: "AUTH_002" });
      await expect(assign(bob, "viewer", "project:z", clerk)).rejects.toMatchObject({ code: "AUTH_002" });
      await expect(invite("x@example.com", "admin", "organization", "default", clerk)).rejects.toMatchObject({
        code: "AUTH_002",
      });
      for (const wide of [["costs:read"], ["prices:read"]] as Permission[][]) {
        const created = roles.create("default", clerk, { name: "wider", description: "", permissions: wide });
        await expect(created).rejects.toMatchObject({ code: "AUTH_002" });
        const changed = roles.update("default", clerk, "reader", { permissions: wide });
        await expect(changed).rejects.toMatchObject({ code: "AUTH_002" });
      }
      const narrowed = roles.update("default", clerk, "accountant", { permissions: ["usage:read"] });
      await expect(narrowed).rejects.toMatchObject({ code: "AUTH_002" });
      await expect(members.remove("default", clerk, ada.user_id)).rejects.toMatchObject({ code: "AUTH_002" });
      // The viewer's role that stands there allows more than the clerk has.
      await expect(assign(bob, "accountant", "project:a", clerk)).rejects.toMatchObject({ code: "AUTH_002" });
      const eve = await join("eve@example.com", "reader");
      expect((await assign(eve, "accountant", "project:a", clerk)).roles).toHaveLength(2);
    });

    test("have custom roles, whose change holds at once and which stay while somebody has them", async () => {
      const input = { name: "labeller", description: "Labels", permissions: ["costs:write"] as Permission[] };
      const made = await roles.create("default", all, input);
      expect(made).toMatchObject({ ...input, custom: true });
      expect((await roles.list("default")).map((role) => role.name)).toEqual([
        ...["admin", "developer", "analyst", "billing", "viewer", "labeller"],
      ]);
      await expect(roles.create("default", all, input)).rejects.toMatchObject({ code: "CONFLICT" });
      await expect(roles.create("default", all, { ...input, name: "admin" })).rejects.toMatchObject({
        code: "CONFLICT",
      });
      await expect(roles.update("default", all, "admin", input)).rejects.toMatchObject({ code: "CONFLICT" });
      await expect(roles.get("other", "labeller")).rejects.toMatchObject({ code: "NOT_FOUND" });
      const ada = await join("ada@example.com", "labeller");
      await roles.update("default", all, "labeller", { permissions: ["costs:write", "costs:read"] });
      expect([...((await may(ada))?.permissions ?? [])]).toEqual(["costs:read", "costs:write"]);
      await expect(roles.remove("default", "labeller")).rejects.toMatchObject({ code: "CONFLICT" });
      await assign(ada, "viewer", "organization");
      await roles.remove("default", "labeller");
      const only = { name: "prices-only", description: "", permissions: ["prices:read"] as Permission[] };
      await roles.create("default", all, only);
      await expect(assign(ada, "prices-only", "project:a")).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
      for (const scope of ["team:none", "organization:other"]) {
        await expect(assign(ada, "viewer", scope)).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
      }
    });

    test("projects are created, listed, changed, archived and brought back, each change told in the trail", async () => {
      const projects = createProjects(store);
      await projects.create("default", { id: "b", name: "Basket" });
      const made = await projects.create("default", { id: "a" });
      expect(made).toMatchObject({ id: "a", name: "a", description: "", archived_at: null });
      await expect(projects.create("default", { id: "a" })).rejects.toMatchObject({ code: "CONFLICT" });
      await projects.update("default", "a", { archived: true, description: "Old" });
      const ids = async (withArchived: boolean) => (await projects.list("default", withArchived)).map(({ id }) => id);
      expect([await ids(false), await ids(true)]).toEqual([["b"], ["a", "b"]]);
      expect(await projects.get("default", "a")).toMatchObject({
        description: "Old",
        archived_at: "2026-06-01T00:00:00.000Z",
      });
      expect((await projects.update("default", "a", { archived: false })).archived_at).toBeNull();
      await expect(projects.get("other", "a")).rejects.toMatchObject({ code: "NOT_FOUND" });
      expect(await store.run(actions, null)).toEqual([
        ...["projects.create", "projects.create", "projects.update", "projects.update"],
      ]);
    });
  });
}
