import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { installationRead, storeRead, storeWrite } from "../store/operation.ts";
import { contractOperations, describeStore } from "../store/store.contract.ts";
import { type PostgresUnderTest, startPostgres } from "./postgres-fixture.ts";
import { openPostgres, type PostgresStore } from "./postgres-store.ts";
import { serverRole } from "./row-security.ts";
import { postgresMigrations } from "./schema.ts";
import { silenceableWay } from "./silenceable-way-fixture.ts";
import { statementTexts, withLiterals } from "./statement-text.ts";

let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

const open = async (url?: string): Promise<PostgresStore> =>
  openPostgres({ url: url ?? (await server.database()), poolSize: 4, now: Date.now });

describeStore("PostgreSQL", async () => {
  const store = await open();
  return { store, close: store.close };
});

interface Foreign {
  readonly organizationId: string;
  readonly other: string;
}

describe("row-level security", () => {
  const { add, count } = contractOperations;
  /** Statements that forgot their organization, or name another one. */
  const readAll = storeRead<{ readonly organizationId: string }, readonly { organization_id: string }[]>(
    "rls.readAll",
    async (connection) => connection.all("SELECT organization_id FROM providers"),
  );
  const writeForeign = storeWrite<Foreign, number>("rls.writeForeign", async (connection, { other }) =>
    connection.run(
      "INSERT INTO providers (organization_id, provider, name, created_at) VALUES (?, 'p', 'p', 1)",
      other,
    ),
  );
  const changeForeign = storeWrite<Foreign, number>("rls.changeForeign", async (connection, { other }) =>
    connection.run("UPDATE providers SET name = 'taken' WHERE organization_id = ?", other),
  );
  const removeForeign = storeWrite<Foreign, number>("rls.removeForeign", async (connection, { other }) =>
    connection.run("DELETE FROM providers WHERE organization_id = ?", other),
  );
  const whoAmI = installationRead<object, { user: string; tables: number; forced: number; bypass: boolean }>(
    "rls.whoAmI",
    async (connection) => {
      const row = await connection.get<{ user: string; tables: number; forced: number; bypass: boolean }>(
        `SELECT current_user AS user, (SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user) AS bypass,
           (SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user) AS tables,
           (SELECT count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
            WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT c.relforcerowsecurity
              -- A partition that is written to by name cannot be read so, and checks new rows itself.
              AND (NOT c.relispartition OR has_table_privilege(c.oid, 'SELECT, UPDATE, DELETE, TRUNCATE, REFERENCES'))) AS forced`,
      );
      if (row === undefined) throw new Error("no row");
      return row;
    },
  );

  it("hides other organizations from a statement that forgot to name its own", async () => {
    const store = await open();
    await store.run(add, { organizationId: "one", name: "a" });
    await store.run(add, { organizationId: "two", name: "b" });
    expect(await store.run(readAll, { organizationId: "one" })).toEqual([{ organization_id: "one" }]);
    expect(await store.run(readAll, { organizationId: "o'ne" })).toEqual([]);
    await store.close();
  });

  it("refuses to write another organization's rows, and finds none to change or remove", async () => {
    const store = await open();
    await store.run(add, { organizationId: "two", name: "b" });
    const foreign = { organizationId: "one", other: "two" };
    await expect(store.run(writeForeign, foreign)).rejects.toThrow(/row-level security/);
    expect(await store.run(changeForeign, foreign)).toBe(0);
    expect(await store.run(removeForeign, foreign)).toBe(0);
    expect(await store.run(count, { name: "b" })).toBe(1);
    await store.close();
  });

  it("holds for a role that owns no table and cannot bypass it, on every table of tenants, forced for owners", async () => {
    const store = await open();
    expect(await store.run(whoAmI, {})).toEqual({ user: serverRole, tables: 0, forced: 0, bypass: false });
    await store.close();
  });
});

