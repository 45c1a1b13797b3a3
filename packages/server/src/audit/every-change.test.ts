import { fullPath, type Operation, type OperationId, operations } from "@llm-cost-ops/contract";
import { TOTP } from "otpauth";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Composition, compose } from "../compose.ts";
import { loadConfig } from "../config.ts";
import { createLogger } from "../http/request-log.ts";
import { storeOperations } from "../sqlite/registry.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";

/** How an operation is tried: what it is sent, and the kind of resource that its one entry names, or why it leaves none. */
interface Case {
  readonly params?: () => Record<string, string>;
  readonly query?: string;
  readonly body?: () => unknown;
  /** Who is told to have done it, where that is not the key. */
  readonly by?: Readonly<Record<"actor_kind" | "actor_name" | "user_email", string>>;
  /** A body that is not JSON. */
  readonly raw?: { readonly type: string; readonly text: string };
  readonly tells: string | { readonly nothing: string };
  /** Who asks; the administrator key if absent, and nobody where it is null. */
  readonly as?: () => string | null;
  /** The action that the entry names, where that is not the operation. */
  readonly action?: string;
  /** What has to be there first, and what the trail tells of that is not looked at. */
  readonly ready?: () => Promise<void>;
  /** Takes from the answer what later cases need. */
  readonly learns?: (data: Record<string, unknown>) => void;
}

const ledger = { nothing: "records are in the ledger, which tells of itself" };
const question = { nothing: "it asks and changes nothing" };
const usage = { provider: "openai", model: "gpt-4o", input_tokens: 100, output_tokens: 10 };
const known: Record<string, string> = {};
const email = "ada@example.com";
const forgetful = "forgetful@example.com";
const password = "tangerine orbit 7741";
const user = () => known["access"] ?? "";
const entered = (data: Record<string, unknown>): void => {
  known["access"] = String(data["access_token"]);
  known["refresh"] = String(data["refresh_token"]);
};
const withCode = () => ({ password, code: known["code"] });
const learnsCode = (data: Record<string, unknown>): void => {
  known["code"] = (data["recovery_codes"] as readonly string[])[0] ?? "";
};
/** One more session of the user, to be ended by others. */
async function enterAgain(): Promise<void> {
  const response = await send("POST", "/api/v1/auth/login", { content: json({ email, password }), as: null });
  const { data } = (await response.json()) as { readonly data: { readonly session: { readonly id: string } } };
  known["session"] = data.session.id;
}
const remember = (name: string) => (data: Record<string, unknown>) => {
  known[name] = String(data["id"]);
};
const named = (name: string) => (): Record<string, string> => ({ id: known[name] ?? "" });
/** What was recorded first is what the rule is about. */
const waitForAlert = (): Promise<void> =>
  vi.waitFor(
    async () => {
      const { data } = (await (await send("GET", "/api/v1/alerts")).json()) as { readonly data: { id: string }[] };
      expect(data).toHaveLength(1);
      known["alert"] = data[0]?.id ?? "";
    },
    { timeout: 20_000 },
  );
const ours = () => ({ id: "default" });
const catalogue = {
  format: "llm-cost-ops-catalogue",
  version: 1,
  providers: [
    { id: "house", models: [{ model: "h-1", prices: [{ input_price_per_million: 1, output_price_per_million: 2 }] }] },
  ],
};

