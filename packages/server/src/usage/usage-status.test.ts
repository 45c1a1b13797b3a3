import { DatabaseSync } from "node:sqlite";
import type { CostRecord, Totals, UsageRecord } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rebuildRollups } from "../costs/ledger-fixture.ts";
import { readDatabaseAddress, SqliteAddress } from "../database-address.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { makeSchema } from "../transfer/carried-tables.ts";
import { backUp, restore } from "../transfer/index.ts";
import { bytesWritable, readableOf } from "../transfer/installation-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { checkLedgerOperation } from "./check-ledger.sql.ts";
import { temporaryFolder } from "./ledger-fixture.ts";
import { digest16, readRecordId } from "./record-id.ts";

/** The last schema whose series did not know the status of usage: two reported costs of one series, one of them partial. */
async function oldArchive(): Promise<Buffer> {
  const { file, remove } = temporaryFolder();
  const db = new DatabaseSync(file);
  makeSchema(db, 29);
  db.prepare(
    `INSERT INTO series (organization_id, series_id, key_hash, provider, model, service_tier, currency, cost_status, tags)
     VALUES ('default', 7, ?, 'openai', 'gpt-4o', 'standard', 'USD', 'reported', '{"age":"old"}')`,
  ).run(digest16("old"));
  const insert = db.prepare(
    `INSERT INTO records (organization_id, id, external_id, entry, state, series_id, occurred_at, received_at, requests,
      input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_milli, cost_pico, quantities,
      usage_status, is_error, is_stream, source, fingerprint)
     VALUES ('default', ?, ?, 1, 0, 7, ?, ?, 1, 0, 0, 0, 0, 0, 1000, 0, '{}', ?, 0, 0, 'api', ?)`,
  );
  for (const [status, id] of ["old-reported", "old-estimated", "old-partial"].entries()) {
    const { bytes, externalId } = readRecordId(id);
    const now = Date.now();
    insert.run(bytes, externalId, now, now, status, digest16(id));
  }
  rebuildRollups(db);
  db.close();
  const { output, bytes } = bytesWritable();
  await backUp(new SqliteAddress(file), output, { now: 0 });
  remove();
  return bytes();
}

const folder = temporaryFolder();
let server: PeopleServer;
let limited: string;

const ask = (method: string, path: string, body?: unknown, as = server.adminKey): Promise<Answer> =>
  server.ask(as, method, path, body);
const must = async <T>(method: string, path: string, body?: unknown, as = server.adminKey): Promise<T> => {
  const { status, text, data } = await ask(method, path, body, as);
  if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
  return data as unknown as T;
};
const textOf = async (path: string): Promise<string> => {
  const authorization = `Bearer ${server.adminKey}`;
  return (await fetch(`${server.url}/api/v1${path}`, { headers: { authorization } })).text();
};

const call = (id: string, more: object = {}) => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  input_tokens: 1_000,
  output_tokens: 500,
  tags: { age: "new" },
  ...more,
});
const idsOf = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id).sort();

type StatusRow = Totals & { readonly usage_status: string | null };
const sumsBy = async (query = "", as?: string): Promise<readonly (readonly unknown[])[]> => {
  const rows = await must<readonly StatusRow[]>("GET", `/costs/aggregate?group_by=usage_status${query}`, undefined, as);
  return rows
    .map(({ usage_status, total_requests, total_cost }) => [usage_status, total_requests, total_cost] as const)
    .sort(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1));
};

beforeAll(async () => {
  const database = await newDatabase(folder.path);
  const address = readDatabaseAddress(database.DATABASE_URL);
  if (typeof address === "string") throw new Error(address);
  await restore(readableOf(await oldArchive()), address, {});
  server = await startPeopleServer(database, folder);
  const key = await must<{ key: string }>("POST", "/api-keys", { name: "inside", project_id: "inside" });
  limited = key.key;
  await must("POST", "/usage", call("told"));
  await must("POST", "/usage/batch", [
    call("guessed-1", { usage_status: "estimated" }),
    call("guessed-2", { usage_status: "estimated", project_id: "inside" }),
    call("cut-short", { usage_status: "partial" }),
    call("never-charged", { input_tokens: 0, output_tokens: 0, usage_status: "void" }),
  ]);
  await must("POST", "/costs", {
    id: "elsewhere",
    provider: "openai",
    model: "gpt-4o",
    cost: "2",
    tags: { age: "new" },
  });
}, 120_000);
afterAll(() => server.close());

const ofNew = "&tags=age:new";

