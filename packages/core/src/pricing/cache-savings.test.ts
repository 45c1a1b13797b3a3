import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Quantities, UsageKind } from "../usage/usage-kinds.ts";
import { cacheSavingFormula, explainCacheSavings } from "./cache-savings.ts";
import { compilePriceVersion } from "./compile-price.ts";
import type { PriceVersion, Rate } from "./price-version.ts";
import { rateUsage } from "./rate-usage.ts";

const base: PriceVersion = {
  id: "p1",
  provider: "p",
  model: "m",
  source: { kind: "catalogue", catalogueVersion: "1" },
  currency: "USD",
  validFromMs: null,
  validToMs: null,
  tierMode: "whole_request",
  contextBasis: "all_input",
  rates: [],
  multipliers: [
    { serviceTier: "batch", factor: "0.5" },
    { region: "eu", factor: "1.1" },
  ],
};
const standard = { occurredAtMs: 0, serviceTier: "standard", region: null } as const;
const perMillion = (kind: UsageKind, price: string, above?: number): Rate => ({
  kind,
  price,
  per: 1_000_000,
  ...(above === undefined ? {} : { above }),
});
const claude = [perMillion("input", "3"), perMillion("cache_read", "0.3"), perMillion("cache_write_5m", "3.75")];

/** What `rateUsage` says was saved; "unpriced" where there is no price. */
function savedOn(version: PriceVersion, quantities: Quantities, context: Parameters<typeof rateUsage>[1] = standard) {
  const rated = rateUsage(quantities, context, compilePriceVersion(version));
  return rated.kind === "priced" ? rated.cacheSavings : "unpriced";
}

describe("what caching saved", () => {
  it.each<[string, readonly Rate[], Quantities, bigint | null]>([
    ["is the plain price of what was read less its own", claude, { input: 10, cache_read: 9_000 }, 24_300_000_000n],
    ["is negative where writing cost more", claude, { input: 10, cache_write_5m: 4_000 }, -3_000_000_000n],
    ["is the difference of reads and writes", claude, { cache_read: 9_000, cache_write_5m: 4_000 }, 21_300_000_000n],
    ["takes the longer cache at the price that it is charged at", claude, { cache_write_1h: 1 }, -750_000n],
    ["is 0 where nothing was cached", claude, { input: 10 }, 0n],
    ["is 0 where a count of cached tokens is 0", claude, { input: 10, cache_read: 0 }, 0n],
    ["is 0 where cached tokens have no price of their own", [perMillion("input", "3")], { cache_read: 5 }, 0n],
    ["is not known without a plain price", [perMillion("cache_read", "0.3")], { cache_read: 5 }, null],
    ["is 0 without a plain price and without a cache", [perMillion("output", "9")], { output: 5 }, 0n],
    [
      "compares audio with audio",
      [...claude, perMillion("input_audio", "30"), perMillion("cache_read_audio", "1")],
      { cache_read_audio: 1 },
      29_000_000n,
    ],
    [
      "is whole where one kind has no plain price",
      [perMillion("input_audio", "1"), perMillion("cache_read", "0.3")],
      { cache_read: 1, cache_read_audio: 1 },
      null,
    ],
  ])("%s", (_, rates, quantities, saved) => {
    expect(savedOn({ ...base, rates }, quantities)).toBe(saved);
  });

  it("is written so that it can be redone", () => {
    const compiled = compilePriceVersion({ ...base, rates: claude });
    const quantities = { input: 10, cache_read: 9_000, cache_write_5m: 4_000 };
    const context = { ...standard, serviceTier: "batch" };
    expect(explainCacheSavings(quantities, context, compiled).map((one) => cacheSavingFormula(one, "USD"))).toEqual([
      "9,000 × $3.00 / 1,000,000 × 0.5 (batch) − 9,000 × $0.30 / 1,000,000 × 0.5 (batch) = $0.01215",
      "4,000 × $3.00 / 1,000,000 × 0.5 (batch) − 4,000 × $3.75 / 1,000,000 × 0.5 (batch) = -$0.0015",
    ]);
    const marginal = compilePriceVersion({
      ...base,
      tierMode: "marginal",
      rates: [...claude, perMillion("input", "6", 10)],
    });
    expect(
      explainCacheSavings({ cache_read: 15 }, standard, marginal).map((one) => cacheSavingFormula(one, "USD")),
    ).toEqual(["(10 × $3.00 / 1,000,000 + 5 × $6.00 / 1,000,000) − 15 × $0.30 / 1,000,000 = $0.0000555"]);
  });
});

interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

function fraction(text: string): Fraction {
  const [whole = "0", digits = ""] = text.split(".");
  return { over: BigInt(whole + digits), under: 10n ** BigInt(digits.length) };
}

/** At 10⁻¹², ties to the even neighbour; of what is not negative. */
function rounded({ over, under }: Fraction): bigint {
  const below = (over * 10n ** 12n) / under;
  const rest = over * 10n ** 12n - below * under;
  return rest * 2n > under || (rest * 2n === under && below % 2n === 1n) ? below + 1n : below;
}

const parents: { readonly [K in UsageKind]?: UsageKind } = {
  cache_read: "input",
  cache_read_audio: "cache_read",
  cache_write_5m: "input",
  cache_write_1h: "cache_write_5m",
  input_audio: "input",
};
const plainOf = {
  cache_read: "input",
  cache_read_audio: "input_audio",
  cache_write_5m: "input",
  cache_write_1h: "input",
} as const;