/** In this order. Whoever adds an operation that is no GET adds a case, and with it says what the trail tells of it. */
const cases: { readonly [Id in OperationId]?: Case } = {
  "usage.create": { body: () => ({ ...usage, id: "walk-1" }), tells: ledger },
  "usage.batchCreate": { body: () => [usage], tells: ledger },
  "costs.create": { body: () => ({ model: "gpt-4", tokens_used: 10, cost: "0.01" }), tells: ledger },
  "costs.bulkCreate": { body: () => [{ model: "gpt-4", tokens_used: 10, cost: "0.01" }], tells: ledger },
  "otlp.traces": { body: () => ({ resourceSpans: [] }), tells: ledger },
  "costs.batchQuery": { body: () => ({ filters: [{ days: 1 }], group_by: ["model"] }), tells: question },
  "costs.update": { params: () => ({ id: "walk-1" }), body: () => ({ tags: { team: "a" } }), tells: "cost" },
  "costs.delete": { params: () => ({ id: "walk-1" }), tells: "cost" },
  "pricing.create": {
    body: () => ({ ...{ provider: "openai", model: "own" }, input_price_per_million: 1, output_price_per_million: 2 }),
    tells: "price",
    learns: remember("price"),
  },
  "pricing.update": {
    params: named("price"),
    body: () => ({ input_price_per_million: 2, output_price_per_million: 3, effective_date: "2026-02-01" }),
    tells: "price",
    learns: remember("price"),
  },
  "pricing.end": { params: named("price"), body: () => ({ end_date: "2026-03-01" }), tells: "price" },
  "providers.create": { body: () => ({ id: "in-house", name: "Our own" }), tells: "provider" },
  "aliases.create": { body: () => ({ provider: "azure", alias: "chat", model: "gpt-4o" }), tells: "alias" },
  "aliases.delete": { params: () => ({ provider: "azure", alias: "chat" }), tells: "alias" },
  "catalogue.preview": { body: () => ({ source: "file", content: catalogue }), tells: question },
  "catalogue.apply": { body: () => ({ source: "file", content: catalogue }), tells: "catalogue" },
  "imports.create": {
    query: "?format=jsonl",
    raw: { type: "application/x-ndjson", text: `${JSON.stringify({ ...usage, id: "walk-2" })}\n` },
    tells: "import",
  },
  "exports.create": { body: () => ({ format: "csv", range: "last-30-days" }), tells: "export" },
  "repricings.create": {
    body: () => ({ start_date: "2026-01-01", reason: "because" }),
    tells: "repricing",
    learns: remember("repricing"),
  },
  "repricings.apply": { params: named("repricing"), tells: "repricing" },
  "repricings.undo": { params: named("repricing"), tells: "repricing" },
  "apiKeys.create": { body: () => ({ name: "second" }), tells: "api_key", learns: remember("key") },
  "apiKeys.update": { params: named("key"), body: () => ({ limits: { tokens_per_day: 5 } }), tells: "api_key" },
  "apiKeys.rotate": { params: named("key"), body: () => ({ overlap_seconds: 60 }), tells: "api_key" },
  "apiKeys.revoke": { params: named("key"), tells: "api_key" },
  "organizations.create": { body: () => ({ name: "Acme" }), tells: "organization", learns: remember("tenant") },
  "organizations.update": { params: named("tenant"), body: () => ({ name: "Acme Corp" }), tells: "organization" },
  "users.create": {
    body: () => ({ email, password, role: "admin" }),
    tells: "user",
    learns: remember("user"),
  },
  "auth.login": { as: () => null, body: () => ({ email, password }), tells: "session", learns: entered },
  "auth.refresh": {
    as: () => null,
    body: () => ({ refresh_token: known["refresh"] }),
    tells: { nothing: "a session goes on" },
    learns: entered,
  },
  "auth.browserLogin": { as: () => null, body: () => ({ email, password }), tells: "session", action: "auth.login" },
  "auth.browserRefresh": { as: () => null, tells: { nothing: "a session goes on" } },
  "auth.startTotp": {
    as: user,
    body: () => ({ password }),
    tells: "user",
    action: "users.totp.offer",
    learns: (data) => {
      known["secret"] = String(data["secret"]);
    },
  },
  "auth.confirmTotp": {
    as: user,
    body: () => ({ code: new TOTP({ secret: known["secret"] ?? "" }).generate() }),
    tells: "user",
    action: "users.totp.confirm",
    learns: learnsCode,
  },
  "auth.renewRecoveryCodes": {
    as: user,
    body: withCode,
    tells: "user",
    action: "users.recoveryCodes.renew",
    learns: learnsCode,
  },
  "auth.removeTotp": { as: user, body: withCode, tells: "user", action: "users.totp.remove" },
  "auth.revokeSession": {
    as: user,
    ready: enterAgain,
    params: named("session"),
    tells: "session",
    action: "sessions.revoke",
  },
  "users.revokeSession": {
    ready: enterAgain,
    params: () => ({ id: known["user"] ?? "", session_id: known["session"] ?? "" }),
    tells: "session",
    action: "sessions.revoke",
  },
  "auth.changePassword": {
    as: user,
    body: () => ({ current_password: password, new_password: `${password} more` }),
    tells: "user",
    action: "users.password.change",
  },
  "auth.logout": { as: user, tells: "session" },
  "users.resetPassword": {
    // No key makes a token for an administrator.
    ready: async () => {
      const viewer = { email: forgetful, password, role: "viewer" };
      const { data } = (await (await send("POST", "/api/v1/users", { content: json(viewer) })).json()) as {
        readonly data: { readonly id: string };
      };
      known["forgetful"] = data.id;
    },
    params: named("forgetful"),
    tells: "user",
    action: "users.password.reset_request",
    learns: (data) => {
      known["reset"] = String(data["token"]);
    },
  },
  "auth.confirmPasswordReset": {
    body: () => ({ token: known["reset"], new_password: `${password} again` }),
    tells: "user",
    action: "users.password.reset",
    by: { actor_kind: "user", actor_name: forgetful, user_email: forgetful },
  },
  "auth.requestPasswordReset": {
    as: () => null,
    body: () => ({ email }),
    tells: { nothing: "a server that sends no mail makes no token; another tells of it once it has answered" },
  },
  "projects.create": { body: () => ({ id: "checkout" }), tells: "project" },
  "projects.update": { params: () => ({ id: "checkout" }), body: () => ({ archived: true }), tells: "project" },
  "budgets.create": {
    body: () => ({ name: "All of it", amount: "500", period: { kind: "month" } }),
    tells: "budget",
    learns: remember("budget"),
  },
  "budgets.update": { params: named("budget"), body: () => ({ amount: "600", reason: "more" }), tells: "budget" },
  "budgets.transfer": {
    ready: async () => {
      const other = { name: "Another", amount: "5", period: { kind: "month" } };
      const { data } = (await (await send("POST", "/api/v1/budgets", { content: json(other) })).json()) as {
        readonly data: { readonly id: string };
      };
      known["other budget"] = data.id;
    },
    params: named("budget"),
    body: () => ({ to: known["other budget"], amount: "1" }),
    tells: "budget",
  },
  "alertRules.create": {
    body: () => ({ name: "Tokens", kind: "metric", metric: "tokens", threshold: 1 }),
    tells: "alert_rule",
    learns: remember("rule"),
  },
  "alertRules.update": { params: named("rule"), body: () => ({ severity: "info" }), tells: "alert_rule" },
  "alerts.acknowledge": { ready: waitForAlert, params: named("alert"), body: () => ({}), tells: "alert" },
  "alerts.resolve": { params: named("alert"), body: () => ({ note: "done" }), tells: "alert" },
  "alertRules.delete": { params: named("rule"), tells: "alert_rule" },
  "budgets.delete": { params: named("budget"), tells: "budget" },
  "approvals.approve": {
    ready: async () => {
      const terms = { name: "Tight", amount: "0", period: { kind: "month" }, scope: { user_id: ["tight"] } };
      const hard = { enforcement: "hard", at_limit: { action: "approve" } };
      await send("POST", "/api/v1/budgets", { content: json({ ...terms, ...hard }) });
      const refused = await send("POST", "/api/v1/budgets/reservations", {
        content: json({ amount: "1", user_id: "tight" }),
      });
      const { error } = (await refused.json()) as { error: { details: { approval_id: string } } };
      known["approval"] = error.details.approval_id;
    },
    params: named("approval"),
    tells: "budget_approval",
  },
  "approvals.deny": { params: named("approval"), tells: "budget_approval" },
  "reservations.create": {
    body: () => ({ amount: "0.01" }),
    tells: { nothing: "what is set aside for one call ends with it" },
    learns: remember("reservation"),
  },
  "reservations.settle": { params: named("reservation"), body: () => ({ cost: { amount: "0.01" } }), tells: ledger },
  "reservations.release": {
    params: named("reservation"),
    tells: { nothing: "what is set aside for one call ends with it" },
  },
  "roles.create": { body: () => ({ name: "reader", permissions: ["usage:read"] }), tells: "role" },
  "roles.update": { params: () => ({ role: "reader" }), body: () => ({ description: "Reads" }), tells: "role" },
  "roles.delete": { params: () => ({ role: "reader" }), tells: "role" },
  "teams.create": { body: () => ({ name: "Engineering" }), tells: "team" },
  "teams.update": { params: () => ({ id: "engineering" }), body: () => ({ projects: ["checkout"] }), tells: "team" },
  "teams.delete": { params: () => ({ id: "engineering" }), tells: "team" },
  "invitations.create": {
    params: ours,
    body: () => ({ user_email: "grace@example.com", role: "viewer" }),
    tells: "invitation",
    learns: (data) => {
      known["token"] = String(data["token"]);
    },
  },
  "invitations.accept": {
    body: () => ({ token: known["token"], password: "a lantern over the harbour" }),
    tells: "invitation",
    by: { actor_kind: "user", actor_name: "grace@example.com", user_email: "grace@example.com" },
    learns: (data) => {
      known["member"] = String(data["user_id"]);
    },
  },
  "members.assignRole": {
    params: ours,
    body: () => ({ user_email: "grace@example.com", role: "developer", scope: "project:checkout" }),
    tells: "member",
  },
  "members.removeRole": {
    params: () => ({ ...ours(), user_id: known["member"] ?? "" }),
    query: "?scope=organization",
    tells: "member",
  },
  "members.remove": { params: () => ({ ...ours(), user_id: known["member"] ?? "" }), tells: "member" },
  "invitations.revoke": {
    ready: async () => {
      const content = json({ user_email: "bob@example.com", role: "viewer" });
      const response = await send("POST", "/api/v1/organizations/default/invitations", { content });
      known["invitation"] = ((await response.json()) as { data: { id: string } }).data.id;
    },
    params: () => ({ ...ours(), invitation_id: known["invitation"] ?? "" }),
    tells: "invitation",
  },
  "webhooks.create": {
    body: () => ({ url: "https://hooks.example.invalid/", events: ["pricing.updated"] }),
    tells: "webhook",
    learns: remember("webhook"),
  },
  "webhooks.update": { params: named("webhook"), body: () => ({ description: "Prices" }), tells: "webhook" },
  "webhooks.rotateSecret": { params: named("webhook"), body: () => ({}), tells: "webhook" },
  "webhooks.test": { params: named("webhook"), tells: "webhook", learns: remember("delivery") },
  "webhooks.replay": {
    params: () => ({ id: known["webhook"] ?? "", delivery_id: known["delivery"] ?? "" }),
    tells: "webhook",
  },
  "webhooks.delete": { params: named("webhook"), tells: "webhook" },
  "channels.create": {
    body: () => ({ kind: "slack", name: "ops", url: "https://hooks.example.invalid/services/1" }),
    tells: "channel",
    learns: remember("channel"),
  },
  "channels.update": { params: named("channel"), body: () => ({ description: "Costs" }), tells: "channel" },
  "channels.test": { params: named("channel"), tells: "channel" },
  "channels.delete": { params: named("channel"), tells: "channel" },
  "views.create": {
    body: () => ({ name: "By project", page: "explore", state: "by=project" }),
    tells: "view",
    learns: remember("view"),
  },
  "views.update": { params: named("view"), body: () => ({ shared: true, pinned: true }), tells: "view" },
  "views.delete": { params: named("view"), tells: "view" },
  "audit.verify": { body: () => ({}), tells: question },
  "audit.checkpoint": { tells: { nothing: "a checkpoint is a part of the trail" } },
};

