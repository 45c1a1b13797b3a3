import type { CatalogueFile } from "@llm-cost-ops/contract";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testedStore } from "../../store/database-fixture.ts";
import type { CatalogueChange, PriceBook } from "../price-book.ts";
import { openTestedPriceBook, type TestedPriceBook } from "../price-book-fixture.ts";
import { readBundledCatalogue } from "./bundled-catalogue.ts";
import { applyFirstCatalogue } from "./first-catalogue.ts";
import { catalogueFromFile } from "./from-file.ts";

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
type Prices = CatalogueFile["providers"][number]["models"][number]["prices"];

let now = 0;
let prices: TestedPriceBook;
let book: PriceBook;

beforeEach(async () => {
  now = day("2026-06-01");
  prices = await openTestedPriceBook(() => now);
  book = prices.book;
});
afterEach(() => prices.close());

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

const inputPrice = (model: string, atMs: number): Promise<string> => prices.inputPrice("acme", model, atMs);
const rows = () => prices.rows("SELECT * FROM price_versions ORDER BY id");
const rowsOf = (model: string) => prices.rows(`SELECT * FROM price_versions WHERE model = '${model}' ORDER BY id`);
const revision = () => prices.rows("SELECT value FROM settings WHERE key = 'price_book_revision'");

describe("applying a catalogue", () => {
  test("the first one holds since ever", async () => {
    const { version } = await book.applyCatalogue(catalogue({ a: 1 }));
    expect(version).toMatchObject({ id: "1", models: 1, effective_date: null, source: "file" });
    expect(await inputPrice("a", 0)).toBe("1");
  });

  test("twice changes nothing, and makes no version", async () => {
    const first = await book.applyCatalogue(catalogue({ a: 1, b: 2 }));
    const before = [await rows(), await revision()];
    now = day("2026-07-01");
    const second = await book.applyCatalogue(catalogue({ b: 2, a: 1 }));
    expect(second.version).toEqual(first.version);
    expect(second.difference).toMatchObject({ added: [], changed: [], removed: [], unchanged: 2 });
    expect([await rows(), await revision()]).toEqual(before);
  });

  test("twice changes nothing for the bundled catalogue either", async () => {
    const bundled = { ...(await readBundledCatalogue()), source: "bundled" };
    expect(await applyFirstCatalogue(book, async () => bundled)).toBe(true);
    const before = await rows();
    now = day("2027-06-01");
    expect(await applyFirstCatalogue(book, async () => bundled)).toBe(false);
    await book.applyCatalogue(bundled);
    expect(await rows()).toEqual(before);
    expect(await book.catalogueVersions()).toHaveLength(1);
  });

  test("a changed price is a new version from the date on; the old one ends there with its rates untouched", async () => {
    await book.applyCatalogue(catalogue({ a: 1, b: 5 }));
    const [old] = await rowsOf("a");
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
    expect(await inputPrice("a", day("2026-07-01") - 1)).toBe("1");
    expect(await inputPrice("a", day("2026-07-01"))).toBe("2");
    const after = (await rowsOf("a")).find(({ id }) => id === old?.["id"]);
    expect(after?.["body"]).toEqual(old?.["body"]);
    expect(await inputPrice("c", 0)).toBe("7");
  });

  test("a model that is gone keeps its price and is named", async () => {
    await book.applyCatalogue(catalogue({ a: 1, b: 5 }));
    const { difference } = await book.applyCatalogue(catalogue({ a: 1 }));
    expect(difference.removed).toEqual([{ provider: "openai", model: "b" }]);
    expect(await inputPrice("b", now)).toBe("5");
  });

  test("an announced price that is called off never holds, and one that stays announced is kept", async () => {
    const announced = (later: number): Prices => [
      { input_price_per_million: 1 },
      { input_price_per_million: later, effective_date: "2027-01-01" },
    ];
    await book.applyCatalogue(catalogue({ a: announced(3), b: announced(3) }));
    const before = await rowsOf("b");
    const { difference } = await book.applyCatalogue(catalogue({ a: announced(4), b: announced(3) }));
    expect(difference.changed).toMatchObject([{ model: "a", rates: [{ before: "3", after: "4" }] }]);
    expect(await inputPrice("a", day("2027-01-01") - 1)).toBe("1");
    expect(await inputPrice("a", day("2027-01-01"))).toBe("4");
    expect(await rowsOf("b")).toEqual(before);
  });

  test("the preview is what applying does, and changes nothing itself", async () => {
    await book.applyCatalogue(catalogue({ a: 1, b: 5, d: 4 }));
    const next = catalogue({ a: 2, b: 5, c: 7 }, "2026-08-01");
    const before = [await rows(), await revision()];
    const preview = await book.previewCatalogue(next);
    expect([await rows(), await revision()]).toEqual(before);
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
    const inputPrices = () => Promise.all(instants.map((instant) => inputPrice("a", instant)));
    await fc.assert(
      fc.asyncProperty(fc.array(timeline, { minLength: 2, maxLength: 4 }), async (history) => {
        await prices.close();
        prices = await openTestedPriceBook(() => now);
        const fresh = prices.book;
        const [first = [], ...later] = history;
        await fresh.applyCatalogue(catalogue({ a: first }));
        for (const [step, listed] of later.entries()) {
          const effective = ["2026-04-01", "2026-06-15", "2026-08-01"][step] ?? "";
          const before = await inputPrices();
          await fresh.applyCatalogue(catalogue({ a: listed }, effective));
          const after = await inputPrices();
          const expected = instants.map((instant, index) =>
            instant < day(effective) ? before[index] : wanted(listed, instant),
          );
          expect(after).toEqual(expected);
        }
      }),
      // A database for each history takes a while on PostgreSQL.
      { numRuns: testedStore() === "sqlite" ? 60 : 12 },
    );
  });
});