/** The published price of a kind for a call, by reading the list of rates from top to bottom. */
function priceOf(rates: readonly Rate[], kind: UsageKind, tokens: number, hour: number): Rate | undefined {
  let found: Rate | undefined;
  const rank = ({ timeOfDay, above = -1 }: Rate): number => (timeOfDay === undefined ? 0 : 1e9) + above;
  for (const rate of rates) {
    if (rate.kind !== kind || tokens <= (rate.above ?? -1)) continue;
    if (rate.timeOfDay !== undefined && !(hour >= 8 && hour < 16)) continue;
    if (found === undefined || rank(rate) > rank(found)) found = rate;
  }
  const parent = parents[kind];
  return found ?? (parent === undefined ? undefined : priceOf(rates, parent, tokens, hour));
}

const kinds = ["input", "input_audio", ...(Object.keys(plainOf) as (keyof typeof plainOf)[])] as const;
const price = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 9n }), fc.integer({ min: 0, max: 9 }))
  .map(([digits, scale]) => {
    const text = digits.toString().padStart(scale + 1, "0");
    return scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
  });
const daytime = { from: "08:00", to: "16:00" } as const;
const rates = fc.uniqueArray(
  fc
    .record({
      kind: fc.constantFrom(...kinds),
      price,
      per: fc.constantFrom(1, 7, 1_000, 1_000_000),
      above: fc.constantFrom(undefined, undefined, 1_000),
      timeOfDay: fc.constantFrom(undefined, undefined, daytime),
    })
    .map(({ above, timeOfDay, ...rate }) => ({
      ...rate,
      ...(above === undefined ? {} : { above }),
      ...(timeOfDay === undefined ? {} : { timeOfDay }),
    })),
  { selector: (rate) => `${rate.kind} ${rate.above} ${rate.timeOfDay?.from}`, minLength: 1, maxLength: 14 },
);
const count = fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 2 ** 50 }));
const quantities = fc.record(Object.fromEntries(kinds.map((kind) => [kind, count])), { requiredKeys: [] });

describe("for any price and any counts", () => {
  it("the saving is that of school arithmetic on the same prices, and its parts sum to it", () => {
    fc.assert(
      fc.property(
        rates,
        quantities as fc.Arbitrary<Quantities>,
        fc.integer({ min: 0, max: 23 }),
        fc.constantFrom("standard", "batch"),
        fc.constantFrom(null, "eu"),
        (published, counted, hour, serviceTier, region) => {
          const version = { ...base, rates: published };
          const context = { occurredAtMs: hour * 3_600_000, serviceTier, region };
          const saved = savedOn(version, counted, context);
          if (saved === "unpriced") return;
          const tokens = Object.values(counted).reduce((sum, each) => sum + each, 0);
          const factors = [serviceTier === "batch" ? "0.5" : "1", region === null ? "1" : "1.1"].map(fraction);
          const amount = (quantity: number, rate: Rate): bigint =>
            rounded(
              factors.reduce<Fraction>((a, b) => ({ over: a.over * b.over, under: a.under * b.under }), {
                over: fraction(rate.price).over * BigInt(quantity),
                under: fraction(rate.price).under * BigInt(rate.per),
              }),
            );
          let expected: bigint | null = 0n;
          for (const [kind, plain] of Object.entries(plainOf) as [UsageKind, UsageKind][]) {
            const quantity = counted[kind] ?? 0;
            if (quantity === 0 || expected === null) continue;
            const [own, other] = [kind, plain].map((each) => priceOf(published, each, tokens, hour));
            if (own === undefined) throw new Error("A priced call has a price for each kind.");
            expected = other === undefined ? null : expected + amount(quantity, other) - amount(quantity, own);
          }
          expect(saved).toBe(expected);
          const parts = explainCacheSavings(counted, context, compilePriceVersion(version));
          expect(parts.reduce((sum, part) => sum + part.saved, 0n)).toBe(saved ?? 0n);
        },
      ),
      { numRuns: 600 },
    );
  });

  it("a marginal price is compared token by token, each in the band where it lies", () => {
    const cents = fc.integer({ min: 0, max: 900 }).map((value) => (value / 100).toFixed(2));
    const small = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(
        fc.tuple(cents, cents, cents, cents),
        fc.record({ input: small, cache_read: small, cache_write_5m: small }),
        ([plain, plainAbove, read, readAbove], counted) => {
          const published = [
            perMillion("input", plain),
            perMillion("input", plainAbove, 50),
            perMillion("cache_read", read),
            perMillion("cache_read", readAbove, 50),
          ];
          const microsOf = (text: string): bigint => BigInt(Math.round(Number(text) * 100)) * 10_000n;
          let expected = 0n;
          for (let at = 1; at <= counted.cache_read; at += 1) {
            const isAbove = counted.input + at > 50;
            expected += microsOf(isAbove ? plainAbove : plain) - microsOf(isAbove ? readAbove : read);
          }
          expect(savedOn({ ...base, rates: published, tierMode: "marginal" }, counted)).toBe(expected);
        },
      ),
      { numRuns: 200 },
    );
  });
});