const changing = (Object.entries(operations) as [OperationId, Operation][]).filter(
  ([, { method }]) => method !== "GET",
);

interface Entry {
  readonly seq: number;
  readonly action: string;
  readonly [name: string]: unknown;
}

const folder = temporaryFolder();
let server: Composition;
let url: string;
let key: string;
beforeAll(async () => {
  const environment = await newDatabase(folder.path);
  const config = loadConfig({ environment, workingFolder: folder.path, homeFolder: folder.path });
  server = await compose(config, { clock: Date.now, logger: createLogger("silent") });
  url = await server.app.fastify.listen({ port: 0, host: "127.0.0.1" });
  key = server.firstKey?.reveal() ?? "";
});
afterAll(async () => {
  await server.close();
  folder.remove();
});

interface Sent {
  readonly content?: { readonly type: string; readonly text: string } | undefined;
  /** A key or an access token; the administrator key if absent. */
  readonly as?: string | null;
}
const send = (method: string, path: string, { content, as = key }: Sent = {}) =>
  fetch(`${url}${path}`, {
    method,
    headers: {
      ...(as === null ? {} : { authorization: `Bearer ${as}` }),
      "user-agent": "walk/1",
      origin: url,
      ...(content === undefined ? {} : { "content-type": content.type }),
    },
    ...(content === undefined ? {} : { body: content.text }),
  });
