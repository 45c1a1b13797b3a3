import { readdirSync, readFileSync } from "node:fs";
import {
  formatMoney,
  normalizeServiceTier,
  parseInstant,
  type Quantities,
  rateUsage,
  verifyRatedCost,
} from "@llm-cost-ops/core";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { memoryStore } from "../../test/memory-store.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { readBundledCatalogue } from "./catalogue/bundled-catalogue.ts";
import { createPriceBook } from "./price-book.sql.ts";
import { createPriceLookup } from "./price-lookup.sqlite.ts";
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

let lookup: PriceLookup;

beforeAll(async () => {
  const { store, threads } = memoryStore(() => 1_790_000_000_000);
  await createPriceBook(sqliteStore(threads)).applyCatalogue({ ...(await readBundledCatalogue()), source: "bundled" });
  lookup = createPriceLookup(store);
});

function rate({ provider, model, at, service_tier, region, usage }: PriceCase & { readonly provider: string }) {
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
    test(`${one.provider}: ${one.name}`, () => {
      expect(rate(one)).toEqual(one.cost === undefined ? { unpriced: one.unpriced } : { cost: one.cost });
    });
  }
});
