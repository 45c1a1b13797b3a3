import { afterAll, expect, it } from "vitest";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import type { SqlValue } from "../store/connection.ts";
import { storeRead } from "../store/operation.ts";
import { describeCorrections } from "./corrections.contract.ts";
import { seedPostgresPrices } from "./ledger-fixture.ts";
import { readRecordId } from "./record-id.ts";
import { findLedgerRows } from "./record-store.sql.ts";
import { batchOf, postgresWithLedger } from "./store-with-ledger-fixture.ts";

const server = sharedPostgres();
afterAll(() => server.drop());

async function open() {
  const url = await server.databaseWithSchema();
  await seedPostgresPrices(url);
  return postgresWithLedger(url, () => Date.UTC(2026, 5, 1));
}

describeCorrections("PostgreSQL", open, 40);

/** The plan of the last statement by which a record is found. */
const planOfFinding = storeRead(
  "test.planOfFinding",
  async (connection, { organizationId, id }: { readonly organizationId: string; readonly id: string }) => {
    let last: { readonly sql: string; readonly values: readonly SqlValue[] } | undefined;
    const all: typeof connection.all = async (sql, ...values) => {
      last = { sql, values };
      return connection.all(sql, ...values);
    };
    await findLedgerRows({ ...connection, all }, organizationId, [readRecordId(id).bytes]);
    if (last === undefined) throw new Error("nothing was asked");
    const plan = await connection.all<Readonly<Record<string, string>>>(`EXPLAIN ${last.sql}`, ...last.values);
    return plan.map((row) => row["QUERY PLAN"]).join("\n");
  },
);

it("finds a record and its corrections in the one month that its key names", async () => {
  const { store, ledger, close } = await open();
  const calls = Array.from({ length: 24 }, (_, month) => ({
    id: `month-${month}`,
    provider: "openai",
    model: "gpt-4o",
    input_tokens: 1,
    output_tokens: 0,
    occurred_at: new Date(Date.UTC(2024, month, 10)).toISOString(),
  }));
  await ledger.append("default", batchOf(calls));
  const plan = await store.run(planOfFinding, { organizationId: "default", id: "month-7" });
  expect(new Set(plan.match(/records_\d{4}_\d{2}(?= )/g))).toEqual(new Set(["records_2024_08"]));
  await close();
});
