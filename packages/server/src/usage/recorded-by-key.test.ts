import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { Budget, BudgetStatus, CostRecord, Totals, UsageRecord } from "@llm-cost-ops/contract";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDatabaseAddress, SqliteAddress } from "../database-address.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { makeSchema } from "../transfer/carried-tables.ts";
import { backUp, migrateStore, restore } from "../transfer/index.ts";
import { bytesWritable, readableOf } from "../transfer/installation-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { temporaryFolder } from "./ledger-fixture.ts";

const addressOf = (url: string) => {
  const address = readDatabaseAddress(url);
  if (typeof address === "string") throw new Error(address);
  return address;
};

interface SeriesOfKey {
  readonly series_id: number;
  readonly api_key_id: string | null;
}

/** The series of an installation, each with its key. */
async function seriesIn(url: string): Promise<readonly SeriesOfKey[]> {
  const sql = "SELECT CAST(series_id AS INTEGER) AS series_id, api_key_id FROM series ORDER BY 1";
  const address = addressOf(url);
  if (address instanceof SqliteAddress) {
    const db = new DatabaseSync(address.path, { readOnly: true });
    const rows = db.prepare(sql).all();
    db.close();
    return rows.map((row) => ({ ...row })) as unknown as readonly SeriesOfKey[];
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<SeriesOfKey>(sql);
  await client.end();
  return rows;
}

/** The last schema that did not know which key recorded, with the series of one kind of reported costs. */
async function oldArchive(): Promise<Buffer> {
  const folder = temporaryFolder();
  const db = new DatabaseSync(folder.file);
  makeSchema(db, 20);
  const values = ["openai", "gpt-4", null, null, "standard", null, "USD", "reported", '{"team":"a"}'];
  const hash = createHash("sha256")
    .update(values.map((value) => value ?? "\x00").join("\x1f"))
    .digest();
  db.prepare("INSERT INTO series VALUES ('default', 7, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
    ...values,
    hash.subarray(0, 16),
  );
  db.close();
  const { output, bytes } = bytesWritable();
  await backUp(new SqliteAddress(folder.file), output, { now: 0 });
  folder.remove();
  return bytes();
}

interface Key {
  readonly id: string;
  readonly key: string;
}

const folder = temporaryFolder();
let url: string;
let server: PeopleServer;
let user: string;
let one: Key;
let other: Key;
beforeAll(async () => {
  const database = await newDatabase(folder.path);
  url = database.DATABASE_URL;
  await restore(readableOf(await oldArchive()), addressOf(url), {});
  server = await startPeopleServer(database, folder);
  await server.makeUser("ana@example.com", "a long enough password");
  user = (await server.login("ana@example.com", "a long enough password")).access_token;
  one = await makeKey({ name: "one" });
  other = await makeKey({ name: "other" });
}, 120_000);
afterAll(() => server.close());

const ask = (method: string, path: string, body?: unknown, as = server.adminKey): Promise<Answer> =>
  server.ask(as, method, path, body);
const must = async <T>(method: string, path: string, body?: unknown, as = server.adminKey): Promise<T> => {
  const { status, text, data } = await ask(method, path, body, as);
  if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
  return data as unknown as T;
};
/** What is no JSON. */
const textOf = async (path: string): Promise<string> => {
  const authorization = `Bearer ${server.adminKey}`;
  return (await fetch(`${server.url}/api/v1${path}`, { headers: { authorization } })).text();
};
const makeKey = (body: object): Promise<Key> => must("POST", "/api-keys", body);
const cost = (id: string, amount: string, more: object = {}) => ({
  id,
  provider: "openai",
  model: "gpt-4",
  cost: amount,
  ...more,
});
const idsOf = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id).sort();
const sumsBy = async (query: string, as?: string): Promise<readonly (readonly [unknown, string | undefined])[]> => {
  const rows = await must<readonly (Totals & { readonly api_key: string | null })[]>(
    "GET",
    `/costs/aggregate?group_by=api_key&${query}`,
    undefined,
    as,
  );
  return rows.map(({ api_key, total_cost }) => [api_key, total_cost]);
};

