import { readdirSync, readFileSync } from "node:fs";
import {
  formatMoney,
  normalizeServiceTier,
  parseInstant,
  type Quantities,
  rateUsage,
  verifyRatedCost,
} from "@llm-cost-ops/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readBundledCatalogue } from "./catalogue/bundled-catalogue.ts";
import { openTestedPriceBook, type TestedPriceBook } from "./price-book-fixture.ts";
import type { PriceLookup } from "./price-lookup.ts";

interface PriceCase {
  readonly name: string;
  readonly provider?: string;
  readonly model: string;
  readonly at: string;
  readonly service_tier?: string;
  readonly region?: string;
  readonly usage: Quantities;
  readonly worked?: string;
  readonly cost?: string;
  readonly unpriced?: string;
}

const folder = new URL("../../../../prices/cases/", import.meta.url);
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => parse(readFileSync(new URL(name, folder), "utf8")) as { provider: string; cases: PriceCase[] });
const cases = files.flatMap(({ provider, cases: list }) => list.map((one) => ({ provider, ...one })));

let prices: TestedPriceBook;

beforeAll(async () => {
  prices = await openTestedPriceBook(() => 1_790_000_000_000);
  await prices.book.applyCatalogue({ ...(await readBundledCatalogue()), source: "bundled" });
});
afterAll(() => prices.close());

type Asked = PriceCase & { readonly provider: string };

function rate(lookup: PriceLookup, { provider, model, at, service_tier, region, usage }: Asked) {
  const found = lookup.find("acme", provider, model);
  if (found.kind === "unknown") return { unpriced: found.reason };
  const occurredAtMs = parseInstant(at);
  if (occurredAtMs === undefined) throw new Error(`${at} is not an instant`);
  const price = found.at(occurredAtMs);
  if (price.kind === "none") return { unpriced: price.reason };
  const serviceTier = normalizeServiceTier(found.provider, service_tier);
  const where = region ?? found.resolution.region ?? null;
  const rated = rateUsage(usage, { occurredAtMs, serviceTier, region: where }, price.price);
  if (rated.kind === "unpriced") return { unpriced: rated.reason };
  expect(verifyRatedCost(rated)).toBe(true);
  return { cost: formatMoney(rated.total) };
}

describe("the bundled prices make the costs that were worked out by hand", () => {
  test("there are at least thirty of them, each worked out", () => {
    expect(cases.length).toBeGreaterThanOrEqual(30);
    expect(cases.filter(({ cost, worked }) => cost !== undefined && worked === undefined)).toEqual([]);
  });

  for (const one of cases) {
    test(`${one.provider}: ${one.name}`, async () => {
      const rated = await prices.find("acme", (lookup) => rate(lookup, one));
      expect(rated).toEqual(one.cost === undefined ? { unpriced: one.unpriced } : { cost: one.cost });
    });
  }
});
