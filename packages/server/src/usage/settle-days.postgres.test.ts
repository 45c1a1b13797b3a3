import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { storeRead } from "../store/operation.ts";
import { checkLedgerOperation } from "./check-ledger.sql.ts";
import { dayLockKey, dayLockName } from "./day-lock.ts";
import { seedPostgresPrices } from "./ledger-fixture.ts";
import { settleDays } from "./settle-days.sql.ts";
import { batchOf, postgresWithLedger, type StoreWithLedger } from "./store-with-ledger-fixture.ts";

const organizationId = "acme";
const [yesterday, today] = ["2026-05-31", "2026-06-01"];
const nowMs = Date.parse(`${today}T12:00:00Z`);
/** What a transaction waits for while a test holds it open. */
const heldLock = 4_711;
const states = { open: 0, settled: 1 } as const;

/** Holds whoever commits usage of this user open, just before the commit; and who settles a day, just before that is written. */
const holding = `
CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $wait$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${heldLock});
  RETURN NEW;
END $wait$;
CREATE CONSTRAINT TRIGGER hold_append AFTER INSERT OR UPDATE ON rollup_user_daily DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.user_id = 'held') EXECUTE FUNCTION wait_for_the_test();
CREATE TRIGGER hold_settling BEFORE UPDATE ON rollup_days
  FOR EACH ROW WHEN (NEW.state = ${states.settled}) EXECUTE FUNCTION wait_for_the_test()`;

const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

const stateOf = storeRead("test.stateOf", async (connection, of: { organizationId: string; day: string }) => {
  const row = await connection.get<{ readonly state: number }>(
    "SELECT state FROM rollup_days WHERE organization_id = ? AND day = ?",
    of.organizationId,
    Date.parse(of.day) / 86_400_000,
  );
  return row?.state;
});

const server = sharedPostgres();
afterAll(() => server.drop());

let tested: StoreWithLedger;
let owner: pg.Client;
beforeEach(async () => {
  const url = await server.databaseWithSchema();
  await seedPostgresPrices(url);
  tested = await postgresWithLedger(url, () => nowMs);
  owner = new pg.Client({ connectionString: url });
  await owner.connect();
  await owner.query(holding);
});
afterEach(async () => {
  await owner.end();
  await tested.close();
});

let calls = 0;
const append = (user: string, model: string, ...days: readonly string[]) =>
  tested.ledger.append(
    organizationId,
    batchOf(
      days.map((day) => {
        calls += 1;
        const counts = { input_tokens: 10, output_tokens: 1 };
        return {
          id: `n-${calls}`,
          provider: "openai",
          model,
          ...counts,
          user_id: user,
          occurred_at: `${day}T10:00:00Z`,
        };
      }),
    ),
  );
const hold = () => owner.query(`SELECT pg_advisory_lock(${heldLock})`);
const letGo = () => owner.query(`SELECT pg_advisory_unlock(${heldLock})`);
const step = () => tested.store.run(settleDays, {});
const state = (day: string) => tested.store.run(stateOf, { organizationId, day });
const differences = async () => (await tested.store.run(checkLedgerOperation, {})).reported;

/** Until so many transactions of this database wait for a lock. */
const untilWaiting = (count: number) =>
  expect.poll(async () => (await owner.query(waiting)).rows[0].count, { timeout: 8_000, interval: 20 }).toBe(count);

const manyDays = Array.from({ length: 40 }, (_, day) =>
  new Date(Date.parse(yesterday) - day * 86_400_000).toISOString().slice(0, 10),
);

describe("who appends to a day", () => {
  it.each([today, yesterday])("does not wait for another's commit to the same day, as of %s", async (day) => {
    await append("held", "gpt-4o", day);
    await append("other", "gpt-4o-mini", day);
    await hold();
    const held = append("held", "gpt-4o", day);
    await untilWaiting(1);
    // Where it waited, it would be refused after ten seconds.
    expect(await append("other", "gpt-4o-mini", day)).toMatchObject([{ status: "recorded" }]);
    await untilWaiting(1);
    await letGo();
    expect(await held).toMatchObject([{ status: "recorded" }]);
    expect(await differences()).toEqual([]);
  });

  it.each([
    ["one day", [yesterday]],
    ["many days", manyDays],
  ])("keeps it open while it writes to %s", async (_, days) => {
    await append("held", "gpt-4o", ...days);
    await hold();
    const held = append("held", "gpt-4o", ...days);
    await untilWaiting(1);
    const settling = step();
    if (days.length > 1) await untilWaiting(2);
    else expect(await settling).toBe(0);
    expect(await state(yesterday)).toBe(states.open);
    await letGo();
    await held;
    await settling;
    while ((await step()) > 0);
    expect(await state(yesterday)).toBe(states.settled);
    expect(await differences()).toEqual([]);
  });

  it.each([
    ["one day", [yesterday]],
    ["many days", manyDays],
  ])("waits for who settles it and opens it again, with %s", async (_, days) => {
    await append("ann", "gpt-4o", yesterday);
    await append("bob", "gpt-4o", ...days);
    while ((await step()) > 0);
    await append("ann", "gpt-4o", yesterday);
    await hold();
    const settling = step();
    await untilWaiting(1);
    const appended = append("bob", "gpt-4o", ...days);
    await untilWaiting(2);
    await letGo();
    expect(await settling).toBe(1);
    await appended;
    expect(await state(yesterday)).toBe(states.open);
    while ((await step()) > 0);
    expect(await state(yesterday)).toBe(states.settled);
    expect(await differences()).toEqual([]);
  });
});

it("settles days behind any number of days that somebody writes to", async () => {
  const days = Array.from({ length: 60 }, (_, day) => Date.parse(yesterday) / 86_400_000 - day);
  await append("ann", "gpt-4o", ...days.map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)));
  const names = days.slice(1).map((day) => dayLockName(organizationId, day));
  await owner.query(`SELECT pg_advisory_lock_shared(${dayLockKey("name")}) FROM unnest($1::text[]) AS days (name)`, [
    names,
  ]);
  expect(await step()).toBe(1);
  expect(await state(yesterday)).toBe(states.settled);
  expect(await step()).toBe(0);
});