describe("the status of usage", () => {
  it("is on the records of both kinds", async () => {
    expect(await must<UsageRecord>("GET", "/usage/cut-short")).toMatchObject({ usage_status: "partial" });
    expect(await must<CostRecord>("GET", "/costs/cut-short")).toMatchObject({ usage_status: "partial" });
    expect(await must<CostRecord>("GET", "/costs/elsewhere")).toMatchObject({ usage_status: "reported" });
  });

  it("groups sums, each status with what its records cost", async () => {
    expect(await sumsBy(ofNew)).toEqual([
      ["estimated", 2, "0.015"],
      ["partial", 1, "0.0075"],
      ["reported", 2, "2.0075"],
      ["void", 1, undefined],
    ]);
  });

  it("filters sums, lists, streams and exports to the same records", async () => {
    const filter = "usage_status=estimated,partial";
    const uncertain = ["cut-short", "guessed-1", "guessed-2"];
    expect(await sumsBy(`&${filter}`)).toEqual([
      ["estimated", 2, "0.015"],
      ["partial", 1, "0.0075"],
    ]);
    expect(idsOf(await must<CostRecord[]>("GET", `/costs?${filter}`))).toEqual(uncertain);
    expect(idsOf(await must<CostRecord[]>("GET", `/costs?${filter}&order_by=-total_cost`))).toEqual(uncertain);
    expect(idsOf(await must<UsageRecord[]>("GET", `/usage?${filter}`))).toEqual(uncertain);
    const lines = (await textOf(`/costs/stream?${filter}`)).trim().split("\n");
    expect(idsOf(lines.map((line) => JSON.parse(line) as CostRecord))).toEqual(uncertain);
    const asked = { format: "jsonl", usage_status: ["partial"], include_fields: ["id", "usage_status"] };
    const { id } = await must<{ id: string }>("POST", "/exports", asked);
    expect(JSON.parse(await textOf(`/exports/${id}/download`))).toEqual({ id: "cut-short", usage_status: "partial" });
  });

  it("is shown to who is limited to a project as far as it is of the project", async () => {
    expect(await sumsBy("", limited)).toEqual([["estimated", 1, "0.0075"]]);
    expect(await sumsBy("&usage_status=partial", limited)).toEqual([]);
    expect(idsOf(await must<CostRecord[]>("GET", "/costs?usage_status=estimated,partial", undefined, limited))).toEqual(
      ["guessed-2"],
    );
  });

  it("is refused by its name where there is no such status", async () => {
    const { status, error } = await ask("GET", "/costs/aggregate?usage_status=sure");
    expect([status, Object.keys(error.field_errors ?? {})]).toEqual([422, ["usage_status.0"]]);
  });

  it("goes with a record that gets other tags, or is voided", async () => {
    await must("PATCH", "/costs/cut-short", { tags: { team: "moved" } });
    expect(await sumsBy("&tags=team:moved")).toEqual([["partial", 1, "0.0075"]]);
    await must("DELETE", "/costs/cut-short");
    expect(await sumsBy(ofNew)).toEqual([
      ["estimated", 2, "0.015"],
      ["reported", 2, "2.0075"],
      ["void", 1, undefined],
    ]);
    expect(idsOf(await must<CostRecord[]>("GET", "/costs?cost_status=void&usage_status=partial"))).toEqual([
      "cut-short",
    ]);
  });

  it("stays where a price comes late", async () => {
    const late = { provider: "house", model: "house-late", usage_status: "partial", tags: { age: "late" } };
    await must("POST", "/usage", call("late", late));
    expect(await sumsBy("&tags=age:late")).toEqual([["partial", 1, undefined]]);
    const prices = { input_price_per_million: "1", output_price_per_million: "1", effective_date: "2026-01-01" };
    await must("POST", "/pricing", { provider: "house", model: "house-late", ...prices });
    await expect.poll(() => sumsBy("&tags=age:late"), { timeout: 20_000 }).toEqual([["partial", 1, "0.0015"]]);
  });
});

describe("records of before series knew it", () => {
  it("are summed under no status, and found by no filter, though each says its own", async () => {
    expect(await sumsBy("&tags=age:old")).toEqual([[null, 3, "3"]]);
    expect(await sumsBy("&tags=age:old&usage_status=reported,estimated,partial,void")).toEqual([]);
    expect(await must<CostRecord>("GET", "/costs/old-partial")).toMatchObject({ usage_status: "partial" });
  });

  it("leave new ones of the same kind to series of their own, and get theirs where they are moved", async () => {
    await must("POST", "/costs", {
      id: "beside",
      provider: "openai",
      model: "gpt-4o",
      cost: "1",
      tags: { age: "old" },
    });
    await must("PATCH", "/costs/old-partial", { tags: { age: "old", seen: "yes" } });
    expect(await sumsBy("&tags=age:old")).toEqual([
      [null, 2, "2"],
      ["partial", 1, "1"],
      ["reported", 1, "1"],
    ]);
    const { differences, reported } = await server.server.store.run(checkLedgerOperation, {});
    expect({ differences, reported }).toEqual({ differences: 0, reported: [] });
  });
});
