import pg from "pg";
import { afterAll } from "vitest";
import { migratePostgres } from "../postgres/migrate.ts";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { describeRateLimitStore } from "./rate-limit-store.contract.ts";
import { describeSharedBuckets } from "./shared-buckets.contract.ts";
import { postgresBuckets } from "./shared-buckets.postgres.ts";
import { leasing } from "./shared-buckets-fixture.ts";

/** What the stores answer is tested here, and not how soon. */
const timeoutMs = 30_000;

const postgres = sharedPostgres();
afterAll(() => postgres.drop());

async function migrated(): Promise<string> {
  const url = await postgres.database();
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  await migratePostgres(owner);
  await owner.end();
  return url;
}

describeSharedBuckets("PostgreSQL", async (connections, clock) => {
  const url = await migrated();
  return Array.from({ length: connections }, () => postgresBuckets({ url, timeoutMs, ...(clock && { clock }) }));
});

describeRateLimitStore(
  "PostgreSQL, on lease",
  leasing(async (clock) => postgresBuckets({ url: await migrated(), clock, timeoutMs })),
  {
    processesMax: 3,
    runs: 40,
  },
);
