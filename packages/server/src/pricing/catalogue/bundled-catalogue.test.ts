import { readdirSync, readFileSync } from "node:fs";
import { type MatchClause, type Rate, unsafePatternReason } from "@llm-cost-ops/core";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { applyOverlays, type Overlay } from "./apply-overlays.ts";
import { readBundledCatalogue } from "./bundled-catalogue.ts";
import type { ReadCatalogue } from "./catalogue.ts";
import { unusableReason } from "./from-file.ts";
import { catalogueFromGenaiPrices, type GenaiProvider } from "./from-genai-prices.ts";
import { loadBundledCatalogue } from "./load-bundled-catalogue.ts";
import overlaysJson from "./overlays.json" with { type: "json" };

const overlayFolder = new URL("../../../../../prices/overlays/", import.meta.url);

describe("the overlays", () => {
  test("that the server ships with are those of prices/overlays (else run node scripts/build-overlays.ts)", () => {
    const written = readdirSync(overlayFolder)
      .filter((name) => name.endsWith(".yaml"))
      .sort()
      .map((name) => parse(readFileSync(new URL(name, overlayFolder), "utf8"), { schema: "core" }) as unknown);
    expect(overlaysJson).toEqual(written);
  });

  test("say of each figure where it was read and when", () => {
    for (const overlay of overlaysJson as readonly unknown[] as readonly Overlay[]) {
      const { tiers = [], regions = [], rates = [], derived = [], models = [] } = overlay;
      for (const { source, read } of [...tiers, ...regions, ...rates, ...derived, ...models]) {
        expect(source).toMatch(/\w/);
        expect(read).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      }
    }
  });

  test("that fit no model or name no kind are mistakes that stop", () => {
    const base = catalogueFromGenaiPrices([
      { id: "house", name: "House", models: [{ id: "one", match: { equals: "one" }, prices: { input_mtok: 1 } }] },
    ]);
    const sourced = { source: "a page", read: "2026-11-20" };
    const tier = { service_tier: "batch", factor: "0.5", models: ["two"], ...sourced };
    expect(() => applyOverlays(base, [{ provider: "house", tiers: [tier] }])).toThrow("fits no model");
    expect(() => applyOverlays(base, [{ provider: "nobody" }])).toThrow("unknown provider nobody");
    const rates = [{ ...sourced, of: [{ prices: { thoughts: "1" } }] }];
    expect(() => applyOverlays(base, [{ provider: "house", rates }])).toThrow("thoughts");
  });

  test("never replace what the data say themselves", () => {
    const base = catalogueFromGenaiPrices([
      {
        id: "house",
        name: "House",
        models: [{ id: "one", match: { equals: "one" }, prices: { web_searches_kcount: 7 } }],
      },
    ]);
    const rates = [{ source: "a page", read: "2026-11-20", per: 1_000, of: [{ prices: { web_searches: "9" } }] }];
    const { catalogue } = applyOverlays(base, [{ provider: "house", rates }]);
    expect(catalogue.providers[0]?.models[0]?.prices[0]?.rates).toEqual([
      { kind: "web_searches", price: "7", per: 1_000 },
    ]);
  });
});

