import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatMoney, parseMoney } from "../money/money.ts";
import { parentKind, type Quantities, type UsageKind, usageKinds } from "../usage/usage-kinds.ts";
import { compilePriceVersion } from "./compile-price.ts";
import { verifyRatedCost } from "./explain-cost.ts";
import type { PriceVersion, Rate } from "./price-version.ts";
import { rateUsage } from "./rate-usage.ts";

/** The oracle: school arithmetic on fractions, sharing no code with the engine. */
interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

function fraction(text: string): Fraction {
  const [whole = "0", digits = ""] = text.split(".");
  return { over: BigInt(whole + digits), under: BigInt(`1${"0".repeat(digits.length)}`) };
}

const times = (a: Fraction, b: Fraction): Fraction => ({ over: a.over * b.over, under: a.under * b.under });

/** Rounded to 12 decimals by comparing the distance to both neighbours; the even one where they are the same. */
function roundedPico({ over, under }: Fraction): bigint {
  const scaled = over * 1_000_000_000_000n;
  const below = scaled / under;
  const distanceBelow = scaled - below * under;
  const distanceAbove = (below + 1n) * under - scaled;
  if (distanceBelow !== distanceAbove) return distanceBelow < distanceAbove ? below : below + 1n;
  return below % 2n === 0n ? below : below + 1n;
}

const readKinds: readonly UsageKind[] = usageKinds.slice(0, usageKinds.indexOf("output"));

function oracleTotal(version: PriceVersion, quantities: Quantities, factors: readonly string[]): bigint {
  const read = readKinds.reduce((sum, kind) => sum + BigInt(quantities[kind] ?? 0), 0n);
  let total = 0n;
  for (const kind of usageKinds) {
    const quantity = quantities[kind];
    if (quantity === undefined || quantity === 0) continue;
    let rated: Rate | undefined;
    for (let at: UsageKind | undefined = kind; at !== undefined && rated === undefined; at = parentKind[at]) {
      for (const rate of version.rates) {
        if (rate.kind !== at || (rate.above !== undefined && read <= BigInt(rate.above))) continue;
        if (rated === undefined || (rate.above ?? -1) > (rated.above ?? -1)) rated = rate;
      }
    }
    if (rated === undefined) throw new Error(`The generated version prices every kind, but not ${kind}.`);
    const price = times(fraction(rated.price), { over: BigInt(quantity), under: BigInt(rated.per) });
    total += roundedPico(factors.map(fraction).reduce(times, price));
  }
  return total;
}

const price = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 9n }), fc.integer({ min: 0, max: 9 }))
  .map(([digits, scale]) => {
    const text = digits.toString().padStart(scale + 1, "0");
    return scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
  });

const roots = usageKinds.filter((kind) => parentKind[kind] === undefined);
const others = usageKinds.filter((kind) => parentKind[kind] !== undefined);
const per = fc.constantFrom(1, 3, 7, 1000, 60_000, 1_000_000);

/** Versions that price every root kind, some others, and some again above a threshold. */
const versions = fc
  .record({
    roots: fc.tuple(...roots.map((kind) => fc.record({ kind: fc.constant(kind), price, per }))),
    others: fc
      .subarray(others)
      .chain((kinds) => fc.tuple(...kinds.map((kind) => fc.record({ kind: fc.constant(kind), price, per })))),
    tiered: fc.uniqueArray(
      fc.record({ kind: fc.constantFrom(...usageKinds), price, per, above: fc.constantFrom(0, 128_000, 200_000) }),
      {
        selector: ({ kind, above }) => `${kind}|${above}`,
        maxLength: 8,
      },
    ),
  })
  .map(
    (parts): PriceVersion => ({
      id: "generated",
      provider: "p",
      model: "m",
      source: { kind: "catalogue", catalogueVersion: "1" },
      currency: "USD",
      validFromMs: null,
      validToMs: null,
      tierMode: "whole_request",
      contextBasis: "all_input",
      rates: [...parts.roots, ...parts.others, ...parts.tiered],
      multipliers: [
        { serviceTier: "batch", factor: "0.5" },
        { region: "us", factor: "1.1" },
      ],
    }),
  );

function quantitiesOf(counts: fc.Arbitrary<number>): fc.Arbitrary<Quantities> {
  return fc
    .dictionary(fc.constantFrom(...usageKinds), counts, { minKeys: 1, maxKeys: 6 })
    .map((counted) => ({ ...counted, input: counted["input"] ?? 0 }));
}

const token = fc.integer({ min: 0, max: 250_000 });
const max = Number.MAX_SAFE_INTEGER;

/** What real calls look like; calls of one cached token; a few tokens beside calls of ninety million dollars. */
const distributions: readonly (readonly [string, fc.Arbitrary<Quantities>])[] = [
  ["typical calls", quantitiesOf(token)],
  ["calls of one cached token", fc.constant({ input: 0, cache_read: 1 })],
  [
    "a few tokens beside ninety million dollars",
    fc.oneof(
      fc.record({ input: fc.integer({ min: 0, max: 3 }), output: fc.integer({ min: 0, max: 1 }) }),
      fc.constant({ input: 9_000_000_000_000, output: 6_750_000_000_000 }),
    ),
  ],
  ["the largest counts", quantitiesOf(fc.constantFrom(1, 2, max - 1, max))],
];

