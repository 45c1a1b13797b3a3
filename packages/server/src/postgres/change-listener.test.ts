import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createRule, updateRule } from "../alerts/rules.sql.ts";
import { createBudgets } from "../budgets/budgets.sql.ts";
import { readBudgetTerms } from "../budgets/read-budget.ts";
import type { Caller } from "../http/route.ts";
import { accessChanged } from "../identity/access-revision.sql.ts";
import { createApiKeys } from "../identity/api-keys.sql.ts";
import { createAuthenticator } from "../identity/authenticator.ts";
import { everyPermission } from "../identity/key-scope.ts";
import { Refusal } from "../refusal.ts";
import { installationWrite } from "../store/operation.ts";
import { createWebhook, updateWebhook } from "../webhooks/endpoints.sql.ts";
import { keepSecret } from "../webhooks/secrets.ts";
import { makeSecret } from "../webhooks/signatures.ts";
import { listenForChanges } from "./change-listener.ts";
import { type PostgresUnderTest, startPostgres } from "./postgres-fixture.ts";
import { openPostgres, type PostgresStore } from "./postgres-store.ts";

const noMatter = (): void => undefined;

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
  const listener = listenForChanges({ url, onAccessChanged: onChanged });
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

test("other processes hear in which organization something is watched that was not before", async () => {
  const url = await server.database();
  const elsewhere = await openPostgres({ url, poolSize: 2, now: Date.now });
  const heard: string[] = [];
  const onAccessChanged = vi.fn();
  const listener = listenForChanges({
    url,
    onAccessChanged,
    onWatchedChanged: (organization) => heard.push(organization),
  });
  await vi.waitFor(() => expect(onAccessChanged).toHaveBeenCalledTimes(1), 30_000);

  const metric = { kind: "metric", metric: "daily_cost", threshold: "10" } as const;
  await elsewhere.run(createRule, { organizationId: "of a rule", id: "rule_1", input: { name: "rule", ...metric } });
  await elsewhere.run(updateRule, { organizationId: "of a rule", id: "rule_1", update: { enabled: true } });
  const webhook = { organizationId: "of a webhook", id: "wh_1" };
  const input = { url: "https://hooks.example.invalid/", events: ["budget.exceeded" as const] };
  await elsewhere.run(createWebhook, { ...webhook, input, secret: keepSecret(makeSecret(), undefined) });
  await elsewhere.run(updateWebhook, { ...webhook, update: { paused: false } });
  const terms = readBudgetTerms({ name: "production", amount: "1", period: { kind: "day" } });
  await createBudgets(elsewhere).create({ organizationId: "of a budget" }, terms);
  const expected = ["of a rule", "of a rule", "of a webhook", "of a webhook", "of a budget"];
  await vi.waitFor(() => expect(heard).toEqual(expected), 30_000);
  expect(onAccessChanged).toHaveBeenCalledTimes(1);

  await listener.close();
  await elsewhere.close();
});

test("a process that hears of nothing lets nobody in whom an answered change of another keeps out", async () => {
  const url = await server.database();
  const open = (): Promise<PostgresStore> => openPostgres({ url, poolSize: 2, now: Date.now });
  const [here, deaf] = await Promise.all([open(), open()]);
  const keys = createApiKeys(here, "sk_live_");
  await keys.ensureFirstKey(undefined);
  const principal = { kind: "process", id: "process", name: "process" } as const;
  const caller = { organizationId: "default", principal, permissions: everyPermission };
  const authenticator = createAuthenticator({
    apiKeys: createApiKeys(deaf, "sk_live_"),
    tokens: { callerOf: async () => undefined },
    clock: Date.now,
  });
  for (let round = 0; round < 5; round += 1) {
    const { id, key } = await keys.create(
      "default",
      { name: "short-lived", scopes: null, projectId: null, expiresAtMs: null },
      "live",
    );
    const isLetIn = async (): Promise<Caller> => authenticator.authenticate(`Bearer ${key}`);
    expect((await isLetIn()).principal.id).toBe(id);
    // It is asked all the time, so that it looked a moment ago.
    let isOver = false;
    const traffic = (async () => {
      while (!isOver)
        await isLetIn()
          .catch(noMatter)
          .then(() => setTimeout(1));
    })();
    // A key that is rotated without overlap ends as well.
    await (round % 2 === 0 ? keys.revoke(caller, id) : keys.rotate(caller, id, 0));
    await expect(isLetIn()).rejects.toMatchObject({ code: "AUTH_001" });
    isOver = true;
    await traffic;
  }
  await here.close();
  await deaf.close();
});
