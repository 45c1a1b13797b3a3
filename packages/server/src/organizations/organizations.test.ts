import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Composition, compose } from "../compose.ts";
import { loadConfig } from "../config.ts";
import { createLogger } from "../http/request-log.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { slugOf } from "./organizations.ts";

const folder = temporaryFolder();
let server: Composition;
let url: string;
let parentKey: string;

interface Tenant {
  readonly id: string;
  readonly slug: string;
  readonly api_key: { readonly id: string; readonly key: string };
}
let acme: Tenant;
let umbrella: Tenant;

interface Answer {
  readonly status: number;
  readonly body: Body;
}

async function ask(key: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text.startsWith("{") ? JSON.parse(text) : {}) as Body };
}

interface Row {
  readonly id: string;
  readonly [name: string]: unknown;
}
interface Body {
  readonly data: Row & readonly Row[];
  readonly error: { readonly code: string; readonly message: string };
  readonly pagination: { readonly next_cursor: string | null };
}

const spend = (key: string, id: string, tokens: number): Promise<Answer> =>
  ask(key, "POST", "/api/v1/usage", {
    id,
    provider: "openai",
    model: "gpt-4o",
    input_tokens: tokens,
    output_tokens: 0,
  });

beforeAll(async () => {
  const config = loadConfig({
    environment: await newDatabase(folder.path),
    workingFolder: folder.path,
    homeFolder: folder.path,
  });
  server = await compose(config, { clock: Date.now, logger: createLogger("silent") });
  url = await server.app.fastify.listen({ port: 0, host: "127.0.0.1" });
  parentKey = server.firstKey?.reveal() ?? "";
  const made = async (name: string): Promise<Tenant> =>
    (await ask(parentKey, "POST", "/api/v1/organizations", { name })).body.data as unknown as Tenant;
  acme = await made("Acme Corp");
  umbrella = await made("Umbrella");
});
afterAll(async () => {
  await server.close();
  folder.remove();
});

describe("tenants", () => {
  it("are made with a slug and a key of their own, which works at once and sees nothing else", async () => {
    expect(acme).toMatchObject({ slug: "acme-corp", parent_id: "default", isolation: "strict", settings: {} });
    const own = await ask(acme.api_key.key, "GET", "/api/v1/organizations");
    expect(own.body.data.map(({ id }) => id)).toEqual([acme.id]);
    const all = await ask(parentKey, "GET", "/api/v1/organizations");
    expect(all.body.data.map(({ id }) => id)).toEqual(["default", acme.id, umbrella.id]);
  });

  it("are refused a slug that is taken or cannot be made, and tenants of their own", async () => {
    const create = (key: string, body: unknown) => ask(key, "POST", "/api/v1/organizations", body);
    expect(await create(parentKey, { name: "ACME  corp" })).toMatchObject({ status: 409 });
    expect(await create(parentKey, { name: "株式会社" })).toMatchObject({
      status: 422,
      body: { error: { field_errors: { slug: expect.any(String) } } },
    });
    expect(await create(acme.api_key.key, { name: "Inner" })).toMatchObject({ status: 409 });
    expect(await create(parentKey, { name: "Zone", settings: { timezone: "Mars/Base" } })).toMatchObject({
      status: 422,
      body: { error: { field_errors: { "settings.timezone": expect.any(String) } } },
    });
  });

  it("cannot apply a catalogue, by which their neighbours would pay, but preview one and add prices of their own", async () => {
    const catalogue = { source: "bundled" };
    expect(await ask(acme.api_key.key, "POST", "/api/v1/pricing/catalogue/apply", catalogue)).toMatchObject({
      status: 403,
      body: { error: { code: "AUTH_002" } },
    });
    expect(await ask(acme.api_key.key, "POST", "/api/v1/pricing/catalogue/preview", catalogue)).toMatchObject({
      status: 200,
    });
  });

  it("keep settings, whose money is exact, and their isolation, which the parent alone decides", async () => {
    const path = `/api/v1/organizations/${acme.id}`;
    const settings = { budget_limit: 10000.1, budget_period: "monthly", alert_threshold: 0.8 };
    const changed = await ask(acme.api_key.key, "PATCH", path, { name: "Acme", settings });
    expect(changed.body.data).toMatchObject({ name: "Acme", settings: { ...settings, budget_limit: "10000.1" } });
    expect(await ask(acme.api_key.key, "PATCH", path, { isolation: "shared" })).toMatchObject({ status: 422 });
    expect((await ask(parentKey, "PATCH", path, { isolation: "shared" })).body.data).toMatchObject({
      isolation: "shared",
      name: "Acme",
      settings: { budget_limit: "10000.1" },
    });
  });

  it("record under the same ids without touching each other, and the parent sees the sums of all", async () => {
    await spend(parentKey, "same", 1_000_000);
    await spend(acme.api_key.key, "same", 2_000_000);
    await spend(umbrella.api_key.key, "same", 3_000_000);
    const total = async (key: string) => (await ask(key, "GET", "/api/v1/costs/summary")).body.data["total_cost"];
    expect([await total(parentKey), await total(acme.api_key.key), await total(umbrella.api_key.key)]).toEqual([
      "2.5",
      "5",
      "7.5",
    ]);
    const costs = await ask(parentKey, "GET", "/api/v1/organizations/costs");
    expect(costs.body.data.map((row) => [row["organization_id"], row["total_cost"]])).toEqual([
      ["default", "2.5"],
      [acme.id, "5"],
      [umbrella.id, "7.5"],
    ]);
    const own = await ask(acme.api_key.key, "GET", "/api/v1/organizations/costs");
    expect(own.body.data.map((row) => row["organization_id"])).toEqual([acme.id]);
  });
});

