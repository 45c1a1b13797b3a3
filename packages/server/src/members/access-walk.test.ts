import { fullPath, type Operation, type OperationId, operations, permissionsOf } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
// Taken by the fixture from store/database-fixture.ts, so that the walk runs on each store.
import { type AccessWorld, type Asker, startAccessWorld, type Things } from "./access-fixture.ts";

let world: AccessWorld;
beforeAll(async () => {
  world = await startAccessWorld();
}, 120_000);
afterAll(() => world.close());

const table = (Object.entries(operations) as [OperationId, Operation][]).filter(([, { access }]) => access === "key");

/** Bodies that an operation takes, so that nothing but the ids in its path decides. */
const bodies: { readonly [Id in OperationId]?: unknown } = {
  "costs.update": { tags: { a: "b" } },
  "pricing.update": { effective_date: "2026-01-01", input_price_per_million: "2" },
  "pricing.end": {},
  "organizations.update": { name: "Mine now" },
  "apiKeys.update": { name: "Mine now" },
  "apiKeys.rotate": {},
  "members.assignRole": { user_email: "nobody@example.com", role: "viewer" },
  "invitations.create": { user_email: "new@example.com", role: "viewer" },
  "roles.update": { description: "Mine now" },
  "projects.update": { name: "Mine now" },
  "budgets.update": { description: "Mine now" },
  "budgets.transfer": { to: "budget_nobody", amount: "0" },
  "reservations.settle": { cost: { amount: "1" } },
  "teams.update": { name: "Mine now" },
  "alertRules.update": { severity: "info" },
  "alerts.acknowledge": {},
  "alerts.resolve": {},
  "webhooks.update": { description: "Mine now" },
  "webhooks.rotateSecret": {},
  "channels.update": { description: "Mine now" },
  "views.update": { pinned: true },
};
const queries: { readonly [Id in OperationId]?: string } = { "members.removeRole": "?scope=own" };

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** Sends a request; the answer comes without what every answer has for itself. */
async function send(asker: Asker, operation: Operation, path: string, body?: unknown): Promise<Answered> {
  const raw = operation.rawBody?.find((type) => /ndjson|json/.test(type));
  const response = await fetch(`${world.server.url}${path}`, {
    method: operation.method,
    headers: {
      authorization: `Bearer ${asker.credential}`,
      ...(operation.method === "GET" ? {} : { "content-type": raw ?? "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // A stream that has no end is left once it is known that there is one.
  if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) {
    await response.body?.cancel();
    return { status: response.status, text: "" };
  }
  const text = (await response.text()).replace(/"request_id":"[^"]*"/, '"request_id":"-"');
  return { status: response.status, text };
}

const filled = (operation: Operation, values: Readonly<Record<string, string>>): string =>
  fullPath(operation).replace(/:([a-z_]+)/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));

/** The same id with its last characters changed: one that nobody has. */
const nobodys = (id: string): string =>
  id.replace(/.{3}$/, (end) => [...end].map((one) => (one === "0" ? "1" : "0")).join(""));

const mayDo = ({ may }: Asker, operation: Operation): boolean =>
  permissionsOf(operation).every((permission) => may.has(permission));

const paramsOf = ({ path }: Operation): string[] => [...path.matchAll(/:([a-z_]+)/g)].map(([, name]) => String(name));

describe("every operation is allowed exactly where the table of permissions says", () => {
  it.each(table)("%s", async (id, operation) => {
    const values = Object.fromEntries(
      paramsOf(operation).map((name) => [name, "00000000-0000-7000-8000-000000000000"]),
    );
    for (const asker of world.askers) {
      const { status, text } = await send(asker, operation, filled(operation, values), operation.body && []);
      const isRefused = status === 403 && text.includes("This needs the permission");
      expect([asker.name, id, isRefused]).toEqual([asker.name, id, !mayDo(asker, operation)]);
      expect([asker.name, id, status < 500]).toEqual([asker.name, id, true]);
    }
  });
});

/** What the parameters of a path name, by the first part of the path. */
function idsIn(operation: Operation, things: Things): Readonly<Record<string, string>> | undefined {
  const [, kind = "", , rest = ""] = operation.path.split("/");
  const byKind: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    usage: { id: things.record },
    costs: { id: things.record },
    pricing: { id: things.price, provider: "openai", alias: things.alias },
    repricings: { id: things.repricing },
    imports: { id: things.import },
    exports: { id: things.export },
    budgets: { id: things.budget },
    "api-keys": { id: things.key },
    organizations: { id: things.organization },
    roles: { role: things.role },
    projects: { id: things.project },
    teams: { id: things.team },
    users: { id: things.member, session_id: things.session },
    channels: { id: things.channel },
    views: { id: things.view },
    alerts: { id: operation.path.startsWith("/alerts/rules") ? things.alertRule : things.alert },
    webhooks: { id: things.webhook, delivery_id: things.delivery },
  };
  const ids = byKind[kind];
  return ids && rest !== "" ? { ...ids, user_id: things.member, invitation_id: things.invitation } : ids;
}

/** A request about `theirs` and the same about what nobody has get the same bytes, but for the ids. */
async function expectAlike(
  asker: Asker,
  [id, operation]: readonly [OperationId, Operation],
  theirs: Readonly<Record<string, string>>,
  changed: readonly string[],
): Promise<void> {
  const missing = Object.fromEntries(
    Object.entries(theirs).map(([name, value]) => [name, changed.includes(name) ? nobodys(value) : value]),
  );
  const answer = async (values: Readonly<Record<string, string>>) => {
    const path = `${filled(operation, values)}${queries[id] ?? ""}`;
    const { status, text } = await send(asker, operation, path, bodies[id]);
    return {
      asker: asker.name,
      id,
      status,
      text: changed.reduce((t, name) => t.replaceAll(values[name] ?? "", "ID"), text),
    };
  };
  const [toTheirs, toNobodys] = [await answer(theirs), await answer(missing)];
  expect(toTheirs).toEqual(toNobodys);
  // Sessions of somebody who is no member are none.
  expect([404, ...(id === "users.sessions" ? [200] : [])]).toContain(toTheirs.status);
}

const named = table.filter(([, operation]) => paramsOf(operation).length > 0);

describe("an id of another tenant is answered like one that nobody has", () => {
  it.each(named)("by %s", async (id, operation) => {
    const theirs = idsIn(operation, world.elsewhere);
    if (theirs === undefined) throw new Error(`the walk has no foreign id for ${operation.path}`);
    const names = paramsOf(operation);
    await expectAlike(
      world.asker("admin"),
      [id, operation],
      theirs,
      names.filter((name) => name !== "provider"),
    );
    // The caller's own organization with somebody else's member, invitation or role.
    if (operation.path.startsWith("/organizations/:id/") && names.length > 1) {
      const mixed = { ...theirs, id: world.acme };
      await expectAlike(world.asker("admin"), [id, operation], mixed, names.slice(1));
    }
  });
});

describe("an id beyond the part of the records that a role is limited to is answered like one that nobody has", () => {
  it.each(named)("by %s", async (id, operation) => {
    const theirs = idsIn(operation, world.outside);
    if (theirs === undefined) throw new Error(`the walk has no foreign id for ${operation.path}`);
    for (const name of ["project", "own", "project key"]) {
      const asker = world.asker(name);
      if (!mayDo(asker, operation)) continue;
      await expectAlike(asker, [id, operation], theirs, paramsOf(operation));
    }
  });
});

describe("an id within a query or a body", () => {
  type Ask = (things: Things, change: (id: string) => string) => readonly [OperationId, string, unknown?];
  const asks: readonly Ask[] = [
    ({ record }, on) => ["costs.list", `?ids=${on(record)}`],
    ({ record }, on) => ["costs.list", `?usage_ids=${on(record)}`],
    ({ record }, on) => ["usage.list", `?ids=${on(record)}`],
    ({ project }, on) => ["costs.list", `?project_id=${on(project)}`],
    ({ user }, on) => ["costs.list", `?user_id=${on(user)}`],
    ({ project }, on) => [
      "costs.aggregate",
      `?start_date=2026-01-01&end_date=2026-12-31&group_by=project&project_id=${on(project)}`,
    ],
    ({ user }, on) => [
      "costs.aggregate",
      `?start_date=2026-01-01&end_date=2026-12-31&group_by=user&user_id=${on(user)}`,
    ],
    ({ project }, on) => ["costs.summary", `?start_date=2026-01-01&end_date=2026-12-31&project_id=${on(project)}`],
    ({ project }, on) => ["costs.stream", `?project_id=${on(project)}`],
    ({ user }, on) => ["costs.stream", `?user_id=${on(user)}&order_by=-total_cost`],
    ({ project }, on) => {
      const dates = { start_date: "2026-01-01", end_date: "2026-12-31" };
      return ["costs.batchQuery", "", { filters: [{ ...dates, project_id: on(project) }], group_by: ["project"] }];
    },
    ({ organization }, on) => ["costs.list", `?organization_id=${on(organization)}`],
    ({ organization }, on) => ["costs.batchQuery", "", { filters: [{ organization_id: on(organization) }] }],
    ({ organization }, on) => ["exports.create", "", { format: "csv", organization_id: on(organization) }],
    ({ organization }, on) => [
      "usage.create",
      "",
      { model: "gpt-4o", provider: "openai", input_tokens: 1, output_tokens: 1, organization_id: on(organization) },
    ],
    ({ project }, on) => ["apiKeys.create", "", { name: "n", project_id: on(project), scopes: ["prices:read"] }],
    ({ member }, on) => ["members.assignRole", "", { user_id: on(member), role: "viewer" }],
    ({ budget }, on) => ["budgets.getCurrent", `?id=${on(budget)}`],
    ({ project }, on) => ["budgets.getCurrent", `?name=${on(project)}%20budget`],
    ({ team }, on) => [
      "budgets.create",
      "",
      { name: "n", amount: "1", period: { kind: "day" }, scope: { team: on(team) } },
    ],
    ({ budget }, on) => [
      "budgets.create",
      "",
      { name: "n", amount: "1", period: { kind: "day" }, parent_id: on(budget), scope: { team: on(budget) } },
    ],
    ({ organization }, on) => [
      "budgets.create",
      "",
      { name: "n", amount: "1", period: { kind: "day" }, scope: { tenant_id: on(organization) } },
    ],
    ({ organization }, on) => ["budgets.list", `?tenant_id=${on(organization)}`],
    ({ organization }, on) => ["budgets.statuses", `?tenant_id=${on(organization)}`],
    ({ organization }, on) => ["approvals.list", `?tenant_id=${on(organization)}`],
    ({ budget }, on) => ["alertRules.create", "", { name: "n", kind: "budget", budget: on(budget) }],
    ({ alertRule }, on) => ["alerts.list", `?rule_id=${on(alertRule)}`],
    ({ member }, on) => ["teams.create", "", { name: "n", members: [on(member)] }],
    ({ team }, on) => [
      "invitations.create",
      "",
      { user_email: "x@example.com", role: "viewer", scope: `team:${on(team)}` },
    ],
    ({ role }, on) => ["invitations.create", "", { user_email: "x@example.com", role: on(role) }],
    ({ organization }, on) => [
      "invitations.create",
      "",
      { user_email: "x@example.com", role: "viewer", scope: `organization:${on(organization)}` },
    ],
  ];

  const expectSame = async (asker: Asker, things: Things, ask: Ask): Promise<void> => {
    const answer = async (change: (id: string) => string) => {
      const changedIds: string[] = [];
      const [id, query, body] = ask(things, (one) => {
        changedIds.push(change(one));
        return change(one);
      });
      const operation: Operation = operations[id];
      const { status, text } = await send(asker, operation, filled(operation, { id: world.acme }) + query, body);
      return {
        asker: asker.name,
        id,
        query: query.split("=")[0],
        status,
        text: changedIds.reduce((t, one) => t.replaceAll(one, "ID"), text),
      };
    };
    expect(await answer((one) => one)).toEqual(await answer(nobodys));
  };

  it("of another tenant is answered like one that nobody has", async () => {
    for (const ask of asks) await expectSame(world.asker("admin"), world.elsewhere, ask);
  });

  it("beyond what a role is limited to is answered like one that nobody has", async () => {
    const limited = ["project", "own", "project key"].map(world.asker);
    const beyond: Things = { ...world.outside, organization: world.elsewhere.organization };
    for (const asker of limited) {
      for (const ask of asks) {
        const [id] = ask(beyond, (one) => one);
        const { permission } = operations[id] as Operation;
        if (permission !== undefined && asker.may.has(permission)) await expectSame(asker, beyond, ask);
      }
    }
    const record = { provider: "openai", model: "gpt-4o", input_tokens: 1, output_tokens: 1 };
    const forProject: Ask = ({ project }, on) => ["usage.create", "", { ...record, project_id: on(project) }];
    const forUser: Ask = ({ user }, on) => ["usage.create", "", { ...record, user_id: on(user) }];
    await expectSame(world.asker("project"), world.outside, forProject);
    await expectSame(world.asker("own"), world.outside, forUser);
  });
});

describe("nothing that can be read without an id tells of what is beyond the reader", () => {
  const lists = table.filter(([, operation]) => operation.method === "GET" && paramsOf(operation).length === 0);
  const everything: { readonly [Id in OperationId]?: string } = {
    "costs.aggregate": "?start_date=2026-01-01&end_date=2026-12-31&group_by=project,user,tag:word",
    "costs.summary": "?start_date=2026-01-01&end_date=2026-12-31",
    "pricing.resolve": "?provider=openai&model=elsewhere-model",
  };

  it.each(lists)("by %s", async (id, operation) => {
    for (const asker of world.askers) {
      if (asker.name === "another tenant" || !mayDo(asker, operation)) continue;
      const { status, text } = await send(asker, operation, `${filled(operation, {})}${everything[id] ?? ""}`);
      // There is no budget of the whole organization.
      expect([asker.name, id, status]).toEqual([asker.name, id, id === "budgets.getCurrent" ? 404 : 200]);
      const told = id === "pricing.resolve" ? text.replaceAll("elsewhere-model", "") : text;
      expect([asker.name, id, /elsewhere/.test(told)]).toEqual([asker.name, id, false]);
      if (["project", "own", "project key"].includes(asker.name)) {
        expect([asker.name, id, /outside/.test(told)]).toEqual([asker.name, id, false]);
      }
    }
  });

  it("nor by an export that a limited reader describes and downloads", async () => {
    for (const [name, own] of [
      ["project", "inside-record"],
      ["own", "own-record"],
    ] as const) {
      const asker = world.asker(name);
      for (const more of [{}, { project_id: ["outside"] }, { group_by: ["project", "user"] }]) {
        const made = await send(asker, operations["exports.create"], "/api/v1/exports", { format: "jsonl", ...more });
        const { id } = (JSON.parse(made.text) as { data: { id: string } }).data;
        const { status, text } = await send(asker, operations["exports.download"], `/api/v1/exports/${id}/download`);
        expect([name, more, status, /outside|elsewhere/.test(text)]).toEqual([name, more, 200, false]);
        if (Object.keys(more).length === 0) expect(text).toContain(own);
      }
    }
  });

  it("nor by the cursor of somebody who sees more", async () => {
    const page = await send(world.asker("admin"), operations["costs.list"], "/api/v1/costs?limit=1");
    const cursor = (JSON.parse(page.text) as { pagination: { next_cursor: string } }).pagination.next_cursor;
    const elsewhere = await send(
      world.asker("another tenant"),
      operations["costs.list"],
      `/api/v1/costs?limit=1&cursor=${cursor}`,
    );
    expect(elsewhere.status).toBe(400);
    for (const name of ["project", "own", "project key"]) {
      const { text } = await send(
        world.asker(name),
        operations["costs.list"],
        `/api/v1/costs?limit=9&cursor=${cursor}`,
      );
      expect([name, /outside/.test(text)]).toEqual([name, false]);
    }
  });
});

it("a job that one tenant sets off changes nothing of another's", async () => {
  const admin = world.asker("admin");
  const costOf = async (asker: Asker, record: string) => {
    const { text } = await send(asker, operations["costs.get"], `/api/v1/costs/${record}`);
    return (JSON.parse(text) as { data: { total_cost: string } }).data.total_cost;
  };
  const terms = {
    provider: "openai",
    model: "gpt-4o",
    input_price_per_million: "1000",
    output_price_per_million: "1000",
  };
  const before = await costOf(world.asker("another tenant"), "elsewhere-record");
  await send(admin, operations["pricing.create"], "/api/v1/pricing", { ...terms, effective_date: "2026-01-01" });
  const made = await send(admin, operations["repricings.create"], "/api/v1/repricings", {});
  const { id } = (JSON.parse(made.text) as { data: { id: string } }).data;
  const applied = await send(admin, operations["repricings.apply"], `/api/v1/repricings/${id}/apply`);
  expect([made.status, applied.status]).toEqual([201, 200]);
  await expect.poll(() => costOf(admin, "outside-record"), { timeout: 20_000 }).toBe("1.01");
  expect(await costOf(world.asker("another tenant"), "elsewhere-record")).toBe(before);
});

it("what belongs to others is as it was after all of that", async () => {
  const elsewhere = world.asker("another tenant");
  const read = async (id: OperationId, path: string) => {
    const { text } = await send(elsewhere, operations[id], `/api/v1/${path}`);
    return (JSON.parse(text) as { data: Record<string, unknown> }).data;
  };
  expect(await read("costs.get", "costs/elsewhere-record")).toMatchObject({
    tags: { word: "elsewhere" },
    cost_status: "priced",
  });
  expect(await read("organizations.get", `organizations/${world.elsewhere.organization}`)).toMatchObject({
    name: "elsewhere",
  });
  expect(await read("projects.get", "projects/elsewhere")).toMatchObject({ name: "elsewhere", archived_at: null });
  expect(await read("roles.get", "roles/elsewhere")).toMatchObject({ description: "" });
  expect(await read("repricings.get", `repricings/${world.elsewhere.repricing}`)).toMatchObject({
    status: "previewed",
  });
  const keys = (await read("apiKeys.list", "api-keys")) as unknown as { revoked_at: string | null }[];
  expect(keys.every(({ revoked_at }) => revoked_at === null)).toBe(true);
});