describe("migrations", () => {
  it("run once, also when several processes start together", async () => {
    const url = await server.database();
    const stores = await Promise.all([open(url), open(url), open(url)]);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ version: string }>("SELECT version FROM schema_version ORDER BY version");
    expect(rows.map(({ version }) => Number(version))).toEqual(postgresMigrations.map(({ id }) => id));
    await client.query("INSERT INTO schema_version VALUES (1000000)");
    await expect(open(url)).rejects.toThrow(/newer than this program/);
    await client.end();
    await Promise.all(stores.map((store) => store.close()));
  });

  it("keep what processes hold of budgets when these get an amount for each value", async () => {
    const url = await server.database();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("CREATE TABLE schema_version (version bigint NOT NULL)");
    for (const { id, sql } of postgresMigrations.filter(({ id }) => id < 23)) {
      await client.query(sql);
      await client.query("INSERT INTO schema_version VALUES ($1)", [id]);
    }
    await client.query("INSERT INTO budget_leases VALUES ('one', 'b', 'p', '7', '5', 1, 2, NULL)");
    const store = await open(url);
    const { rows } = await client.query(
      "SELECT organization_id, budget_id, value, process_id, held FROM budget_leases",
    );
    expect(rows).toEqual([{ organization_id: "one", budget_id: "b", value: "", process_id: "p", held: "7" }]);
    await client.end();
    await store.close();
  });
});

describe("a database that goes away", () => {
  it("is answered as unavailable, and served again when it is back, without a new start", async () => {
    const url = await server.database();
    const store = await open(url);
    await store.run(contractOperations.add, { organizationId: "one", name: "before" });
    await server.interrupt();
    const during = store.run(contractOperations.add, { organizationId: "one", name: "during" });
    await expect(during).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await server.start();
    await store.run(contractOperations.add, { organizationId: "one", name: "after" });
    const rows = await store.run(contractOperations.list, { organizationId: "one" });
    expect(rows.map(({ provider }) => provider)).toEqual(["after", "before"]);
    await store.close();
  });
});

describe("a database that falls silent", () => {
  it("is unavailable in time, says where a write may be done, and serves again afterwards", async () => {
    const way = await silenceableWay(await server.database());
    const store = await openPostgres({ url: way.url, poolSize: 1, now: Date.now, silentAfterMs: 300 });
    const one = { organizationId: "one" };
    await store.run(contractOperations.add, { ...one, name: "before" });
    // On a busy machine a first answer may take longer than the little that is waited for here.
    const servesAgain = () =>
      vi.waitFor(async () => expect(await store.run(contractOperations.list, one)).toHaveLength(1), 20_000);
    const fallSilentAtEnd = storeWrite<typeof one, void>("silence.atEnd", async (connection) => {
      await connection.run("DELETE FROM providers WHERE provider = 'nobody'");
      way.silence(true);
    });
    await expect(store.run(fallSilentAtEnd, one)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      details: { outcome: "unknown" },
    });
    way.silence(false);
    await servesAgain();
    const readInSilence = storeRead<typeof one, void>("silence.read", async (connection) => {
      way.silence(true);
      await connection.get("SELECT 1 AS one");
    });
    const refused = await store.run(readInSilence, one).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("nothing was written") });
    // Nor is a connection to be had.
    await expect(store.run(contractOperations.list, one)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    way.silence(false);
    await servesAgain();
    await store.close();
    way.close();
  });
});

describe("statement texts", () => {
  const textOf = statementTexts();

  it.each([
    ["SELECT ? , ?", "SELECT $1 , $2"],
    ["SELECT ?1, ?2, ?1", "SELECT $1, $2, $1"],
    ["SELECT 'a?', 'it''s ?', ?", "SELECT 'a?', 'it''s ?', $1"],
    [
      "SELECT 1 FROM records c INDEXED BY records_by_corrected WHERE c.id = ?",
      "SELECT 1 FROM records c WHERE c.id = $1",
    ],
  ])("of %s are %s", (sql, text) => {
    expect(textOf(sql)).toBe(text);
  });

  it.each([
    ["SELECT ? , ?", ["it's", -5], "SELECT 'it''s' , -5"],
    ["SELECT ?2, 'a?', ?1, ?2", ["back\\slash", 1.5], "SELECT 1.5, 'a?',  E'back\\\\slash', 1.5"],
  ] as const)("of %s with the values in it are %s", (sql, values, text) => {
    expect(withLiterals(sql, values)).toBe(text);
  });
});