describe("isolation", () => {
  it("shows shared tenants to every reader of organizations, and strict ones to administrators alone", async () => {
    const made = await ask(parentKey, "POST", "/api/v1/api-keys", { name: "reader", scopes: ["organizations:read"] });
    const reader = String(made.body.data["key"]);
    const named = async (path: string) => (await ask(reader, "GET", path)).body.data;
    expect((await named("/api/v1/organizations")).map(({ id }) => id)).toEqual(["default", acme.id]);
    const rows = await named("/api/v1/organizations/costs");
    expect(rows.map((row) => row["organization_id"])).toEqual(["default", acme.id]);
    expect((await ask(reader, "GET", `/api/v1/organizations/${umbrella.id}`)).status).toBe(404);
    expect((await ask(reader, "GET", `/api/v1/organizations/${acme.id}`)).status).toBe(200);
    expect((await ask(reader, "PATCH", `/api/v1/organizations/${acme.id}`, { name: "x" })).status).toBe(403);
  });
});

// Every other place for a foreign id is in members/access-walk.test.ts.
describe("a foreign id", () => {
  it.each([
    ["a query", "GET", "/api/v1/costs?organization_id=", undefined],
    ["an aggregate", "GET", "/api/v1/costs/aggregate?organization_id=", undefined],
    ["a summary", "GET", "/api/v1/costs/summary?organization_id=", undefined],
    ["a list of usage", "GET", "/api/v1/usage?organization_id=", undefined],
    ["a stream", "GET", "/api/v1/costs/stream?organization_id=", undefined],
  ])("as organization_id of %s is refused", async (_, method, path, body) => {
    expect((await ask(acme.api_key.key, method, `${path}${umbrella.id}`, body)).status).toBe(403);
  });

  it("as a filter finds nothing", async () => {
    await spend(umbrella.api_key.key, "foreign-record", 10);
    const found = await ask(acme.api_key.key, "GET", "/api/v1/costs?ids=foreign-record");
    expect(found.status === 422 || found.body.data.length === 0).toBe(true);
  });

  it("in a cursor is refused", async () => {
    await spend(umbrella.api_key.key, "another", 1);
    const page = await ask(umbrella.api_key.key, "GET", "/api/v1/costs?limit=1");
    const cursor = page.body.pagination.next_cursor;
    expect(await ask(acme.api_key.key, "GET", `/api/v1/costs?limit=1&cursor=${cursor}`)).toMatchObject({ status: 400 });
  });
});

describe("slugs", () => {
  it.each([
    ["Acme Corp", "acme-corp"],
    ["  Ünïcode & Söhne  ", "unicode-sohne"],
    ["---", undefined],
    ["日本", undefined],
    ["a".repeat(80), "a".repeat(63)],
  ])("of %j are %j", (name, slug) => {
    expect(slugOf(name)).toBe(slug);
  });
});