const json = (value: unknown) => ({ type: "application/json", text: JSON.stringify(value) });

async function entriesBehind(seq: number): Promise<readonly Entry[]> {
  const response = await send("GET", "/api/v1/audit?limit=1000");
  const { data } = (await response.json()) as { readonly data: readonly Entry[] };
  return data.filter((entry) => entry.seq > seq).toReversed();
}
const lastSeq = async (): Promise<number> => (await entriesBehind(0)).at(-1)?.seq ?? 0;

describe("the audit trail", () => {
  it("begins with what the start of the server made by itself", async () => {
    expect(await entriesBehind(0)).toMatchObject([
      { seq: 1, action: "catalogue.apply", actor_kind: "process", request_id: null, before: null },
      { seq: 2, action: "apiKeys.create", actor_kind: "process", resource_type: "api_key" },
    ]);
  });

  it("is told what each operation of the interface does that may change something", () => {
    expect(changing.map(([id]) => id).filter((id) => cases[id] === undefined)).toEqual([]);
  });

  for (const [id, { ready, params, query, body, by, raw, as, action, tells, learns }] of Object.entries(cases) as [
    OperationId,
    Case,
  ][]) {
    it(`gets ${typeof tells === "string" ? "exactly one entry" : "no entry"} of ${id}`, async () => {
      await ready?.();
      const before = await lastSeq();
      const asker = as === undefined ? key : as();
      const path = Object.entries(params?.() ?? {}).reduce(
        (text, [name, value]) => text.replace(`:${name}`, encodeURIComponent(value)),
        fullPath(operations[id]),
      );
      const response = await send(operations[id].method, `${path}${query ?? ""}`, {
        content: raw ?? (body && json(body())),
        as: asker,
      });
      const text = await response.text();
      expect([id, response.status, text]).toEqual([id, operations[id].success.status, expect.any(String)]);
      const data = text === "" ? {} : (JSON.parse(text) as { data: Record<string, unknown> }).data;
      const entries = await entriesBehind(before);
      if (typeof tells === "string") {
        expect(entries).toHaveLength(1);
        expect(entries[0]).toMatchObject({
          seq: before + 1,
          action: action ?? id,
          resource_type: tells,
          ...(asker === key
            ? { actor_kind: "key", actor_name: "administrator", user_email: null }
            : { actor_kind: "user", actor_id: known["user"], user_email: email }),
          client_address: "127.0.0.1",
          user_agent: "walk/1",
          request_id: response.headers.get("x-request-id"),
          outcome: "success",
          organization_id: "default",
          ...by,
        });
        // What was just made to be kept secret is told nobody else.
        for (const secret of ["key", "secret", "access_token", "refresh_token", "token"]) {
          if (typeof data?.[secret] === "string") expect(JSON.stringify(entries)).not.toContain(data[secret]);
        }
        expect(JSON.stringify(entries)).not.toContain(password);
      } else {
        expect(entries).toEqual([]);
      }
      learns?.(data);
    });
  }

  it("gets no entry of what was refused or changed nothing", async () => {
    const before = await lastSeq();
    const again = { provider: "openai", model: "own", input_price_per_million: 1, output_price_per_million: 2 };
    const refused = [
      await send("POST", "/api/v1/pricing", { content: json({ ...again, effective_date: "2026-01-15" }) }),
      await send("POST", "/api/v1/organizations", { content: json({ name: "acme" }) }),
      await send("PATCH", "/api/v1/costs/nobody", { content: json({ tags: {} }) }),
      await send("DELETE", "/api/v1/pricing/aliases/azure/chat"),
      await send("POST", "/api/v1/api-keys", { content: json({ name: "x", scopes: ["nothing:at-all"] }) }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([409, 409, 404, 404, 422]);
    const unchanged = [
      await send("DELETE", "/api/v1/costs/walk-1"),
      await send("DELETE", `/api/v1/api-keys/${known["key"]}`),
      await send("POST", "/api/v1/pricing/catalogue/apply", { content: json({ source: "file", content: catalogue }) }),
    ];
    expect(unchanged.map(({ status }) => status)).toEqual([200, 200, 201]);
    expect(await entriesBehind(before)).toEqual([]);
  });

  it("fits together at the end of all this, and tells the same in every form", async () => {
    const checkpoint = ((await (await send("POST", "/api/v1/audit/checkpoints")).json()) as { data: object }).data;
    const verified = await send("POST", "/api/v1/audit/verify", { content: json({ checkpoint }) });
    const all = await entriesBehind(0);
    expect(await verified.json()).toMatchObject({ data: { valid: true, entries: all.length, problem: null } });
    const lines = (await (await send("GET", "/api/v1/audit/export")).text()).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(all);
    const csv = await (await send("GET", "/api/v1/audit/export?format=csv&action=apiKeys.create")).text();
    expect(csv.trim().split("\r\n")).toHaveLength(1 + all.filter(({ action }) => action === "apiKeys.create").length);
    const pages: Entry[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await send("GET", `/api/v1/audit?limit=7${cursor === "" ? "" : `&cursor=${cursor}`}`);
      const answer = (await page.json()) as { data: Entry[]; pagination: { next_cursor: string | null } };
      pages.push(...answer.data);
      cursor = answer.pagination.next_cursor;
    }
    expect(pages.toReversed()).toEqual(all);
  });

  it("is read with its own permission alone, and only that of one's own organization", async () => {
    const made = await send("POST", "/api/v1/api-keys", {
      content: json({ name: "no auditor", scopes: ["costs:read"] }),
    });
    const { data } = (await made.json()) as { data: { key: string } };
    const refused = await fetch(`${url}/api/v1/audit`, { headers: { authorization: `Bearer ${data.key}` } });
    expect(refused.status).toBe(403);
    expect((await send("GET", "/api/v1/audit?organization_id=other")).status).toBe(403);
  });
});

it("every write of a store says that it leaves an entry, or why it leaves none", () => {
  const silent = storeOperations.filter(({ access, audit }) => access === "write" && audit === undefined);
  expect(silent.map(({ name }) => name)).toEqual([]);
});
