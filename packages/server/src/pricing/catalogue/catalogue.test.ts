import type { CatalogueFile } from "@llm-cost-ops/contract";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { memoryStore } from "../../../test/memory-store.ts";
import type { StoreThread } from "../../sqlite/operation.ts";
import { sqliteStore } from "../../sqlite/store-connection.ts";
import { createPriceBook } from "../price-book.sql.ts";
import type { CatalogueChange, PriceBook } from "../price-book.ts";
import { createPriceLookup } from "../price-lookup.sqlite.ts";
import { readBundledCatalogue } from "./bundled-catalogue.ts";
import { applyFirstCatalogue } from "./first-catalogue.ts";
import { catalogueFromFile } from "./from-file.ts";

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
type Prices = CatalogueFile["providers"][number]["models"][number]["prices"];

let now = 0;
let store: StoreThread;
let book: PriceBook;

beforeEach(() => {
  now = day("2026-06-01");
  const memory = memoryStore(() => now);
  store = memory.store;
  book = createPriceBook(sqliteStore(memory.threads));
});

/** A catalogue of one provider: models by name, with the dollars of a million input tokens or full prices. */
function catalogue(models: Readonly<Record<string, number | Prices>>, effective?: string): CatalogueChange {
  const listed = Object.entries(models).map(([model, prices]) => ({
    model,
    prices: typeof prices === "number" ? [{ input_price_per_million: prices }] : prices,
  }));
  const content = { format: "llm-cost-ops-catalogue", version: 1, providers: [{ id: "openai", models: listed }] };
  const date = effective === undefined ? {} : { effectiveMs: day(effective) };
  return { ...catalogueFromFile(content), source: "file", ...date };
}

function inputPrice(model: string, atMs: number): string {
  const lookup = createPriceLookup(store);
  const found = lookup.find("acme", "openai", model);
  if (found.kind === "unknown") return found.reason;
  const at = found.at(atMs);
  return at.kind === "none" ? at.reason : (at.price.version.rates[0]?.price ?? "none");
}

const rows = () => store.db.prepare("SELECT * FROM price_versions ORDER BY id").all();
const revision = () => store.db.prepare("SELECT value FROM settings WHERE key = 'price_book_revision'").get();

