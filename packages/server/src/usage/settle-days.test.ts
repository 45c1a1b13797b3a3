import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { storeRead, storeWrite } from "../store/operation.ts";
import { checkLedgerOperation } from "./check-ledger.sql.ts";
import { updateLabels, voidRecord } from "./operations.sql.ts";
import { settleDays } from "./settle-days.sql.ts";
import { batchOf, pricedStores, type StoreWithLedger } from "./store-with-ledger-fixture.ts";

const organizationId = "acme";
const nowMs = Date.UTC(2026, 5, 1, 12);
const dayOf = (text: string): number => Date.parse(text) / 86_400_000;
const [first, second, today] = [dayOf("2026-02-01"), dayOf("2026-02-02"), dayOf("2026-06-01")];

let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

interface DayState {
  readonly day: number;
  readonly state: number;
  readonly bytes: number | null;
}

const readDays = storeRead("test.days", async (connection, of: { readonly organizationId: string }) =>
  connection.all<DayState>(
    "SELECT day, state, length(users) AS bytes FROM rollup_days WHERE organization_id = ? ORDER BY day",
    of.organizationId,
  ),
);

/** Changes what only a fault could change. */
const damage = storeWrite("test.damage", async (connection, of: { readonly organizationId: string }) =>
  connection.run(
    `UPDATE rollup_days SET users = (SELECT o.users FROM rollup_days o WHERE o.organization_id = ?1 AND o.day = ?2)
     WHERE organization_id = ?1 AND day = ?3`,
    of.organizationId,
    second,
    first,
  ),
);

const call = (id: string, day: string, user: string | null, more: object = {}): object => ({
  ...{ id, provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: 1, user_id: user },
  occurred_at: `${day}T10:00:00Z`,
  ...more,
});

const stores = pricedStores(
  () => nowMs,
  () => server.databaseWithSchema(),
);

describe.each(stores)("settled days on %s", (_, open) => {
  let tested: StoreWithLedger;
  beforeEach(async () => {
    tested = await open();
  }, 60_000);
  afterEach(() => tested.close());

  const append = (...calls: object[]) => tested.ledger.append(organizationId, batchOf(calls));
  const settle = async (): Promise<void> => {
    while ((await tested.store.run(settleDays, {})) > 0);
  };
  const states = async (): Promise<Readonly<Record<number, number>>> => {
    const days = await tested.store.run(readDays, { organizationId });
    for (const { state, bytes } of days) expect(bytes !== null).toBe(state === 1);
    return Object.fromEntries(days.map(({ day, state }) => [day, state]));
  };
  const differences = async () => (await tested.store.run(checkLedgerOperation, {})).reported;

  it("are opened again by whatever writes to a day of users, and by nothing else", async () => {
    await append(
      call("a", "2026-02-01", "ann"),
      call("b", "2026-02-01", "ann", { model: "unheard-of" }),
      call("c", "2026-02-01", "bob"),
      call("d", "2026-02-02", "ann"),
    );
    expect(await states()).toEqual({ [first]: 0, [second]: 0 });
    await settle();
    expect(await states()).toEqual({ [first]: 1, [second]: 1 });
    await append(call("e", "2026-02-01", "eve"));
    expect(await states()).toEqual({ [first]: 0, [second]: 1 });
    await settle();
    await append(call("e", "2026-02-01", "eve"), call("f", "2026-02-02", null));
    expect(await states()).toEqual({ [first]: 1, [second]: 1 });
    await tested.store.run(voidRecord, { organizationId, id: "d" });
    expect(await states()).toEqual({ [first]: 1, [second]: 0 });
    await settle();
    await tested.store.run(updateLabels, { organizationId, id: "a", tags: { team: "web" } });
    expect(await states()).toEqual({ [first]: 0, [second]: 1 });
    await settle();
    expect(await states()).toEqual({ [first]: 1, [second]: 1 });
    expect(await differences()).toEqual([]);
  });

  it("are those before today whose sums their bytes hold exactly", async () => {
    const large = { input_tokens: 100_000_000_000_001 };
    await append(call("a", "2026-02-01", "ann", large), call("b", "2026-02-02", "ann"), call("c", "2026-06-01", "ann"));
    await settle();
    expect(await states()).toEqual({ [first]: 2, [second]: 1, [today]: 0 });
    await append(call("d", "2026-02-01", "bob"));
    expect(await states()).toEqual({ [first]: 0, [second]: 1, [today]: 0 });
  });

  it("are compared with their rollups by the check of the ledger", async () => {
    await append(call("a", "2026-02-01", "ann"), call("b", "2026-02-02", "bob"));
    await settle();
    expect(await differences()).toEqual([]);
    await tested.store.run(damage, { organizationId });
    expect(await differences()).toEqual([
      {
        table: "rollup_days",
        key: `organization_id=acme day=${first}`,
        message: "users are not what rollup_user_daily sums to",
      },
    ]);
  });
});
