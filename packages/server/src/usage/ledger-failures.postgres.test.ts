import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { holdPricesStill } from "../postgres/locks.ts";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { openPostgres, type PostgresStore } from "../postgres/postgres-store.ts";
import { silenceableWay } from "../postgres/silenceable-way-fixture.ts";
import { advancePriceBook } from "../pricing/price-changes.sql.ts";
import { Refusal } from "../refusal.ts";
import { installationWrite } from "../store/operation.ts";
import { checkLedgerOperation } from "./check-ledger.sql.ts";
import { type PostgresLedger, startPostgresLedger } from "./ledger.postgres.ts";
import type { RecordedItem } from "./ledger.ts";
import { seedPostgresPrices } from "./ledger-fixture.ts";

let server: PostgresUnderTest;
let url: string;
let store: PostgresStore;
let owner: pg.Client;
let ledgers: PostgresLedger[];

beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

beforeEach(async () => {
  url = await server.databaseWithSchema();
  await seedPostgresPrices(url);
  store = await openPostgres({ url, poolSize: 2, now: Date.now });
  owner = new pg.Client({ connectionString: url });
  owner.on("error", () => undefined);
  await owner.connect();
  ledgers = [];
});
afterEach(async () => {
  await Promise.all(ledgers.map((ledger) => ledger.close()));
  const check = await store.run(checkLedgerOperation, {});
  await store.close();
  await owner.end();
  expect(check).toMatchObject({ differences: 0, reported: [] });
});

async function startLedger(): Promise<PostgresLedger> {
  const ledger = await startPostgresLedger({ url });
  ledgers.push(ledger);
  return ledger;
}

const at = "2026-01-15T10:00:00Z";
const call = { provider: "openai", model: "gpt-4o", input_tokens: 1_000, output_tokens: 500, occurred_at: at };

const append = (ledger: PostgresLedger, records: readonly unknown[]): Promise<readonly RecordedItem[]> =>
  ledger.append("default", {
    shape: "batch",
    entry: "usage",
    source: "api",
    requirePrice: false,
    bytes: new TextEncoder().encode(JSON.stringify(records)),
  });

