/**
 * Two servers on one PostgreSQL write, send again, void and settle the same days while connections are cut: what was
 * acknowledged counts once. `SERVERS_AT_ONCE_SECONDS=60` has them do it for a minute.
 */
import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { postgresCostQuery } from "../../packages/server/src/costs/cost-query.postgres.ts";
import { sharedPostgres } from "../../packages/server/src/postgres/shared-postgres-fixture.ts";
import { Refusal } from "../../packages/server/src/refusal.ts";
import { checkLedgerOperation } from "../../packages/server/src/usage/check-ledger.sql.ts";
import { seedPostgresPrices } from "../../packages/server/src/usage/ledger-fixture.ts";
import { voidRecord } from "../../packages/server/src/usage/operations.sql.ts";
import { settleDays } from "../../packages/server/src/usage/settle-days.sql.ts";
import { batchOf, postgresWithLedger } from "../../packages/server/src/usage/store-with-ledger-fixture.ts";

const seconds = Number(process.env.SERVERS_AT_ONCE_SECONDS ?? 3);
const organizationId = "acme";
const nowMs = Date.parse("2026-06-01T12:00:00Z");
const dayMs = 86_400_000;
const actor = { kind: "key", id: null, name: null, clientAddress: null, userAgent: null, requestId: null } as const;

/** Has commits take their time, as on a disk that is far away: what goes wrong meanwhile would hardly ever meet one. */
const slowCommits = `
CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS $take$
BEGIN
  PERFORM pg_sleep(random() * 0.02);
  RETURN NEW;
END $take$;
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT OR UPDATE ON rollup_user_daily DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.user_id = 'user-0') EXECUTE FUNCTION take_time()`;

const server = sharedPostgres();
afterAll(() => server.drop());

const below = (count: number): number => Math.floor(Math.random() * count);
let calls = 0;
/** Mostly a few of the same few days, and now and then of more days than are locked one by one. */
function someCalls() {
  const isOfManyDays = below(12) === 0;
  return Array.from({ length: isOfManyDays ? 40 : 1 + below(10) }, (_, at) => {
    calls += 1;
    return {
      ...{ id: `call-${calls}`, provider: "openai", model: ["gpt-4o", "gpt-4o-mini", "nobody-prices-this"][below(3)] },
      ...{ input_tokens: below(1_000), output_tokens: below(100), user_id: below(5) === 0 ? null : `user-${below(6)}` },
      occurred_at: new Date(nowMs - (isOfManyDays ? at % 25 : below(4)) * dayMs).toISOString(),
    };
  });
}
type Call = ReturnType<typeof someCalls>[number];

/** Until the database was there for it: whatever became of the attempts before, it is done once. */
async function again<Result>(work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "UNAVAILABLE") throw error;
      await setTimeout(20);
    }
  }
}

test(
  "what two servers acknowledged counts once, in every state of the ledger",
  async () => {
    const url = await server.databaseWithSchema();
    await seedPostgresPrices(url);
    const open = () => postgresWithLedger(url, () => nowMs);
    const servers = [await open(), await open()];
    const oneOf = () => servers[below(servers.length)] as (typeof servers)[number];
    const owner = new pg.Client({ connectionString: url });
    await owner.connect();
    await owner.query(slowCommits);

    const valid = new Map<string, Call>();
    const sent: (readonly Call[])[] = [];
    const untilMs = performance.now() + seconds * 1_000;
    const meanwhile = async (work: () => Promise<unknown>, apartMs: number): Promise<void> => {
      for (; performance.now() < untilMs; await setTimeout(below(apartMs))) await work();
    };
    const check = async () => (await again(() => oneOf().store.run(checkLedgerOperation, {}))).reported;
    const write = async () => {
      const known = below(8) === 0 ? sent[below(sent.length)] : undefined;
      const some = known ?? someCalls();
      const items = await again(() => oneOf().ledger.append(organizationId, batchOf(some)));
      expect(items.every(({ status }) => status === "recorded" || status === "duplicate")).toBe(true);
      if (known !== undefined) return;
      sent.push(some);
      for (const call of some) valid.set(call.id, call);
    };
    const voidOne = async () => {
      const [id] = [...valid.keys()].slice(below(valid.size));
      if (id === undefined) return;
      await again(() => oneOf().store.run(voidRecord, { organizationId, id }, actor));
      valid.delete(id);
    };
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'llm-cost-ops%' ORDER BY random() LIMIT 1`;
    await Promise.all([
      ...Array.from({ length: 5 }, () => meanwhile(write, 10)),
      ...servers.map(({ store }) => meanwhile(() => again(() => store.run(settleDays, {})), 5)),
      meanwhile(voidOne, 40),
      meanwhile(() => owner.query(cut), 1_500),
      meanwhile(async () => expect(await check()).toEqual([]), 1_000),
    ]);

    const expected = new Map<string, number[]>();
    for (const { occurred_at: at, user_id: user, input_tokens: input, output_tokens: output } of valid.values()) {
      const key = `${at.slice(0, 10)} ${user}`;
      const [requests = 0, inputs = 0, outputs = 0] = expected.get(key) ?? [];
      expected.set(key, [requests + 1, inputs + input, outputs + output]);
    }
    const sums = async () => {
      const { rows } = await postgresCostQuery(oneOf().store).aggregate(organizationId, {
        period: { fromMs: 0, toMs: nowMs + dayMs, zone: "UTC" },
        filter: { dimensions: {}, tags: [] },
        groupBy: ["day", "user"],
        metrics: ["sum", "count"],
      });
      const found = new Map<string, number[]>();
      for (const row of rows) {
        const key = `${row["day"]} ${row["user"]}`;
        const before = found.get(key) ?? [0, 0, 0];
        const more = [row.total_requests, row.input_tokens, row.output_tokens].map(Number);
        found.set(
          key,
          before.map((sum, at) => sum + (more[at] ?? 0)),
        );
      }
      return Object.fromEntries([...found].sort());
    };
    const right = Object.fromEntries([...expected].sort());
    expect(await again(sums)).toEqual(right);
    while ((await again(() => oneOf().store.run(settleDays, {}))) > 0);
    expect(await again(sums)).toEqual(right);
    expect(await check()).toEqual([]);
    await owner.end();
    for (const each of servers) await each.close();
  },
  60_000 + seconds * 2_000,
);
