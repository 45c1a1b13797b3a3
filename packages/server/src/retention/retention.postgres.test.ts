import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { postgresCostQuery } from "../costs/cost-query.postgres.ts";
import { openPostgres } from "../postgres/postgres-store.ts";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { storeWrite } from "../store/operation.ts";
import { startPostgresLedger } from "../usage/ledger.postgres.ts";
import { seedPostgresPrices } from "../usage/ledger-fixture.ts";
import { batchOf } from "../usage/store-with-ledger-fixture.ts";
import { describeRetention, type RetentionUnderTest } from "./retention.contract.ts";
import { dropRecords, raiseKeptFrom } from "./retention.sql.ts";

const server = sharedPostgres();
afterAll(() => server.drop());

async function openOn(url: string, now: () => number): Promise<RetentionUnderTest> {
  const store = await openPostgres({ url, poolSize: 4, now });
  const other = await openPostgres({ url, poolSize: 4, now });
  const ledger = await startPostgresLedger({ url });
  const close = async (): Promise<void> => {
    await ledger.close();
    await store.close();
    await other.close();
  };
  return { store, other, ledger, query: postgresCostQuery(store), close };
}

describeRetention("PostgreSQL", async (now) => {
  const url = await server.databaseWithSchema();
  await seedPostgresPrices(url);
  return openOn(url, now);
});

describe("months on PostgreSQL", () => {
  const nowMs = Date.UTC(2026, 5, 15);
  const call = { id: "old", provider: "openai", model: "gpt-4o", input_tokens: 1, occurred_at: "2026-02-02T00:00:00Z" };

  async function withCall(): Promise<RetentionUnderTest & { readonly url: string }> {
    const url = await server.databaseWithSchema();
    await seedPostgresPrices(url);
    const tested = await openOn(url, () => nowMs);
    await tested.ledger.append("default", batchOf([call, { ...call, id: "new", occurred_at: "2026-05-05T00:00:00Z" }]));
    return { ...tested, url };
  }

  async function partitions(url: string): Promise<readonly string[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'records'::regclass ORDER BY 1",
    );
    await client.end();
    return rows.map(({ name }) => name);
  }

  it("go whole, and are not made again by a process that knew them", async () => {
    const { url, store, ledger, close } = await withCall();
    expect(await partitions(url)).toContain("records_2026_02");
    await store.run(raiseKeptFrom, { months: 2 });
    expect(await store.run(dropRecords, {})).toEqual({ kind: "dropped", partition: "records_2026_02" });
    expect(await store.run(dropRecords, {})).toEqual({ kind: "nothing left" });
    const [item] = await ledger.append("default", batchOf([{ ...call, id: "another" }]));
    expect(item?.status).toBe("rejected");
    expect(await partitions(url)).not.toContain("records_2026_02");
    expect(await partitions(url)).toContain("records_2026_05");
    await close();
  });

  it("stay where the server names them itself, or would move the instant beyond what is allowed", async () => {
    const { url, store, close } = await withCall();
    const tryTo = (sql: string) =>
      store.run(
        storeWrite<{ readonly organizationId: string }, number>("test.try", async (on) => on.run(sql)),
        { organizationId: "default" },
      );
    expect(await store.run(dropRecords, {})).toEqual({ kind: "nothing left" });
    await expect(tryTo("DROP TABLE records_2026_02")).rejects.toThrow(/must be owner/);
    await expect(tryTo("ALTER TABLE records DETACH PARTITION records_2026_02")).rejects.toThrow(/must be owner/);
    const setting = "WHERE key = 'records_kept_from'";
    await expect(tryTo(`UPDATE settings SET value = 4102444800000 ${setting}`)).rejects.toThrow(/this month are kept/);
    await store.run(raiseKeptFrom, { months: 2 });
    await expect(tryTo(`UPDATE settings SET value = 0 ${setting}`)).rejects.toThrow(/never goes back/);
    await expect(tryTo(`DELETE FROM settings ${setting}`)).rejects.toThrow(/stays/);
    expect(await partitions(url)).toContain("records_2026_02");
    await close();
  });

  it("wait for whoever reads them, for a moment only, and let appends go on", async () => {
    const { url, store, ledger, close } = await withCall();
    await store.run(raiseKeptFrom, { months: 2 });
    const reader = new pg.Client({ connectionString: url });
    await reader.connect();
    await reader.query("BEGIN; SELECT count(*) FROM records");
    expect(await store.run(dropRecords, {})).toEqual({ kind: "busy" });
    const [item] = await ledger.append("default", batchOf([{ ...call, id: "b", occurred_at: "2026-05-06T00:00:00Z" }]));
    expect(item?.status).toBe("recorded");
    expect(await partitions(url)).toContain("records_2026_02");
    await reader.query("COMMIT");
    await reader.end();
    expect(await store.run(dropRecords, {})).toMatchObject({ kind: "dropped" });
    await close();
  });
});
