import { PricingInput } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { openPostgres, type PostgresStore } from "../postgres/postgres-store.ts";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { type Store, storeRead } from "../store/operation.ts";
import { catalogueFromFile } from "./catalogue/from-file.ts";
import { createPriceBook } from "./price-book.sql.ts";
import type { PriceBook } from "./price-book.ts";
import type { PriceLookup } from "./price-lookup.ts";
import { withKeptPrices, withPrices } from "./with-prices.sql.ts";

const organizationId = "acme";

interface Question {
  readonly organizationId: string;
  readonly models: readonly string[];
}

interface Found {
  readonly attempts: number;
  readonly versions: readonly (string | undefined)[];
}

/** The price that holds for each model at the end of 2026, and how often it had to be asked for. */
const ask = storeRead<Question, Found>("test.withPrices", async (connection, question) => {
  let attempts = 0;
  return withPrices(connection, question.organizationId, (lookup) => {
    attempts += 1;
    const versions = question.models.map((model) => {
      const found = lookup.find(question.organizationId, "openai", model);
      if (found.kind === "unknown") return undefined;
      const at = found.at(Date.parse("2026-12-31T00:00:00Z"));
      // As a careless caller would: while rows are missing there is no price for a model that is known.
      if (at.kind === "none") throw new Error("no price");
      return at.price.version.id;
    });
    return { attempts, versions };
  });
});

function describePrices(name: string, open: () => Promise<Store>): void {
  describe(`prices for work that computes at once, on ${name}`, () => {
    let store: Store;
    let book: PriceBook;
    beforeAll(async () => {
      store = await open();
      book = createPriceBook(store);
      const prices = [{ input_price_per_million: 1 }];
      const models = [
        { model: "gpt-4o", prices },
        { model: "gpt-4o-mini", prices },
      ];
      const content = { format: "llm-cost-ops-catalogue", version: 1, providers: [{ id: "openai", models }] };
      await book.applyCatalogue({ ...catalogueFromFile(content), source: "file" });
    });

    it("reads what is missing all at once, and nothing again while the price book stays as it is", async () => {
      const first = await store.run(ask, { organizationId, models: ["gpt-4o", "gpt-4o-mini", "nobodys"] });
      expect(first.attempts).toBeLessThanOrEqual(3);
      expect(first.versions).toEqual([expect.any(String), expect.any(String), undefined]);
      const second = await store.run(ask, { organizationId, models: ["gpt-4o-mini", "gpt-4o"] });
      expect(second).toEqual({ attempts: 1, versions: [first.versions[1], first.versions[0]] });
    });

    it("follows a change of prices and aliases, of one organization alone", async () => {
      const terms = { provider: "openai", model: "gpt-4o", input_price_per_million: 10, output_price_per_million: 30 };
      const own = await book.create(organizationId, PricingInput.parse({ ...terms, effective_date: "2026-01-01" }));
      await book.putAlias(organizationId, "openai", "ours", "gpt-4o");
      const mine = await store.run(ask, { organizationId, models: ["ours", "gpt-4o"] });
      expect(mine.versions).toEqual([own.id, own.id]);
      const others = await store.run(ask, { organizationId: "other", models: ["ours", "gpt-4o"] });
      expect(others.versions).toEqual([undefined, expect.not.stringContaining(own.id)]);
    });

    it("gives nothing from what was kept while a row is missing, and then what was read", async () => {
      const two = storeRead<Question, { readonly first: boolean; readonly later: string | undefined }>(
        "test.keptPrices",
        async (connection, { models: [model = ""] }) => {
          const find = (lookup: PriceLookup): string | undefined => {
            const found = lookup.find("fresh", "openai", model);
            const at = found.kind === "known" ? found.at(0) : undefined;
            return at?.kind === "found" ? at.price.version.id : undefined;
          };
          await withPrices(connection, "fresh", () => 0);
          const first = withKeptPrices(connection, "fresh", find) === undefined;
          return { first, later: await withPrices(connection, "fresh", find) };
        },
      );
      const said = await store.run(two, { organizationId: "fresh", models: ["gpt-4o-mini"] });
      expect(said).toEqual({ first: true, later: expect.any(String) });
    });

    it("passes on what the work throws once nothing is missing", async () => {
      const broken = storeRead<{ readonly organizationId: string }, never>("test.broken", async (connection) =>
        withPrices(connection, organizationId, (): never => {
          throw new Error("a bug of the work");
        }),
      );
      await expect(store.run(broken, { organizationId })).rejects.toThrow("a bug of the work");
    });
  });
}

describePrices("SQLite", async () => sqliteStore(memoryStore(() => 0).threads));

const server = sharedPostgres();
const opened: PostgresStore[] = [];
afterAll(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await server.drop();
});

describePrices("PostgreSQL", async () => {
  const store = await openPostgres({ url: await server.databaseWithSchema(), poolSize: 2, now: () => 0 });
  opened.push(store);
  return store;
});
