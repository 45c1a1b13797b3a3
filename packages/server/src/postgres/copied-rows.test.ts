import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { storeRead } from "../store/operation.ts";
import { contractOperations } from "../store/store.contract.ts";
import { openPostgres, type PostgresStore } from "./postgres-store.ts";
import { sharedPostgres } from "./shared-postgres-fixture.ts";
import { silenceableWay } from "./silenceable-way-fixture.ts";

const server = sharedPostgres();
let url: string;
let store: PostgresStore;
beforeAll(async () => {
  url = await server.databaseWithSchema();
  store = await openPostgres({ url, poolSize: 1, now: Date.now });
});
afterAll(async () => {
  await store.close();
  await server.drop();
});

interface Asked {
  readonly organizationId: string;
  readonly sql: string;
  readonly values?: readonly (string | number)[];
  readonly take?: (row: readonly (string | undefined)[]) => void;
}

type Rows = readonly (readonly (string | undefined)[])[];

/** Copies rows, in hexadecimal, and asks something else behind them. */
const copy = storeRead(
  "test.copy",
  async (connection, { organizationId, sql, values = [], take }: Asked): Promise<{ rows: Rows; behind: unknown }> => {
    const rows: (string | undefined)[][] = [];
    const problem = await connection
      .copied?.(
        sql,
        (fields) => {
          const row = fields.map((field) => field?.toString("hex"));
          take?.(row);
          rows.push(row);
        },
        ...values,
      )
      .catch((error: unknown) => ({ error }));
    if (problem !== undefined && take === undefined) throw problem.error;
    return { rows, behind: problem?.error ?? (await connection.get("SELECT CAST(? AS TEXT) AS org", organizationId)) };
  },
);
const whichConnection = storeRead(
  "test.whichConnection",
  async (connection, _: { readonly organizationId: string }) =>
    (await connection.get<{ readonly pid: number }>("SELECT pg_backend_pid() AS pid"))?.pid,
);
const ask = (sql: string, values: readonly (string | number)[] = []) =>
  store.run(copy, { organizationId: "one", sql, values });

const org = { org: "one" };

describe("rows that are copied out", () => {
  it("are their bytes, whole numbers, texts and NULL, with values in their places", async () => {
    expect(
      await ask("SELECT ?2, CAST(?1 AS bytea), CAST(NULL AS text), CAST(-1 AS bigint)", ["\\x00ff", "it's \\ ?"]),
    ).toEqual({
      rows: [[Buffer.from("it's \\ ?").toString("hex"), "00ff", undefined, "ffffffffffffffff"]],
      behind: org,
    });
  });

  it("may be none", async () => {
    expect(await ask("SELECT 1 WHERE false")).toEqual({ rows: [], behind: org });
  });

  it("come in their order, however large they are", async () => {
    const { rows } = await ask(
      "SELECT n, CAST(repeat(chr(97 + n), n * 40000) AS bytea) FROM generate_series(0, 24) AS n",
    );
    expect(rows.map(([n, bytes]) => [n, bytes?.length])).toEqual(
      Array.from({ length: 25 }, (_, n) => [n.toString(16).padStart(8, "0"), n * 80_000]),
    );
    expect(rows.every(([, bytes = ""]) => new Set(bytes.match(/../g)).size <= 1)).toBe(true);
  });

  it.each([
    ["what is left is read to its end, and the connection is as before", 12, true],
    ["of very much that is left nothing is read, and another connection serves", 1_000, false],
  ])("end with the first that the taker refuses: %s", async (_, count, stays) => {
    const before = await store.run(whichConnection, { organizationId: "one" });
    let taken = 0;
    const take = (): void => {
      taken += 1;
      if (taken === 3) throw new RangeError("enough");
    };
    const sql = `SELECT repeat('x', 50000) FROM generate_series(1, ${count})`;
    const { rows, behind } = await store.run(copy, { organizationId: "one", sql, take });
    expect([rows.length, taken, behind]).toEqual([2, 3, new RangeError("enough")]);
    expect((await store.run(whichConnection, { organizationId: "one" })) === before).toBe(stays);
    expect(await ask("SELECT CAST(7 AS smallint)")).toEqual({ rows: [["0007"]], behind: org });
  });

  it("end with the server's error", async () => {
    await expect(ask("SELECT 1 / (5 - n) FROM generate_series(1, 9) AS n")).rejects.toThrow("division by zero");
    await expect(ask("SELECT nothing")).rejects.toThrow("nothing");
    expect(await ask("SELECT CAST(7 AS smallint)")).toEqual({ rows: [["0007"]], behind: org });
  });

  it("are no more than row-level security lets through", async () => {
    const providers = "SELECT provider FROM providers WHERE organization_id <> ''";
    await store.run(contractOperations.add, { organizationId: "one", name: "own" });
    await store.run(contractOperations.add, { organizationId: "another", name: "foreign" });
    expect((await ask(providers)).rows).toEqual([[Buffer.from("own").toString("hex")]]);
  });

  it("that do not come are waited for so long, and no longer", async () => {
    const way = await silenceableWay(await server.databaseWithSchema());
    const silent = await openPostgres({ url: way.url, poolSize: 1, now: Date.now, silentAfterMs: 300 });
    const copyInSilence = storeRead(
      "test.copyInSilence",
      async (connection, _: { readonly organizationId: string }) => {
        way.silence(true);
        await connection.copied?.("SELECT 1", () => undefined);
      },
    );
    await expect(silent.run(copyInSilence, { organizationId: "one" })).rejects.toMatchObject({ code: "UNAVAILABLE" });
    way.silence(false);
    // On a busy machine a first answer may take longer than the little that is waited for here.
    const sql = "SELECT CAST(7 AS smallint)";
    await vi.waitFor(
      async () => expect(await silent.run(copy, { organizationId: "one", sql })).toMatchObject({ behind: org }),
      20_000,
    );
    await silent.close();
    way.close();
  });

  it("are ended when nobody waits for them", async () => {
    const ending = new AbortController();
    const endless = storeRead("test.endless", async (connection, _: { readonly organizationId: string }) =>
      connection.copied?.("SELECT repeat('x', 50000), pg_sleep(0.01) FROM generate_series(1, 100000)", () =>
        ending.abort(),
      ),
    );
    await expect(store.run(endless, { organizationId: "one" }, undefined, ending.signal)).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    expect(await ask("SELECT CAST(7 AS smallint)")).toEqual({ rows: [["0007"]], behind: org });
  });

  it("end with their connection, and the next has one", async () => {
    const pid = await store.run(whichConnection, { organizationId: "one" });
    const killer = new pg.Client({ connectionString: url });
    await killer.connect();
    let killed: Promise<unknown> | undefined;
    const killedInTheMiddle = storeRead("test.killed", async (connection, _: { readonly organizationId: string }) =>
      connection.copied?.("SELECT repeat('x', 50000), pg_sleep(0.01) FROM generate_series(1, 100000)", () => {
        killed ??= killer.query("SELECT pg_terminate_backend($1)", [pid]);
      }),
    );
    await expect(store.run(killedInTheMiddle, { organizationId: "one" })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    await killed;
    await killer.end();
    expect(await ask("SELECT CAST(7 AS smallint)")).toEqual({ rows: [["0007"]], behind: org });
  });
});
