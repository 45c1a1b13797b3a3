import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { openPostgres, type PostgresStore } from "../postgres/postgres-store.ts";
import { serverRole } from "../postgres/row-security.ts";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { describeAudit } from "./audit.contract.ts";

describeAudit("SQLite", async (now) => {
  const memory = memoryStore(now);
  return {
    store: sqliteStore(memory.threads),
    tamper: async (sql) => {
      memory.store.db.exec(sql);
    },
  };
});

const server = sharedPostgres();
const opened: { readonly store: PostgresStore; readonly owner: pg.Client }[] = [];
afterAll(async () => {
  await Promise.all(opened.flatMap(({ store, owner }) => [store.close(), owner.end()]));
  await server.drop();
});

async function open(now: () => number) {
  const url = await server.databaseWithSchema();
  const store = await openPostgres({ url, poolSize: 4, now });
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  opened.push({ store, owner });
  return { store, owner };
}

describeAudit("PostgreSQL", async (now) => {
  const { store, owner } = await open(now);
  return {
    store,
    tamper: async (sql) => {
      await owner.query(sql);
    },
  };
});

test("on PostgreSQL a server can add to the trail and read it, and do nothing else to it", async () => {
  const { owner } = await open(Date.now);
  const { rows } = await owner.query<{ table_name: string; privilege_type: string }>(
    `SELECT table_name, privilege_type FROM information_schema.role_table_grants
     WHERE grantee = $1 AND table_name IN ('audit_entries', 'audit_checkpoints') ORDER BY 1, 2`,
    [serverRole],
  );
  expect(rows.map((row) => `${row.table_name} ${row.privilege_type}`)).toEqual([
    "audit_checkpoints INSERT",
    "audit_checkpoints SELECT",
    "audit_entries INSERT",
    "audit_entries SELECT",
  ]);
});
