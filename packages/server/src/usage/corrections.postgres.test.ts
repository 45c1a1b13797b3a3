import { afterAll, beforeAll } from "vitest";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { openPostgres } from "../postgres/postgres-store.ts";
import { appendPlainly, seedFixturePrices } from "./append-fixture.ts";
import { describeCorrections } from "./corrections.contract.ts";

let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

describeCorrections(
  "PostgreSQL",
  async () => {
    const store = await openPostgres({
      url: await server.database(),
      poolSize: 4,
      now: () => Date.UTC(2026, 5, 1),
    });
    await store.run(seedFixturePrices, {});
    return {
      store,
      append: async (organizationId, records) => {
        await store.run(appendPlainly, { organizationId, records });
      },
      close: store.close,
    };
  },
  40,
);
