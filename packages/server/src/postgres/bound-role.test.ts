import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PostgresAddress } from "../database-address.ts";
import { openStore } from "../open-store.ts";
import { prepareDatabase } from "../transfer/prepare-database.ts";
import { type PostgresUnderTest, startPostgres } from "./postgres-fixture.ts";
import { serverRole } from "./row-security.ts";

// A role is one for all databases of a PostgreSQL, so this one is nobody else's.
let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

describe.each([
  {
    name: "bypasses row-level security",
    made: `ALTER ROLE ${serverRole} BYPASSRLS`,
    told: /bypasses row-level security: .* run (ALTER ROLE .*)$/,
  },
  {
    name: "is a superuser",
    made: `ALTER ROLE ${serverRole} SUPERUSER`,
    told: /bypasses row-level security: .* run (ALTER ROLE .*)$/,
  },
  {
    name: "may make roles",
    made: `ALTER ROLE ${serverRole} CREATEROLE`,
    told: /may grant roles.*: .* run (ALTER ROLE .*)$/,
  },
  {
    name: "can become a role that bypasses it",
    made: `CREATE ROLE "free role" BYPASSRLS; GRANT "free role" TO ${serverRole}`,
    told: /can act as "free role", which bypasses row-level security: .* run (REVOKE .*)$/,
  },
  {
    name: "can become the owner of tables",
    made: `CREATE ROLE keeper; CREATE TABLE kept (n integer); ALTER TABLE kept OWNER TO keeper; GRANT keeper TO ${serverRole}`,
    told: /can act as keeper, which owns tables.*: .* run (REVOKE .*)$/,
  },
])("a server's role that $name", ({ made, told }) => {
  test("is refused by init and by a server, who say what makes it usable", async () => {
    const url = await server.databaseWithSchema();
    const address = new PostgresAddress(url);
    await run(url, made);
    const refusal = String(await prepareDatabase(address).catch((error: Error) => error));
    expect(refusal).toMatch(told);
    await expect(openStore({ database: address, databasePoolSize: 8 })).rejects.toThrow(told);
    await run(url, told.exec(refusal)?.[1] ?? "");
    expect(await prepareDatabase(address)).toMatchObject({ schema: expect.any(Number) });
  });
});

test("a server's role that owns tables is refused", async () => {
  const url = await server.databaseWithSchema();
  await run(url, `ALTER TABLE rules OWNER TO ${serverRole}`);
  await expect(prepareDatabase(new PostgresAddress(url))).rejects.toThrow(/owns tables.*REASSIGN OWNED BY/);
});