const situations = [
  ["standard", null, []],
  ["batch", null, ["0.5"]],
  ["standard", "us", ["1.1"]],
  ["batch", "us", ["0.5", "1.1"]],
] as const;

/** Fees per tool call take no factor; the oracle prices them apart. */
const feeKinds: readonly UsageKind[] = ["requests", "web_searches", "file_searches", "code_executions", "tool_calls"];

function split(quantities: Quantities): readonly [Quantities, Quantities] {
  const entries = Object.entries(quantities);
  const isFee = (kind: string): boolean => feeKinds.some((fee) => fee === kind);
  return [
    Object.fromEntries(entries.filter(([kind]) => !isFee(kind))),
    Object.fromEntries(entries.filter(([kind]) => isFee(kind) || readKinds.some((read) => read === kind))),
  ];
}

describe.each(distributions)("with %s", (_, quantities) => {
  it("the engine gives the digits of the oracle, and lines that sum to the total", () => {
    fc.assert(
      fc.property(
        versions,
        quantities,
        fc.constantFrom(...situations),
        (version, counted, [serviceTier, region, factors]) => {
          const rated = rateUsage(counted, { occurredAtMs: 0, serviceTier, region }, compilePriceVersion(version));
          if (rated.kind !== "priced") throw new Error(`Not priced: ${rated.detail}`);
          const [measured, feesAndRead] = split(counted);
          const readOnly = Object.fromEntries(
            Object.entries(feesAndRead).filter(([kind]) => !feeKinds.some((fee) => fee === kind)),
          );
          const fees = oracleTotal(version, feesAndRead, []) - oracleTotal(version, readOnly, []);
          expect(rated.total).toBe(oracleTotal(version, measured, factors) + fees);
          expect(verifyRatedCost(rated)).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });

  it("records sum to the same digits in any order and any grouping", () => {
    const records = fc.array(fc.tuple(quantities, fc.integer({ min: 0, max: 4 }), fc.integer()), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(versions, records, (version, rows) => {
        const compiled = compilePriceVersion(version);
        const costs = rows.map(([counted, group, rank]) => {
          const rated = rateUsage(counted, { occurredAtMs: 0, serviceTier: "standard", region: null }, compiled);
          return {
            group,
            rank,
            total: rated.kind === "priced" ? rated.total : 0n,
            expected: oracleTotal(version, counted, []),
          };
        });
        const expected = costs.reduce((sum, cost) => sum + cost.expected, 0n);
        const groups = new Map<number, bigint>();
        for (const { group, total } of [...costs].sort((a, b) => a.rank - b.rank)) {
          groups.set(group, (groups.get(group) ?? 0n) + total);
        }
        const written = [...groups.values()].map((sum) => formatMoney(sum));
        const regrouped = written.reduceRight((sum, text) => sum + (parseMoney(text) ?? 0n), 0n);
        expect(formatMoney(regrouped)).toBe(formatMoney(expected));
      }),
      { numRuns: 60 },
    );
  });
});

describe("in marginal mode", () => {
  it("every unit is charged once, in bands that hold together", () => {
    fc.assert(
      fc.property(versions, quantitiesOf(token), (version, counted) => {
        const context = { occurredAtMs: 0, serviceTier: "standard", region: null };
        const rated = rateUsage(counted, context, compilePriceVersion({ ...version, tierMode: "marginal" }));
        if (rated.kind !== "priced") throw new Error(`Not priced: ${rated.detail}`);
        for (const kind of usageKinds) {
          const charged = rated.lines
            .filter((line) => line.kind === kind)
            .reduce((sum, line) => sum + line.quantity, 0);
          expect(charged).toBe(counted[kind] ?? 0);
        }
        expect(verifyRatedCost(rated)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("the bands of the largest counts hold every token", () => {
    const rates: readonly Rate[] = [
      { kind: "input", price: "1", per: 1_000_000 },
      { kind: "input", price: "2", per: 1_000_000, above: 200_000 },
      { kind: "output", price: "3", per: 1_000_000 },
    ];
    const [version] = fc.sample(versions, 1);
    if (version === undefined) throw new Error("A version was sampled.");
    const compiled = compilePriceVersion({ ...version, rates, tierMode: "marginal" });
    const rated = rateUsage(
      { input: max, cache_read: max, output: max },
      { occurredAtMs: 0, serviceTier: "standard", region: null },
      compiled,
    );
    expect(rated.kind === "priced" && rated.lines.map(({ kind, quantity }) => [kind, quantity])).toEqual([
      ["input", 200_000],
      ["input", max - 200_000],
      ["cache_read", max],
      ["output", max],
    ]);
    expect(rated.kind === "priced" && rated.total).toBe(
      200_000n * 1_000_000n + (BigInt(max) * 2n - 200_000n) * 2_000_000n + BigInt(max) * 3_000_000n,
    );
  });
});
