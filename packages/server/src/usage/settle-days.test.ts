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
const [first, second, third] = [dayOf("2026-02-01"), dayOf("2026-02-02"), dayOf("2026-02-03")];
const today = dayOf("2026-06-01");
/** What is known of a day: its state and what is kept of it. */
const [open, whole] = ["0", "1 users series"];

let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

interface DayState {
  readonly day: number;
  readonly state: number;
  readonly has_users: number;
  readonly has_series: number;
}

const readDays = storeRead("test.days", async (connection, of: { readonly organizationId: string }) =>
  connection.all<DayState>(
    `SELECT d.day, d.state, CASE WHEN d.users IS NULL THEN 0 ELSE 1 END AS has_users,
       CASE WHEN d.state <> 1 OR s.sums IS NULL THEN 0 ELSE 1 END AS has_series
     FROM rollup_days d LEFT JOIN settled_series s ON s.organization_id = d.organization_id AND s.day = d.day
     WHERE d.organization_id = ? ORDER BY d.day`,
    of.organizationId,
  ),
);

interface Damaged {
  readonly organizationId: string;
  readonly table: "rollup_days" | "settled_series";
}

/** Changes what only a fault could change. */
const damage = storeWrite("test.damage", async (connection, { organizationId: of, table }: Damaged) => {
  const column = table === "rollup_days" ? "users" : "sums";
  return connection.run(
    `UPDATE ${table} SET ${column} = (SELECT o.${column} FROM ${table} o WHERE o.organization_id = ?1 AND o.day = ?2)
     WHERE organization_id = ?1 AND day = ?3`,
    of,
    second,
    first,
  );
});

const call = (id: string, day: string, user: string | null, more: object = {}): object => ({
  ...{ id, provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: 1, user_id: user },
  occurred_at: `${day}T10:00:00Z`,
  ...more,
});

const stores = pricedStores(
  () => nowMs,
  () => server.databaseWithSchema(),
);

describe.each(stores)("settled days on %s", (_, openStore) => {
  let tested: StoreWithLedger;
  beforeEach(async () => {
    tested = await openStore();
  }, 60_000);
  afterEach(() => tested.close());

  const append = (...calls: object[]) => tested.ledger.append(organizationId, batchOf(calls));
  const settle = async (): Promise<void> => {
    while ((await tested.store.run(settleDays, {})) > 0);
  };
  const states = async (): Promise<Readonly<Record<number, string>>> => {
    const days = await tested.store.run(readDays, { organizationId });
    const kept = ({ has_users, has_series }: DayState): readonly string[] => [
      ...(has_users === 1 ? ["users"] : []),
      ...(has_series === 1 ? ["series"] : []),
    ];
    return Object.fromEntries(days.map((each) => [each.day, [each.state, ...kept(each)].join(" ")]));
  };
  const differences = async () => (await tested.store.run(checkLedgerOperation, {})).reported;

  it("are opened again by whatever writes to a day, and by nothing else", async () => {
    await append(
      call("a", "2026-02-01", "ann"),
      call("b", "2026-02-01", "ann", { model: "unheard-of" }),
      call("c", "2026-02-01", "bob"),
      call("d", "2026-02-02", "ann"),
    );
    expect(await states()).toEqual({ [first]: open, [second]: open });
    await settle();
    expect(await states()).toEqual({ [first]: whole, [second]: whole });
    await append(call("e", "2026-02-01", "eve"));
    expect(await states()).toEqual({ [first]: open, [second]: whole });
    await settle();
    await append(call("e", "2026-02-01", "eve"), call("f", "2026-02-02", null));
    expect(await states()).toEqual({ [first]: whole, [second]: open });
    await settle();
    await tested.store.run(voidRecord, { organizationId, id: "d" });
    expect(await states()).toEqual({ [first]: whole, [second]: open });
    await settle();
    await tested.store.run(updateLabels, { organizationId, id: "a", tags: { team: "web" } });
    expect(await states()).toEqual({ [first]: open, [second]: whole });
    await settle();
    await tested.store.run(updateLabels, { organizationId, id: "f", tags: { team: "web" } });
    expect(await states()).toEqual({ [first]: whole, [second]: open });
    await settle();
    expect(await states()).toEqual({ [first]: whole, [second]: whole });
    expect(await differences()).toEqual([]);
  });

  it("are those before today, and hold what their bytes hold exactly", async () => {
    const large = { input_tokens: 100_000_000_000_001 };
    const largest = { input_tokens: 1_000_000_000_000_000 };
    await append(
      ...[call("a", "2026-02-01", "ann", large), call("b", "2026-02-02", "ann"), call("c", "2026-06-01", "ann")],
      // Together more than a double holds exactly.
      ...Array.from({ length: 10 }, (_, n) => call(`d${n}`, "2026-02-03", "ann", largest)),
    );
    await settle();
    expect(await states()).toEqual({ [first]: "1 series", [second]: whole, [third]: "2", [today]: open });
    await append(call("f", "2026-02-01", "bob"));
    expect(await states()).toEqual({ [first]: open, [second]: whole, [third]: "2", [today]: open });
  });

  it("are compared with their rollups by the check of the ledger", async () => {
    await append(call("a", "2026-02-01", "ann"), call("b", "2026-02-02", "bob", { model: "unheard-of" }));
    await settle();
    expect(await differences()).toEqual([]);
    const key = `organization_id=acme day=${first}`;
    await tested.store.run(damage, { organizationId, table: "rollup_days" });
    const ofUsers = { table: "rollup_days", key, message: "users are not what rollup_user_daily sums to" };
    expect(await differences()).toEqual([ofUsers]);
    await tested.store.run(damage, { organizationId, table: "settled_series" });
    const ofSeries = { table: "settled_series", key, message: "series are not those of rollup_daily" };
    expect(await differences()).toEqual([ofUsers, ofSeries]);
    await append(call("c", "2026-02-01", null));
    expect(await differences()).toEqual([]);
  });
});