describe("reading the genai-prices data", () => {
  const read = (prices: GenaiProvider["models"][number]["prices"]) =>
    catalogueFromGenaiPrices([{ id: "p", name: "P", models: [{ id: "m", match: { equals: "m" }, prices }] }]);
  const pricesOf = ({ catalogue }: ReadCatalogue) => catalogue.providers[0]?.models[0]?.prices ?? [];

  test("prices stay as published, and tiers become rates above a threshold", () => {
    const [price] = pricesOf(
      read({ input_mtok: { base: 1.25, tiers: [{ start: 200_000, price: 2.5 }] }, output_mtok: 10 }),
    );
    expect(price).toMatchObject({ tierMode: "whole_request", validFromMs: null, validToMs: null });
    expect(price?.rates).toEqual([
      { kind: "input", per: 1_000_000, price: "1.25" },
      { kind: "input", per: 1_000_000, price: "2.5", above: 200_000 },
      { kind: "output", per: 1_000_000, price: "10" },
    ]);
  });

  test("dated prices become stretches, and an hour belongs to the dates of the entry before it", () => {
    const prices = pricesOf(
      read([
        { prices: { input_mtok: 1 } },
        { constraint: { start_date: "2026-08-17" }, prices: { input_mtok: 2 } },
        { constraint: { start_time: "01:00:00Z", end_time: "04:00:00Z" }, prices: { input_mtok: 4 } },
      ]),
    );
    const change = Date.parse("2026-08-17T00:00:00Z");
    expect(prices.map(({ validFromMs, validToMs }) => [validFromMs, validToMs])).toEqual([
      [null, change],
      [change, null],
    ]);
    expect(prices[1]?.rates).toEqual([
      { kind: "input", per: 1_000_000, price: "2" },
      { kind: "input", per: 1_000_000, price: "4", timeOfDay: { from: "01:00", to: "04:00" } },
    ]);
  });

  test("a unit without a kind and a model without prices are reported, and a model free by its name costs 0", () => {
    expect(read({ input_mtok: 1, dreams_mtok: 2 }).problems).toEqual([
      { entry: "p/m", message: "dreams_mtok is a unit that the price book does not know; left out" },
    ]);
    const none = read({});
    expect(none.problems).toHaveLength(1);
    expect(none.catalogue.providers[0]?.models).toEqual([]);
    const free = catalogueFromGenaiPrices([
      { id: "p", name: "P", models: [{ id: "m:free", match: { equals: "m:free" }, prices: {} }] },
    ]);
    expect(pricesOf(free)[0]?.rates.map(({ price }) => price)).toEqual(["0", "0"]);
  });

  test("a reseller has copies of its makers' models, except of those that it lists itself", () => {
    const model = (id: string, input: number) => ({ id, match: { equals: id }, prices: { input_mtok: input } });
    const { catalogue } = catalogueFromGenaiPrices([
      { id: "cloud", name: "Cloud", fallback_model_providers: ["maker"], models: [model("a", 5)] },
      { id: "maker", name: "Maker", models: [model("a", 1), model("b", 2)] },
    ]);
    const inputs = catalogue.providers[0]?.models.map(({ model: name, prices }) => [name, prices[0]?.rates[0]?.price]);
    expect(inputs).toEqual([
      ["a", "5"],
      ["b", "2"],
    ]);
  });
});

describe("the bundled catalogue", () => {
  let bundled: ReadCatalogue;
  beforeAll(async () => {
    bundled = await readBundledCatalogue();
  });

  const patterns = (clause: MatchClause): string[] =>
    "regex" in clause
      ? [clause.regex]
      : "or" in clause
        ? clause.or.flatMap(patterns)
        : "and" in clause
          ? clause.and.flatMap(patterns)
          : [];

  test("is usable whole: every price compiles and every pattern is safe", () => {
    const wrong = bundled.catalogue.providers.flatMap(({ id, models }) =>
      models.flatMap(({ model, match, prices }) => [
        ...prices.flatMap((price) => unusableReason(id, model, price) ?? []),
        ...(match === undefined ? [] : patterns(match)).filter((pattern) => unsafePatternReason(pattern) !== undefined),
      ]),
    );
    expect(wrong).toEqual([]);
  });

  test("holds over 40 providers and 1,600 models, and names everything that it leaves out", () => {
    expect(bundled.catalogue.providers.length).toBeGreaterThan(40);
    expect(bundled.catalogue.providers.flatMap(({ models }) => models).length).toBeGreaterThan(1_600);
    const unmapped = bundled.problems.filter(({ message }) => message.includes("does not know"));
    expect(unmapped).toEqual([]);
    expect(bundled.problems).toContainEqual({
      entry: "x-ai/grok-voice-latest",
      message: "audio_hours does not say which direction of the audio it prices; left out",
    });
  });

  test("prices are the published digits, without a float's tail", () => {
    const texts = bundled.catalogue.providers.flatMap(({ models }) =>
      models.flatMap(({ prices }) => prices.flatMap(({ rates }) => rates.map(({ price }: Rate) => price))),
    );
    // The one price with many decimals is a twelfth of a dollar, as OpenRouter publishes it.
    const long = texts.filter((text) => !/^\d+(\.\d{1,9})?$/.test(text));
    expect([...new Set(long)]).toEqual(["0.0833333333333333"]);
  });

  test("is the same when it is read in a process of its own", async () => {
    expect(await loadBundledCatalogue()).toEqual(bundled);
  });
});
