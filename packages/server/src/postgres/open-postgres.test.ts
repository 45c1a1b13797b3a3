import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresAddress } from "../database-address.ts";
import { openStore } from "../open-store.ts";
import { DatabaseProblem } from "../store/database-problem.ts";
import type { OpenedStore } from "../store/opened-store.ts";
import { prepareDatabase } from "../transfer/prepare-database.ts";
import { TransferError } from "../transfer/transfer-error.ts";
import { type PostgresUnderTest, startPostgres } from "./postgres-fixture.ts";
import { serverRole } from "./row-security.ts";
import { silenceableWay } from "./silenceable-way-fixture.ts";

let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

const open = (url: string): Promise<OpenedStore> =>
  openStore({ database: new PostgresAddress(url), databasePoolSize: 8 });

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

const changed = (url: string, change: (parts: URL) => void): string => {
  const parts = new URL(url);
  change(parts);
  return parts.href;
};

describe("a server's own user, who may not change the schema", () => {
  const appUser = "app_user";
  const asAppUser = (url: string): string =>
    changed(url, (parts) => {
      parts.username = appUser;
      parts.password = "app";
    });

  it("is told to have the owner make it where it is missing, and works where it is there", async () => {
    const url = await server.database();
    await run(url, `CREATE ROLE ${appUser} LOGIN PASSWORD 'app'`);
    await expect(open(asAppUser(url))).rejects.toThrow(/permission denied.*cost-ops init/);
    await (await open(url)).close();
    await run(url, `GRANT ${serverRole} TO ${appUser}`);
    const store = await open(asAppUser(url));
    const bytes = Buffer.from(
      JSON.stringify({ provider: "openai", model: "gpt-4o", input_tokens: 1, occurred_at: "2026-01-01T00:00:00Z" }),
    );
    const [item] = await store.ledger.append("default", {
      shape: "record",
      entry: "usage",
      bytes,
      source: "api",
      requirePrice: false,
    });
    expect(item?.status).toBe("recorded");
    await store.close();
  });
});

describe("an owner of the database who may make no roles", () => {
  it("is told what an administrator has to do, and does not need more than that", async () => {
    const fresh = await startPostgres();
    try {
      const url = await fresh.database();
      const name = new URL(url).pathname.slice(1);
      await run(url, `CREATE ROLE "plain owner" LOGIN PASSWORD 'plain'; ALTER DATABASE ${name} OWNER TO "plain owner"`);
      const asOwner = changed(url, (parts) => {
        parts.username = "plain owner";
        parts.password = "plain";
      });
      await expect(open(asOwner)).rejects.toThrow(/run CREATE ROLE .*; GRANT cost_ops_server TO "plain owner"$/);
      await run(url, `CREATE ROLE ${serverRole} NOLOGIN NOINHERIT NOBYPASSRLS`);
      const refused = await prepareDatabase(new PostgresAddress(asOwner)).catch((error: Error) => error);
      expect(refused).toBeInstanceOf(TransferError);
      const told = /let an administrator of PostgreSQL run (GRANT .*)$/.exec(String(refused))?.[1];
      await run(url, told ?? "");
      const store = await open(asOwner);
      expect(await store.problem()).toBeUndefined();
      await store.close();
    } finally {
      await fresh.stop();
    }
  });
});

describe("a database that does not answer", () => {
  it("is told so after five seconds, and not when its connections are given up", async () => {
    const way = await silenceableWay(await server.databaseWithSchema());
    const store = await open(way.url);
    expect(await store.problem()).toBeUndefined();
    way.silence(true);
    await setTimeout(600);
    const askedAtMs = performance.now();
    expect(await store.problem()).toMatch(/does not answer/);
    expect(performance.now() - askedAtMs).toBeLessThan(15_000);
    way.close();
    await store.close();
  }, 60_000);
});

describe("a database that cannot be opened", () => {
  it.each<[string, (parts: URL) => void, RegExp]>([
    ["a port without a server", (parts) => (parts.port = "1"), /nobody answers/],
    ["a wrong password", (parts) => (parts.password = "wrong"), /password is not right/],
    ["a missing database", (parts) => (parts.pathname = "/nowhere"), /no such database/],
    ["an unknown host", (parts) => (parts.hostname = "db.invalid"), /host is not known|cannot be looked up/],
  ])("is told by its reason: %s", async (_, change, reason) => {
    const opening = open(changed(await server.database(), change));
    await expect(opening).rejects.toThrow(DatabaseProblem);
    await expect(opening).rejects.toThrow(reason);
  });
});