describe("what was recorded before keys were known of", () => {
  it("keeps its series, and what is recorded since has series of its own beside it, one for each key", async () => {
    const tags = { team: "a" };
    await must("POST", "/costs", cost("old-user", "1", { tags }), user);
    await must("POST", "/costs", cost("old-one", "1", { tags }), one.key);
    await must("PATCH", "/costs/old-one", { tags: { team: "b" } });
    await must("POST", "/costs", cost("old-one-again", "1", { tags }), one.key);
    expect(await seriesIn(url)).toEqual([
      { series_id: 7, api_key_id: null },
      { series_id: 8, api_key_id: null },
      { series_id: 9, api_key_id: one.id },
      { series_id: 10, api_key_id: one.id },
    ]);
  });
});

describe("what two keys and a user record", () => {
  const labels = { tags: { case: "three" } };
  const usage = (id: string) => ({
    id,
    provider: "openai",
    model: "gpt-4o",
    input_tokens: 1_000,
    output_tokens: 500,
    ...labels,
  });
  beforeAll(async () => {
    await must("POST", "/costs", cost("one-1", "1", labels), one.key);
    await must("POST", "/costs/bulk", [cost("one-2", "2", labels), cost("one-3", "0.5", labels)], one.key);
    await must("POST", "/costs", cost("other-1", "8", labels), other.key);
    await must("POST", "/costs", cost("user-1", "16", labels), user);
    await must("POST", "/usage", usage("other-usage"), other.key);
  });

  it("says which key it was, on usage and on costs", async () => {
    expect(await must<UsageRecord>("GET", "/usage/other-usage")).toMatchObject({ api_key_id: other.id });
    expect(await must<CostRecord>("GET", "/costs/other-usage")).toMatchObject({ api_key_id: other.id });
    expect(await must<CostRecord>("GET", "/costs/one-3")).toMatchObject({ api_key_id: one.id });
    expect(await must<CostRecord>("GET", "/costs/user-1")).toMatchObject({ api_key_id: null });
  });

  it("is summed by key as the filter sums it", async () => {
    const of = "tags=case:three&cost_status=reported";
    expect(await sumsBy(of)).toEqual([
      [null, "16"],
      [other.id, "8"],
      [one.id, "3.5"],
    ]);
    expect(await sumsBy(`${of}&api_key_id=${one.id}`)).toEqual([[one.id, "3.5"]]);
    expect(await sumsBy(`${of}&api_key_id=${one.id},${other.id}`)).toEqual([
      [other.id, "8"],
      [one.id, "3.5"],
    ]);
    expect(await sumsBy(`${of}&api_key_id=nobodys`)).toEqual([]);
  });

  it("is listed and streamed by key", async () => {
    const filter = `tags=case:three&api_key_id=${one.id}`;
    expect(idsOf(await must<CostRecord[]>("GET", `/costs?${filter}`))).toEqual(["one-1", "one-2", "one-3"]);
    const ofOther = await must<UsageRecord[]>("GET", `/usage?tags=case:three&api_key_id=${other.id}`);
    expect(idsOf(ofOther)).toEqual(["other-usage"]);
    const streamed = (await textOf(`/costs/stream?${filter}`)).trim().split("\n");
    expect(idsOf(streamed.map((line) => JSON.parse(line) as CostRecord))).toEqual(["one-1", "one-2", "one-3"]);
  });

  it("is the same record when another key sends it again, and stays the first one's", async () => {
    const again = await ask("POST", "/costs", cost("one-1", "1", labels), other.key);
    expect([again.status, again.headers.get("idempotent-replayed"), again.data["api_key_id"]]).toEqual([
      expect.any(Number),
      "true",
      one.id,
    ]);
    expect((await ask("POST", "/costs", cost("one-1", "2", labels), other.key)).status).toBe(409);
    await must("PATCH", "/costs/one-2", { tags: { case: "three", seen: "yes" } }, other.key);
    expect(await must("GET", "/costs/one-2")).toMatchObject({ api_key_id: one.id, tags: { seen: "yes" } });
  });

  it("is shown to who is limited to a project as far as it is of the project", async () => {
    const limited = await makeKey({ name: "limited", project_id: "inside" });
    const inside = { ...labels, project_id: "inside" };
    await must("POST", "/costs", cost("limited-1", "4", labels), limited.key);
    await must("POST", "/costs", cost("one-inside", "32", inside), one.key);
    expect(await sumsBy("tags=case:three", limited.key)).toEqual([
      [one.id, "32"],
      [limited.id, "4"],
    ]);
    expect(await sumsBy(`api_key_id=${other.id}`, limited.key)).toEqual([]);
    const budget = { name: "by key", amount: "1", period: { kind: "month" }, scope: { api_key_id: [one.id] } };
    expect((await ask("POST", "/budgets", budget, limited.key)).status).toBe(403);
    const { id } = await must<Budget>("POST", "/budgets", budget);
    expect((await ask("GET", `/budgets/${id}/status`, undefined, limited.key)).status).toBe(404);
  });
});