describe("applying a catalogue", () => {
  test("the first one holds since ever", async () => {
    const { version } = await book.applyCatalogue(catalogue({ a: 1 }));
    expect(version).toMatchObject({ id: "1", models: 1, effective_date: null, source: "file" });
    expect(inputPrice("a", 0)).toBe("1");
  });

  test("twice changes nothing, and makes no version", async () => {
    const first = await book.applyCatalogue(catalogue({ a: 1, b: 2 }));
    const before = [rows(), revision()];
    now = day("2026-07-01");
    const second = await book.applyCatalogue(catalogue({ b: 2, a: 1 }));
    expect(second.version).toEqual(first.version);
    expect(second.difference).toMatchObject({ added: [], changed: [], removed: [], unchanged: 2 });
    expect([rows(), revision()]).toEqual(before);
  });

  test("twice changes nothing for the bundled catalogue either", async () => {
    const bundled = { ...(await readBundledCatalogue()), source: "bundled" };
    expect(await applyFirstCatalogue(book, async () => bundled)).toBe(true);
    const before = rows();
    now = day("2027-06-01");
    expect(await applyFirstCatalogue(book, async () => bundled)).toBe(false);
    await book.applyCatalogue(bundled);
    expect(rows()).toEqual(before);
    expect(await book.catalogueVersions()).toHaveLength(1);
  });

  test("a changed price is a new version from the date on; the old one ends there with its rates untouched", async () => {
    await book.applyCatalogue(catalogue({ a: 1, b: 5 }));
    const [old] = store.db.prepare("SELECT id, body FROM price_versions WHERE model = 'a'").all();
    const { version, difference } = await book.applyCatalogue(catalogue({ a: 2, b: 5, c: 7 }, "2026-07-01"));
    expect(version).toMatchObject({ id: "2", effective_date: "2026-07-01T00:00:00.000Z" });
    expect(difference).toEqual({
      added: [{ provider: "openai", model: "c" }],
      changed: [
        {
          provider: "openai",
          model: "a",
          rates: [{ kind: "input", service_tier: null, above: null, before: "1", after: "2" }],
        },
      ],
      removed: [],
      unchanged: 1,
      problems: [],
    });
    expect(inputPrice("a", day("2026-07-01") - 1)).toBe("1");
    expect(inputPrice("a", day("2026-07-01"))).toBe("2");
    expect(store.db.prepare("SELECT id, body FROM price_versions WHERE id = ?").get(String(old?.["id"]))).toEqual(old);
    expect(inputPrice("c", 0)).toBe("7");
  });

  test("a model that is gone keeps its price and is named", async () => {
    await book.applyCatalogue(catalogue({ a: 1, b: 5 }));
    const { difference } = await book.applyCatalogue(catalogue({ a: 1 }));
    expect(difference.removed).toEqual([{ provider: "openai", model: "b" }]);
    expect(inputPrice("b", now)).toBe("5");
  });

  test("an announced price that is called off never holds, and one that stays announced is kept", async () => {
    const announced = (later: number): Prices => [
      { input_price_per_million: 1 },
      { input_price_per_million: later, effective_date: "2027-01-01" },
    ];
    await book.applyCatalogue(catalogue({ a: announced(3), b: announced(3) }));
    const before = store.db.prepare("SELECT * FROM price_versions WHERE model = 'b'").all();
    const { difference } = await book.applyCatalogue(catalogue({ a: announced(4), b: announced(3) }));
    expect(difference.changed).toMatchObject([{ model: "a", rates: [{ before: "3", after: "4" }] }]);
    expect(inputPrice("a", day("2027-01-01") - 1)).toBe("1");
    expect(inputPrice("a", day("2027-01-01"))).toBe("4");
    expect(store.db.prepare("SELECT * FROM price_versions WHERE model = 'b'").all()).toEqual(before);
  });

  test("the preview is what applying does, and changes nothing itself", async () => {
    await book.applyCatalogue(catalogue({ a: 1, b: 5, d: 4 }));
    const next = catalogue({ a: 2, b: 5, c: 7 }, "2026-08-01");
    const before = [rows(), revision()];
    const preview = await book.previewCatalogue(next);
    expect([rows(), revision()]).toEqual(before);
    expect((await book.applyCatalogue(next)).difference).toEqual(preview);
  });

  test("one dated before the newest is refused", async () => {
    await book.applyCatalogue(catalogue({ a: 1 }));
    await book.applyCatalogue(catalogue({ a: 2 }, "2026-09-01"));
    await expect(book.applyCatalogue(catalogue({ a: 3 }, "2026-08-01"))).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(book.previewCatalogue(catalogue({ a: 3 }, "2026-08-01"))).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("problems of the source are passed on", async () => {
    const problems = [{ entry: "openai/a", message: "left out" }];
    const { difference } = await book.applyCatalogue({ ...catalogue({ a: 1 }), problems });
    expect(difference.problems).toEqual(problems);
  });

  test("never moves an instant before its date, and says from then on what it lists (any history)", async () => {
    const months = ["2026-01-01", "2026-03-01", "2026-05-01", "2026-07-01", "2026-09-01", "2026-11-01"];
    const timeline = fc
      .uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 0, maxLength: 3 })
      .chain((starts) =>
        fc.tuple(fc.constant(starts.sort()), fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 })),
      )
      .map(
        ([starts, prices]): Prices => [
          { input_price_per_million: prices[0] ?? 1 },
          ...starts.map((start, index) => ({
            input_price_per_million: prices[index + 1] ?? 1,
            effective_date: months[start] ?? "",
          })),
        ],
      );
    const wanted = (prices: Prices, atMs: number): string =>
      String(
        prices.findLast(({ effective_date }) => effective_date === undefined || day(effective_date) <= atMs)
          ?.input_price_per_million,
      );
    const instants = months.flatMap((month) => [day(month) - 1, day(month), day(month) + 86_400_000]);
    await fc.assert(
      fc.asyncProperty(fc.array(timeline, { minLength: 2, maxLength: 4 }), async (history) => {
        const memory = memoryStore(() => now);
        store = memory.store;
        const fresh = createPriceBook(sqliteStore(memory.threads));
        const [first = [], ...later] = history;
        await fresh.applyCatalogue(catalogue({ a: first }));
        for (const [step, prices] of later.entries()) {
          const effective = ["2026-04-01", "2026-06-15", "2026-08-01"][step] ?? "";
          const before = instants.map((instant) => inputPrice("a", instant));
          await fresh.applyCatalogue(catalogue({ a: prices }, effective));
          const after = instants.map((instant) => inputPrice("a", instant));
          const expected = instants.map((instant, index) =>
            instant < day(effective) ? before[index] : wanted(prices, instant),
          );
          expect(after).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });
});
