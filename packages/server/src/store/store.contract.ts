import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Refusal } from "../refusal.ts";
import { installationRead, installationWrite, type Store, storeRead, storeWrite } from "./operation.ts";

/** A store under test that runs any operation, also those that no server has. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

interface Named {
  readonly organizationId: string;
  readonly name: string;
}

interface ProviderRow {
  readonly provider: string;
  readonly created_at: number | bigint;
}

const insertProvider = "INSERT INTO providers (organization_id, provider, name, created_at) VALUES (?, ?, ?, ?)";

/** The operations that the suite runs; the embedded store must find them on its threads. */
export const contractOperations = {
  add: storeWrite<Named & { readonly createdAt?: number | bigint }, number>(
    "contract.add",
    async (connection, { organizationId, name, createdAt }) =>
      connection.run(insertProvider, organizationId, name, name, createdAt ?? 1),
  ),
  addThenRefuse: storeWrite<Named, void>("contract.addThenRefuse", async (connection, { organizationId, name }) => {
    await connection.run(insertProvider, organizationId, name, name, 1);
    throw new Refusal("CONFLICT", "no", { fieldErrors: { name: "is taken" }, details: { attempt: 1 } });
  }),
  list: storeRead<{ readonly organizationId: string }, readonly ProviderRow[]>(
    "contract.list",
    async (connection, { organizationId }) =>
      connection.all<ProviderRow>(
        "SELECT provider, created_at FROM providers WHERE organization_id = ? ORDER BY provider",
        organizationId,
      ),
  ),
  count: installationRead<{ readonly name: string }, number>(
    "contract.count",
    async (connection, { name }) =>
      (
        await connection.get<{ n: number }>(
          "SELECT count(*) AS n FROM providers WHERE provider = ?1 OR name = ?1",
          name,
        )
      )?.n ?? -1,
  ),
  /** Reads, then writes what it read plus one: two of them at once must not both read the same. */
  increment: storeWrite<{ readonly organizationId: string }, number>(
    "contract.increment",
    async (connection, { organizationId }) => {
      const row = await connection.get<{ created_at: number }>(
        "SELECT created_at FROM providers WHERE organization_id = ? AND provider = 'counter'",
        organizationId,
      );
      const next = (row?.created_at ?? 0) + 1;
      await connection.run(
        `INSERT INTO providers (organization_id, provider, name, created_at) VALUES (?, 'counter', 'it''s ?', ?)
         ON CONFLICT (organization_id, provider) DO UPDATE SET created_at = excluded.created_at`,
        organizationId,
        next,
      );
      return next;
    },
  ),
  clear: installationWrite<Record<string, never>, number>("contract.clear", async (connection) =>
    connection.run("DELETE FROM providers WHERE organization_id <> ''"),
  ),
} as const;

/** What every store must do for the operations that are written once for all of them. */
export function describeStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the store on ${name}`, () => {
    const { add, addThenRefuse, list, count, increment, clear } = contractOperations;
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await open();
    });
    afterEach(() => tested.close());

    it("reads what was written, with numbers as they are and large ones whole", async () => {
      const { store } = tested;
      expect(await store.run(add, { organizationId: "one", name: "b", createdAt: 2 ** 52 })).toBe(1);
      expect(await store.run(add, { organizationId: "one", name: "a" })).toBe(1);
      expect(await store.run(list, { organizationId: "one" })).toEqual([
        { provider: "a", created_at: 1 },
        { provider: "b", created_at: 2 ** 52 },
      ]);
    });

    it("takes back everything of an operation that refuses, and hands on its refusal whole", async () => {
      const { store } = tested;
      const refused = store.run(addThenRefuse, { organizationId: "one", name: "x" });
      await expect(refused).rejects.toBeInstanceOf(Refusal);
      await expect(refused).rejects.toMatchObject({
        code: "CONFLICT",
        fieldErrors: { name: "is taken" },
        details: { attempt: 1 },
      });
      expect(await store.run(count, { name: "x" })).toBe(0);
    });

    it("runs the writes of one organization one after the other", async () => {
      const { store } = tested;
      const seen = await Promise.all(
        Array.from({ length: 40 }, (_, index) => store.run(increment, { organizationId: index % 2 ? "one" : "two" })),
      );
      const wanted = Array.from({ length: 20 }, (_, index) => index + 1);
      expect(seen.filter((_, index) => index % 2 === 0).sort((a, b) => a - b)).toEqual(wanted);
      expect(seen.filter((_, index) => index % 2 === 1).sort((a, b) => a - b)).toEqual(wanted);
    });

    it("sees every organization's rows only where an operation is the installation's", async () => {
      const { store } = tested;
      await store.run(add, { organizationId: "one", name: "same" });
      await store.run(add, { organizationId: "two", name: "same" });
      expect(await store.run(list, { organizationId: "one" })).toHaveLength(1);
      expect(await store.run(count, { name: "same" })).toBe(2);
      expect(await store.run(clear, {})).toBe(2);
    });

    it("orders text byte by byte", async () => {
      const { store } = tested;
      for (const each of ["é", "a", "B", "Z", "_", "b"]) await store.run(add, { organizationId: "one", name: each });
      const rows = await store.run(list, { organizationId: "one" });
      expect(rows.map(({ provider }) => provider)).toEqual(["B", "Z", "_", "a", "b", "é"]);
    });
  });
}