it("an export has the key in its last column", async () => {
  const made = await must<{ readonly id: string }>("POST", "/exports", { format: "csv", api_key_id: [other.id] });
  const text = await textOf(`/exports/${made.id}/download`);
  const [head = "", ...rows] = text.trimEnd().split("\r\n");
  expect(head.endsWith(",tags,metadata,api_key_id")).toBe(true);
  expect(rows.map((row) => row.slice(row.lastIndexOf(",") + 1))).toEqual([other.id, other.id]);
});

describe("a budget of a key", () => {
  const month = { amount: "1", period: { kind: "month" } };
  const statusOf = ({ id }: Budget) => must<BudgetStatus>("GET", `/budgets/${id}/status`);

  it("counts what that key records, and nobody else's", async () => {
    const key = await makeKey({ name: "counted" });
    const budget = await must<Budget>("POST", "/budgets", {
      ...month,
      name: "counted",
      scope: { api_key_id: [key.id] },
    });
    expect(budget.scope).toEqual({ api_key_id: [key.id] });
    await must("POST", "/costs", cost("counted-1", "0.25"), key.key);
    for (const [as, id] of [
      [other.key, "counted-2"],
      [user, "counted-3"],
    ] as const) {
      await must("POST", "/costs", cost(id, "0.5"), as);
    }
    expect(await statusOf(budget)).toMatchObject({ spent: "0.25", remaining: "0.75" });
  });

  it("refuses that key alone where it is hard, and counts what the key settles", async () => {
    const key = await makeKey({ name: "hard" });
    const scope = { api_key_id: [key.id] };
    const budget = await must<Budget>("POST", "/budgets", { ...month, name: "hard", enforcement: "hard", scope });
    const reserve = (as: string) => ask("POST", "/budgets/reservations", { amount: "0.75" }, as);
    const first = await reserve(key.key);
    expect([first.status, first.data["budgets"]]).toEqual([201, [{ id: budget.id, name: "hard", remaining: "0.25" }]]);
    const refused = await reserve(key.key);
    expect([refused.status, refused.error.code]).toEqual([402, "BUDGET_EXCEEDED"]);
    for (const as of [other.key, user]) {
      const { status, data } = await reserve(as);
      expect([status, data["budgets"]]).toEqual([201, []]);
    }
    await must("POST", `/budgets/reservations/${first.data.id}/settle`, { cost: { amount: "0.5" } }, key.key);
    expect(await statusOf(budget)).toMatchObject({ spent: "0.5" });
    expect((await reserve(key.key)).status).toBe(402);
  });
});

it("the key goes with its records into archives and to the other store", async () => {
  const before = await seriesIn(url);
  const { output, bytes } = bytesWritable();
  await backUp(addressOf(url), output, { now: 0 });
  const restored = await newDatabase(temporaryFolder().path);
  await restore(readableOf(bytes()), addressOf(restored.DATABASE_URL), {});
  expect(await seriesIn(restored.DATABASE_URL)).toEqual(before);
  const moved = new SqliteAddress(temporaryFolder().file);
  const { agrees } = await migrateStore(addressOf(restored.DATABASE_URL), moved);
  expect(agrees).toBe(true);
  expect(await seriesIn(`sqlite:${moved.path}`)).toEqual(before);
});
