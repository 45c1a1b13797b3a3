import pg from "pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { storeRead, storeWrite } from "../store/operation.ts";
import { ensureRecordsPartition, partitionSpan, recordKeysPartition } from "./partitions.ts";
import { openPostgres, type PostgresStore } from "./postgres-store.ts";
import { sharedPostgres } from "./shared-postgres-fixture.ts";

const server = sharedPostgres();
let store: PostgresStore;
let url: string;
beforeEach(async () => {
  url = await server.database();
  store = await openPostgres({ url, poolSize: 4, now: Date.now });
  return () => store.close();
});
afterAll(() => server.drop());

interface At {
  readonly organizationId: string;
  readonly atMs: number;
}
const ensure = storeWrite<At, string>("test.ensurePartition", (connection, { atMs }) =>
  ensureRecordsPartition(connection, atMs),
);
const own = { organizationId: "one" };

describe("partitions of records", () => {
  it.each([
    ["1970-01-01T00:00:00.000Z", "records_early"],
    ["2019-12-31T23:59:59.999Z", "records_early"],
    ["2020-01-01T00:00:00.000Z", "records_2020_01"],
    ["2024-02-29T23:59:59.999Z", "records_2024_02"],
    ["2049-12-31T23:59:59.999Z", "records_2049_12"],
    ["2050-01-01T00:00:00.000Z", "records_late"],
    ["9999-12-31T23:59:59.999Z", "records_late"],
  ])("hold %s in %s, and exactly the span that this program takes for it", async (instant, name) => {
    const atMs = Date.parse(instant);
    const { fromMs, toMs } = partitionSpan(atMs);
    for (const at of [atMs, fromMs, toMs - 1]) {
      expect(await store.run(ensure, { organizationId: "one", atMs: at })).toBe(name);
    }
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ bounds: string }>(
      "SELECT pg_get_expr(relpartbound, oid) AS bounds FROM pg_class WHERE relname = $1",
      [name],
    );
    await client.end();
    expect(rows).toEqual([{ bounds: `FOR VALUES FROM ('${fromMs}') TO ('${toMs}')` }]);
  });

  it("are made once, also when several connections need one at once", async () => {
    const atMs = Date.UTC(2026, 4, 4);
    const names = await Promise.all(
      ["one", "two", "three", "four"].map((organizationId) => store.run(ensure, { organizationId, atMs })),
    );
    expect(new Set(names)).toEqual(new Set(["records_2026_05"]));
  });

  it("refuse an instant at which nothing happens", async () => {
    await expect(store.run(ensure, { ...own, atMs: -1 })).rejects.toThrow(/no event happens at -1/);
    await expect(store.run(ensure, { ...own, atMs: Date.UTC(10_000, 0) })).rejects.toThrow(/no event happens at/);
  });

  it("take new rows of the transaction's organization alone, and show nothing to who names them", async () => {
    const insert = storeWrite<{ readonly organizationId: string; readonly owner: string }, number>(
      "test.insertKey",
      async (connection, { owner }) =>
        connection.run(
          `INSERT INTO ${recordKeysPartition} VALUES (?, CAST('\\x01' AS bytea), 1, 0, CAST('\\x02' AS bytea))`,
          owner,
        ),
    );
    expect(await store.run(insert, { ...own, owner: "one" })).toBe(1);
    await expect(store.run(insert, { ...own, owner: "two" })).rejects.toThrow(/violates check constraint/);
    const name = await store.run(ensure, { ...own, atMs: Date.UTC(2026, 4, 4) });
    for (const [what, sql] of [
      ["read", `SELECT 1 FROM ${recordKeysPartition}`],
      ["change", `UPDATE ${recordKeysPartition} SET entry = 1`],
      ["remove", `DELETE FROM ${name}`],
      ["empty", `TRUNCATE ${name}`],
      ["drop", `DROP TABLE ${name}`],
    ] as const) {
      const tried = storeWrite<object & { readonly organizationId: string }, number>(`test.${what}`, async (on) =>
        on.run(sql),
      );
      await expect(store.run(tried, own), what).rejects.toThrow(/permission denied|must be owner/);
    }
    const count = storeRead<{ readonly organizationId: string }, number>("test.countKeys", async (connection) => {
      const row = await connection.get<{ keys: number }>("SELECT count(*) AS keys FROM record_keys");
      return row?.keys ?? 0;
    });
    expect(await store.run(count, own)).toBe(1);
    expect(await store.run(count, { organizationId: "two" })).toBe(0);
  });
});
