import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { openPostgres } from "../postgres/postgres-store.ts";
import { copyLedger } from "./copied-ledger-fixture.ts";
import { always } from "./cost-filter.ts";
import { sqliteCostQuery } from "./cost-query.sqlite.ts";
import { fixtureLedger, plainRecord } from "./ledger-fixture.ts";
import { readOrder } from "./list-order.ts";
import { type PostgresQuestions, startPostgresQuestions } from "./question-threads.postgres.ts";

let server: PostgresUnderTest;
let questions: PostgresQuestions;
const ledger = fixtureLedger();
const first = { ...plainRecord, id: "first", occurredAtMs: 0 };

beforeAll(async () => {
  server = await startPostgres();
  const url = await server.databaseWithSchema();
  await (await openPostgres({ url, poolSize: 1, now: Date.now })).close();
  ledger.add([plainRecord, { ...plainRecord, id: "order-7", user: null, tags: {}, corrections: [-5n] }, first]);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await copyLedger(ledger.db, client);
  await client.end();
  questions = await startPostgresQuestions({ url, connections: 2 });
}, 60_000);
afterAll(async () => {
  await questions.close();
  await server.stop();
});

const period = { ...always, zone: "UTC" };
const filter = { dimensions: {}, tags: [] };

test("a thread answers many questions at once, on fewer connections, with the bytes of the embedded store", async () => {
  const ask = { period, filter, groupBy: ["day", "model"], metrics: ["sum"] } as const;
  const list = { period, filter, order: readOrder(["-total_cost"]), limit: 1 };
  const expected = sqliteCostQuery(ledger.threads);
  const answers = await Promise.all(Array.from({ length: 20 }, () => questions.query.aggregate("default", ask)));
  const aggregated = JSON.stringify(await expected.aggregate("default", ask));
  for (const answer of answers) expect(JSON.stringify(answer)).toBe(aggregated);
  expect(await questions.query.listCosts("default", list)).toEqual(await expected.listCosts("default", list));
  expect(Buffer.from(await questions.query.sortedIds("default", { ...list, limit: 10 }))).toEqual(
    Buffer.from(await expected.sortedIds("default", { ...list, limit: 10 })),
  );
});

test("a refusal on the thread is one here too", async () => {
  const ask = questions.query.aggregate("default", { period, filter, groupBy: ["hour"], metrics: ["count"] });
  await expect(ask).rejects.toMatchObject({ code: "VALIDATION_ERROR", fieldErrors: { group_by: expect.any(String) } });
});

test("a database that is away is unavailable, and asked again when it is back", async () => {
  await server.interrupt();
  await expect(questions.query.extent("default")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await server.start();
  expect(await questions.query.extent("default")).toEqual({
    firstMs: first.occurredAtMs,
    keptFromMs: 0,
    lastMs: plainRecord.occurredAtMs,
  });
});
