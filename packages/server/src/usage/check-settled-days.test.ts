import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { runRetention } from "../retention/retention-job.ts";
import { storeWrite } from "../store/operation.ts";
import { checkLedgerOperation } from "./check-ledger.sql.ts";
import { settleDays } from "./settle-days.sql.ts";
import { batchOf, pricedStores } from "./store-with-ledger-fixture.ts";

const organizationId = "acme";
const now = (): number => Date.UTC(2026, 5, 15, 12);
const dayOf = (text: string): number => Date.parse(text) / 86_400_000;
const [dropped, emptied, kept] = [dayOf("2026-02-01"), dayOf("2026-02-02"), dayOf("2026-05-01")];

let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

/** Changes what only a fault could change. */
const damage = storeWrite(
  "test.damage",
  async (connection, { organizationId: of }: { readonly organizationId: string }) => {
    await connection.run(
      "UPDATE rollup_user_daily SET requests = requests + 1 WHERE organization_id = ? AND day = ?",
      ...[of, dropped],
    );
    await connection.run("DELETE FROM rollup_user_daily WHERE organization_id = ? AND day = ?", of, emptied);
  },
);

const call = (id: string, day: number): object => ({
  ...{ id, provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: 1, user_id: "ann" },
  occurred_at: new Date(day * 86_400_000).toISOString(),
});

const stores = pricedStores(now, () => server.databaseWithSchema());

describe.each(stores)("settled days on %s whose records are gone", (_, open) => {
  test("are compared with the sums of users that stayed", async () => {
    const { store, ledger, close } = await open();
    await ledger.append(organizationId, batchOf([call("a", dropped), call("b", emptied), call("c", kept)]));
    while ((await store.run(settleDays, {})) > 0);
    const run = { store, months: 2, onRaised: () => undefined, onDropped: () => undefined };
    await runRetention(run, new AbortController().signal);
    const check = async () => {
      const { keptFromMs, records, reported } = await store.run(checkLedgerOperation, {});
      return { keptFromMs, records, reported };
    };
    const keptFromMs = Date.UTC(2026, 3, 1);
    expect(await check()).toEqual({ keptFromMs, records: 1, reported: [] });
    await store.run(damage, { organizationId });
    const reported = [dropped, emptied].map((day) => ({
      table: "rollup_days",
      key: `organization_id=acme day=${day}`,
      message: "users are not what rollup_user_daily sums to",
    }));
    expect(await check()).toEqual({ keptFromMs, records: 1, reported });
    await close();
  });
});