/** As a client does: the same again until it is answered. */
async function appendUntilAnswered(ledger: PostgresLedger, records: readonly unknown[]) {
  for (;;) {
    try {
      return await append(ledger, records);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "UNAVAILABLE") throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const countRecords = async (): Promise<number> => {
  const { rows } = await owner.query<{ count: string }>("SELECT count(*) FROM records");
  return Number(rows[0]?.count);
};

describe("several processes", () => {
  it("find each other's records: of each id that both send at once exactly one is recorded", async () => {
    const [one, two] = [await startLedger(), await startLedger()];
    const records = Array.from({ length: 300 }, (_, index) => ({ ...call, id: `id-${index}` }));
    const backwards = [...records].reverse();
    const answers = await Promise.all([append(one, records), append(two, backwards), append(one, backwards)]);
    const statuses = new Map<string | null, string[]>();
    for (const { id, status } of answers.flat()) statuses.set(id, [...(statuses.get(id) ?? []), status]);
    expect(statuses.size).toBe(300);
    for (const ofId of statuses.values()) expect(ofId.sort()).toEqual(["duplicate", "duplicate", "recorded"]);
    expect(await countRecords()).toBe(300);
  });

  it("agree who was first where the content differs, and number each series once", async () => {
    const [one, two] = [await startLedger(), await startLedger()];
    const of = (team: string) =>
      Array.from({ length: 50 }, (_, index) => ({ ...call, id: `id-${index}`, tags: { team, part: `p${index % 7}` } }));
    const answers = (await Promise.all([append(one, of("a")), append(two, of("b"))])).flat();
    expect(answers.filter(({ status }) => status === "recorded")).toHaveLength(50);
    expect(answers.filter(({ error }) => error?.code === "USAGE_002")).toHaveLength(50);
    await Promise.all([append(one, [{ ...call, id: "x" }]), append(two, [{ ...call, id: "y" }])]);
    const { rows } = await owner.query("SELECT 1 FROM series GROUP BY organization_id, series_id HAVING count(*) > 1");
    expect(rows).toEqual([]);
  });
});

describe("the price book", () => {
  it("holds for a record as it is when the record is written, whoever changed it before", async () => {
    const ledger = await startLedger();
    expect(await append(ledger, [{ ...call, id: "a", model: "new" }])).toMatchObject([{ cost_status: "unpriced" }]);
    await seedPostgresPrices(url, [{ provider: "openai", model: "new", input: "1", cacheRead: "1", output: "2" }]);
    expect(await append(ledger, [{ ...call, id: "b", model: "new" }])).toMatchObject([{ total_cost: "0.002" }]);
  });

  it("is not changed while records wait to be committed that were rated by it", async () => {
    await owner.query(`BEGIN; ${holdPricesStill}`);
    let isChanged = false;
    const change = installationWrite<object, void>("test.advance", (connection) => advancePriceBook(connection));
    const changing = store.run(change, {}).then(() => {
      isChanged = true;
    });
    const waits = async (): Promise<boolean> => {
      const { rows } = await owner.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
      return rows.length > 0;
    };
    while (!(await waits())) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(isChanged).toBe(false);
    await owner.query("COMMIT");
    await changing;
  });
});

describe("a database that fails", () => {
  const fail = (code: string): Promise<unknown> =>
    owner.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''${code}''; END';
      CREATE TRIGGER fail BEFORE INSERT ON rollup_daily FOR EACH ROW EXECUTE FUNCTION fail()`);

  it.each([
    ["53100", "disk is full"],
    ["25006", "only be read"],
    ["57014", "took too long"],
    ["55P03", "busy"],
  ])("with %s in mid-body writes nothing of it, says why (%s), and takes it again later", async (code, reason) => {
    const ledger = await startLedger();
    await fail(code);
    const body = [
      { ...call, id: "a" },
      { ...call, id: "b" },
    ];
    const refused = append(ledger, body);
    await expect(refused).rejects.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining(reason) });
    expect(await countRecords()).toBe(0);
    await owner.query("DROP FUNCTION fail CASCADE");
    const again = await append(ledger, body);
    expect(again.map(({ status }) => status)).toEqual(["recorded", "recorded"]);
  });

  it("says that nobody knows where the answer to the commit is lost, and takes the same again", async () => {
    const ledger = await startLedger();
    await owner.query(`CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON rollup_daily DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION cut()`);
    const lost = append(ledger, [{ ...call, id: "a" }]);
    await expect(lost).rejects.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("not known") });
    await owner.query("DROP FUNCTION cut CASCADE");
    expect(await append(ledger, [{ ...call, id: "a" }])).toMatchObject([{ status: "recorded" }]);
  });

  it("that falls silent is waited for as long as it may take, and takes the same again when it speaks", async () => {
    const way = await silenceableWay(url);
    const ledger = await startPostgresLedger({ url: way.url, connections: 1, silentAfterMs: 500 });
    ledgers.push(ledger);
    await append(ledger, [{ ...call, id: "before" }]);
    // What was answered in time is waited for no longer.
    await new Promise((resolve) => setTimeout(resolve, 600));
    for (const id of ["straight", "before"]) {
      way.silence(true);
      const refused = append(ledger, [{ ...call, id }]);
      await expect(refused).rejects.toMatchObject({ code: "UNAVAILABLE" });
      way.silence(false);
      expect(await append(ledger, [{ ...call, id: "straight" }])).toMatchObject([{ status: "duplicate" }]);
    }
    expect(await countRecords()).toBe(2);
    await ledger.close();
    ledgers.pop();
    way.close();
  });

  it("makes a month's partition anew where it was dropped under a running process", async () => {
    const ledger = await startLedger();
    await append(ledger, [{ ...call, id: "kept", occurred_at: "2026-02-15T10:00:00Z" }]);
    await append(ledger, [{ ...call, id: "old" }]);
    await owner.query(`DROP TABLE records_2026_01; DELETE FROM record_keys WHERE occurred_at < 1769904000000;
      DELETE FROM rollup_hourly WHERE hour < 491640; DELETE FROM rollup_daily WHERE day < 20485;
      DELETE FROM rollup_user_daily WHERE day < 20485`);
    expect(await append(ledger, [{ ...call, id: "late" }])).toMatchObject([{ status: "recorded" }]);
    expect(await countRecords()).toBe(2);
  });

  it("killed again and again under writes holds what was acknowledged, once", async () => {
    const ledger = await startLedger();
    const bodies = Array.from({ length: 60 }, (_, body) =>
      Array.from({ length: 40 }, (_, index) => ({ ...call, id: `id-${body}-${index}` })),
    );
    const acknowledged: string[] = [];
    const waiting = [...bodies];
    let kills = 0;
    const send = async (): Promise<void> => {
      for (let body = waiting.shift(); body !== undefined; body = waiting.shift()) {
        for (const { id } of await appendUntilAnswered(ledger, body)) acknowledged.push(String(id));
        if (waiting.length === 45 || waiting.length === 30 || waiting.length === 15) kills += await killOneBackend();
      }
    };
    await Promise.all(Array.from({ length: 6 }, send));
    expect(kills).toBeGreaterThan(0);
    owner = await reconnected();
    expect(new Set(acknowledged).size).toBe(2_400);
    expect(await countRecords()).toBe(2_400);
  }, 240_000);
});

async function reconnected(): Promise<pg.Client> {
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Kills the process behind a connection, which makes PostgreSQL take down all others and recover from its log. */
async function killOneBackend(): Promise<number> {
  for (;;) {
    const client = await reconnected();
    try {
      const { rows } = await client.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
         WHERE application_name = 'llm-cost-ops' AND datname = current_database() ORDER BY state_change DESC LIMIT 1`,
      );
      const [victim] = rows;
      if (victim === undefined) continue;
      process.kill(victim.pid, "SIGKILL");
      return 1;
    } catch {
      // It is down already, and comes back.
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
