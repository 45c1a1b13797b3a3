import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { seedPostgresPrices } from "../usage/ledger-fixture.ts";
import { settleDays } from "../usage/settle-days.sql.ts";
import { batchOf, postgresWithLedger } from "../usage/store-with-ledger-fixture.ts";
import { always } from "./cost-filter.ts";
import { postgresCostQuery } from "./cost-query.postgres.ts";

const server = sharedPostgres();
afterAll(() => server.drop());

/** Settled days are read by statements that have the organization's name in their text. */
const names = [
  "it's",
  "\\",
  "\\'",
  "a\\' OR true --",
  "?1",
  "$1 ?2 ?",
  "x' OR '1'='1",
  "E'\\\\'",
  "'; SELECT 1; --",
  "$&$'$`",
  "ü\u{1F600}",
  " INDEXED BY x",
];

const callOf = (user: number) => ({
  ...{ provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: 1, user_id: `user-${user}` },
  occurred_at: "2026-05-03T10:00:00Z",
});

test.each(["on", "off"])(
  "organizations of any name read their own settled days, standard_conforming_strings %s",
  async (conforming) => {
    const url = await server.databaseWithSchema();
    await seedPostgresPrices(url);
    const owner = new pg.Client({ connectionString: url });
    await owner.connect();
    const database = new URL(url).pathname.slice(1);
    await owner.query(`ALTER DATABASE ${database} SET standard_conforming_strings = ${conforming};
      ALTER DATABASE ${database} SET backslash_quote = on`);
    await owner.end();
    const tested = await postgresWithLedger(url, () => Date.parse("2026-06-01T12:00:00Z"));
    for (const [at, name] of names.entries()) {
      await tested.ledger.append(name, batchOf(Array.from({ length: at + 1 }, (_, user) => callOf(user))));
    }
    while ((await tested.store.run(settleDays, {})) > 0);
    const query = postgresCostQuery(tested.store);
    // The second time they are remembered.
    for (const groupBy of [[], [], ["user"], ["user"]] as const) {
      for (const [at, name] of names.entries()) {
        const period = { ...always, zone: "UTC" };
        const filter = { dimensions: {}, tags: [] };
        const { totals } = await query.aggregate(name, { period, filter, groupBy, metrics: ["count"] });
        expect([name, totals[0]?.total_requests]).toEqual([name, at + 1]);
      }
    }
    await tested.close();
  },
);
