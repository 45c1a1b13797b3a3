import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { accessChanged } from "../identity/access-revision.sql.ts";
import { Refusal } from "../refusal.ts";
import { installationWrite } from "../store/operation.ts";
import { listenForAccess } from "./access-listener.ts";
import { type PostgresUnderTest, startPostgres } from "./postgres-fixture.ts";
import { openPostgres } from "./postgres-store.ts";

let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

const change = installationWrite<{ readonly isRefused: boolean }, void>("test.change", async (connection, args) => {
  await accessChanged(connection);
  if (args.isRefused) throw new Refusal("CONFLICT", "no");
});

test("other processes hear of a change when it is committed, and of a connection that was lost as of a change", async () => {
  const url = await server.database();
  const elsewhere = await openPostgres({ url, poolSize: 2, now: Date.now });
  const onChanged = vi.fn();
  const listener = listenForAccess({ url, onChanged });
  await vi.waitFor(() => expect(onChanged).toHaveBeenCalledTimes(1), 30_000);

  await expect(elsewhere.run(change, { isRefused: true })).rejects.toThrow("no");
  await elsewhere.run(change, { isRefused: false });
  await vi.waitFor(() => expect(onChanged).toHaveBeenCalledTimes(2), 30_000);

  const operator = new pg.Client({ connectionString: url });
  await operator.connect();
  await operator.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
  await operator.end();
  await vi.waitFor(() => expect(onChanged).toHaveBeenCalledTimes(3), 30_000);
  await elsewhere.run(change, { isRefused: false });
  await vi.waitFor(() => expect(onChanged).toHaveBeenCalledTimes(4), 30_000);

  await listener.close();
  await elsewhere.close();
});
