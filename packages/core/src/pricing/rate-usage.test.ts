import { describe, expect, it } from "vitest";
import { formatMoney } from "../money/money.ts";
import type { Quantities } from "../usage/usage-kinds.ts";
import { compilePriceVersion } from "./compile-price.ts";
import { costLineFormula, verifyRatedCost } from "./explain-cost.ts";
import { InvalidPriceVersion } from "./parse-price-version.ts";
import type { PriceVersion, Rate, RatingContext } from "./price-version.ts";
import { rateUsage } from "./rate-usage.ts";
import type { RatedCost } from "./rated-cost.ts";

const million = 1_000_000;

function version(parts: Partial<PriceVersion> & Pick<PriceVersion, "rates">): PriceVersion {
  return {
    id: "price-1",
    provider: "openai",
    model: "gpt-4o",
    source: { kind: "catalogue", catalogueVersion: "2026-08-01" },
    currency: "USD",
    validFromMs: null,
    validToMs: null,
    tierMode: "whole_request",
    contextBasis: "all_input",
    multipliers: [],
    ...parts,
  };
}

const perMillion = (kind: Rate["kind"], price: string, more: Partial<Rate> = {}): Rate => ({
  kind,
  price,
  per: million,
  ...more,
});

interface At {
  readonly tier?: string;
  readonly region?: string;
  readonly time?: string;
}

function rate(priceVersion: PriceVersion, quantities: Quantities, at: At = {}): RatedCost {
  const context: RatingContext = {
    occurredAtMs: Date.parse(`2026-08-19T${at.time ?? "12:00:00"}Z`),
    serviceTier: at.tier ?? "standard",
    region: at.region ?? null,
  };
  const rated = rateUsage(quantities, context, compilePriceVersion(priceVersion));
  expect(verifyRatedCost(rated)).toBe(true);
  return rated;
}

const totalOf = (rated: RatedCost): string => (rated.kind === "priced" ? formatMoney(rated.total) : rated.reason);

/** Lines in short: `kind<ratedAs quantity@price×factors`. */
const linesOf = (rated: RatedCost): string[] =>
  rated.kind === "unpriced"
    ? [rated.reason]
    : rated.lines.map(
        ({ kind, ratedAs, quantity, price, factors }) =>
          `${kind}${ratedAs === kind ? "" : `<${ratedAs}`} ${quantity}@${price}${factors.map(({ factor }) => `×${factor}`).join("")}`,
      );

const plain = version({
  rates: [perMillion("input", "2.50"), perMillion("cache_read", "1.25"), perMillion("output", "10")],
});

describe("a kind", () => {
  it("is charged by its own rate", () => {
    const rated = rate(plain, { output: 300, input: 1000, cache_read: 200 });
    expect(linesOf(rated)).toEqual(["input 1000@2.50", "cache_read 200@1.25", "output 300@10"]);
    expect(totalOf(rated)).toBe("0.00575");
  });

  it("without a rate takes that of its ancestor and says so", () => {
    const quantities = { input_audio: 1, cache_read_image: 2, cache_write_1h: 3, reasoning: 4 };
    expect(linesOf(rate(plain, quantities))).toEqual([
      "input_audio<input 1@2.50",
      "cache_read_image<cache_read 2@1.25",
      "cache_write_1h<input 3@2.50",
      "reasoning<output 4@10",
    ]);
  });

  it("of count zero makes no line but counts as usage", () => {
    expect(rate(plain, { input: 0, output: 0 })).toMatchObject({ kind: "priced", lines: [], total: 0n });
    expect(linesOf(rate(plain, { input: 5, web_searches: 0 }))).toEqual(["input 5@2.50"]);
  });

  it("of price zero is free, with a line to prove it", () => {
    const free = version({ rates: [perMillion("input", "0"), perMillion("output", "0.00")] });
    expect(rate(free, { input: 7, output: 9 })).toMatchObject({
      kind: "priced",
      total: 0n,
      lines: [{ amount: 0n }, { amount: 0n }],
    });
  });

  it.each([
    [{ input: 1, web_searches: 2 }, "web_searches"],
    [{ input_images: 1 }, "input_images"],
    [{ output_audio_ms: 1 }, "output_audio_ms"],
    [{ pages: 1, input: 3 }, "pages"],
  ])("without any rate leaves the cost of %j unknown, naming %s", (quantities, kind) => {
    const rated = rate(plain, quantities);
    expect(rated).toMatchObject({ kind: "unpriced", reason: "kind_not_priced" });
    expect(rated.kind === "unpriced" && rated.detail).toContain(kind);
  });

  it("that is generated never takes an input rate", () => {
    expect(totalOf(rate(version({ rates: [perMillion("input", "1")] }), { input: 1, output: 1 }))).toBe(
      "kind_not_priced",
    );
    expect(totalOf(rate(version({ rates: [perMillion("input", "1")] }), { input: 1, output: 0 }))).toBe("0.000001");
  });
});

describe("requests and tool calls", () => {
  it("are free unless the version prices them", () => {
    expect(linesOf(rate(plain, { input: 10, requests: 1, tool_calls: 4 }))).toEqual(["input 10@2.50"]);
    const withFee = version({ rates: [perMillion("input", "1"), { kind: "requests", price: "0.005", per: 1 }] });
    expect(totalOf(rate(withFee, { input: 10, requests: 1 }))).toBe("0.00501");
  });

  it("alone are no usage, because unknown is not zero", () => {
    expect(totalOf(rate(plain, { requests: 1 }))).toBe("no_usage");
    expect(totalOf(rate(plain, {}))).toBe("no_usage");
  });
});

describe("units", () => {
  it.each([
    [{ kind: "web_searches", price: "10", per: 1000 }, { web_searches: 3 }, "0.03"],
    [{ kind: "output_images", price: "0.04", per: 1 }, { output_images: 3 }, "0.12"],
    [{ kind: "input_audio_ms", price: "0.006", per: 60_000 }, { input_audio_ms: 90_000 }, "0.009"],
    [{ kind: "input_characters", price: "15", per: million }, { input_characters: 4321 }, "0.064815"],
    [{ kind: "pages", price: "1", per: 1000 }, { pages: 1 }, "0.001"],
  ] as const)("priced as %j cost for %j: %s", (priceOfUnit, quantities, total) =>
    expect(totalOf(rate(version({ rates: [priceOfUnit] }), quantities))).toBe(total),
  );

  it("that divide unevenly are rounded half to even once, at the twelfth decimal", () => {
    const perThree = (price: string) => version({ rates: [{ kind: "pages", price, per: 3 }] });
    expect(totalOf(rate(perThree("1"), { pages: 1 }))).toBe("0.333333333333");
    expect(totalOf(rate(perThree("2"), { pages: 1 }))).toBe("0.666666666667");
    const tiny = (price: string) => version({ rates: [perMillion("input", price)] });
    expect(totalOf(rate(tiny("0.0000005"), { input: 1 }))).toBe("0");
    expect(totalOf(rate(tiny("0.0000005"), { input: 3 }))).toBe("0.000000000002");
    expect(totalOf(rate(tiny("0.0000005"), { input: 5 }))).toBe("0.000000000002");
  });
});

describe("the served tier", () => {
  const tiered = version({
    rates: [
      ...plain.rates,
      { kind: "web_searches", price: "10", per: 1000 },
      perMillion("input", "4", { serviceTier: "priority" }),
      perMillion("output", "16", { serviceTier: "priority" }),
    ],
    multipliers: [{ serviceTier: "batch", factor: "0.5" }],
  });

  it.each([
    ["standard", { input: 10, cache_read: 10 }, ["input 10@2.50", "cache_read 10@1.25"]],
    ["batch", { input: 10, reasoning: 10 }, ["input 10@2.50×0.5", "reasoning<output 10@10×0.5"]],
    ["priority", { input: 10, reasoning: 10 }, ["input 10@4", "reasoning<output 10@16"]],
    ["priority", { cache_read: 10 }, ["cache_read<input 10@4"]],
    ["flex", { input: 10 }, ["tier_not_priced"]],
    ["flex", { pages: 10 }, ["kind_not_priced"]],
    ["batch", { web_searches: 10 }, ["web_searches 10@10"]],
    ["flex", { web_searches: 10 }, ["web_searches 10@10"]],
  ] as const)("%s prices %j as %j", (tier, quantities, lines) =>
    expect(linesOf(rate(tiered, quantities, { tier }))).toEqual(lines),
  );

  it("with own rates for some kinds takes the factor for the others", () => {
    const both = version({
      rates: [
        ...plain.rates,
        perMillion("input", "1", { serviceTier: "flex" }),
        perMillion("output", "4", { serviceTier: "flex" }),
      ],
      multipliers: [{ serviceTier: "flex", factor: "0.6" }],
    });
    expect(linesOf(rate(both, { input: 1, cache_read: 1, reasoning: 1 }, { tier: "flex" }))).toEqual([
      "input 1@1",
      "cache_read 1@1.25×0.6",
      "reasoning<output 1@4",
    ]);
  });

  it("names the tier and the kind that it cannot price", () => {
    const rated = rate(tiered, { input: 1 }, { tier: "turbo" });
    expect(rated.kind === "unpriced" && rated.detail).toBe(
      "Price price-1 of gpt-4o has neither a rate nor a factor for input at the turbo tier.",
    );
  });

  it("is compared by its normalised name", () => {
    const shouted = version({
      rates: [perMillion("input", "1", { serviceTier: "BATCH" }), perMillion("input", "2", { serviceTier: "default" })],
    });
    expect(linesOf(rate(shouted, { input: 1 }, { tier: "batch" }))).toEqual(["input 1@1"]);
    expect(linesOf(rate(shouted, { input: 1 }))).toEqual(["input 1@2"]);
  });
});

describe("the region", () => {
  const regional = version({
    rates: [
      ...plain.rates,
      perMillion("input", "3", { region: "eu-west-1" }),
      perMillion("input", "1.5", { region: "eu-west-1", serviceTier: "flex" }),
      { kind: "web_searches", price: "10", per: 1000 },
    ],
    multipliers: [
      { region: "us", factor: "1.1" },
      { serviceTier: "batch", factor: "0.5" },
      { serviceTier: "batch", region: "jp", factor: "0.7" },
      { region: "jp", factor: "1.2" },
      { serviceTier: "standard", region: "au", factor: "1.3" },
    ],
  });

  it.each([
    [undefined, "standard", { input: 1 }, ["input 1@2.50"]],
    ["mars", "standard", { input: 1 }, ["input 1@2.50"]],
    ["eu-west-1", "standard", { input: 1, output: 1 }, ["input 1@3", "output 1@10"]],
    ["EU-West-1", "standard", { input: 1 }, ["input 1@3"]],
    ["eu-west-1", "batch", { input: 1 }, ["input 1@3×0.5"]],
    ["eu-west-1", "flex", { input: 1 }, ["input 1@1.5"]],
    ["us", "standard", { input: 1, web_searches: 1 }, ["input 1@2.50×1.1", "web_searches 1@10"]],
    ["us", "batch", { input: 1 }, ["input 1@2.50×0.5×1.1"]],
    ["jp", "batch", { input: 1 }, ["input 1@2.50×0.7"]],
    ["jp", "standard", { input: 1 }, ["input 1@2.50×1.2"]],
    ["au", "standard", { input: 1 }, ["input 1@2.50×1.3"]],
    ["au", "batch", { input: 1 }, ["input 1@2.50×0.5"]],
    ["mars", "flex", { input: 1 }, ["tier_not_priced"]],
  ] as const)("%s at the %s tier prices %j as %j", (region, tier, quantities, lines) =>
    expect(linesOf(rate(regional, quantities, region === undefined ? { tier } : { tier, region }))).toEqual(lines),
  );
});

describe("the context", () => {
  const rates = [
    perMillion("input", "1"),
    perMillion("input", "2", { above: 200 }),
    perMillion("output", "10"),
    perMillion("output", "15", { above: 200 }),
    perMillion("output", "20", { above: 1000 }),
    perMillion("cache_read", "0.1"),
  ];
  const whole = version({ rates });
  const fresh = version({ rates, contextBasis: "fresh_input" });

  it.each([
    [whole, { input: 200, output: 5 }, ["input 200@1", "output 5@10"]],
    [whole, { input: 201, output: 5 }, ["input 201@2", "output 5@15"]],
    [whole, { input: 1, cache_read: 200, output: 5 }, ["input 1@2", "cache_read 200@0.1", "output 5@15"]],
    [whole, { input: 1, cache_write_5m: 1000, output: 5 }, ["input 1@2", "cache_write_5m<input 1000@2", "output 5@20"]],
    [whole, { output: 5000 }, ["output 5000@10"]],
    [fresh, { input: 1, cache_read: 200, output: 5 }, ["input 1@1", "cache_read 200@0.1", "output 5@10"]],
    [fresh, { input: 200, input_audio: 1 }, ["input 200@2", "input_audio<input 1@2"]],
  ] as const)("of a whole request prices every token (%#)", (priceVersion, quantities, lines) =>
    expect(linesOf(rate(priceVersion, quantities))).toEqual(lines),
  );

  const marginal = version({ rates, tierMode: "marginal" });
  it.each([
    [marginal, { input: 200 }, ["input 200@1"]],
    [marginal, { input: 250, output: 150 }, ["input 200@1", "input 50@2", "output 150@10"]],
    [marginal, { input: 150, input_audio: 100 }, ["input 150@1", "input_audio<input 50@1", "input_audio<input 50@2"]],
    [
      marginal,
      { cache_read: 500, input: 150, cache_write_5m: 10 },
      ["input 150@1", "cache_read 500@0.1", "cache_write_5m<input 10@2"],
    ],
    [
      marginal,
      { output: 150, reasoning: 1000 },
      ["output 150@10", "reasoning<output 50@10", "reasoning<output 800@15", "reasoning<output 150@20"],
    ],
    [
      version({ rates, tierMode: "marginal", contextBasis: "fresh_input" }),
      { input: 190, cache_write_5m: 210 },
      ["input 190@1", "cache_write_5m<input 200@1", "cache_write_5m<input 10@2"],
    ],
  ] as const)("in bands prices each token by its place (%#)", (priceVersion, quantities, lines) =>
    expect(linesOf(rate(priceVersion, quantities))).toEqual(lines),
  );

  it("in bands lays each unit kind out by itself", () => {
    const volume = version({
      tierMode: "marginal",
      rates: [
        { kind: "pages", price: "2", per: 1000 },
        { kind: "pages", price: "1", per: 1000, above: 10 },
      ],
    });
    expect(linesOf(rate(volume, { pages: 25, requests: 1 }))).toEqual(["pages 10@2", "pages 15@1"]);
  });

  it("in bands costs the same however the kinds of one price share the tokens", () => {
    const together = totalOf(rate(marginal, { input: 1234, output: 3000 }));
    expect(totalOf(rate(marginal, { input: 34, input_image: 1200, output: 1, reasoning: 2999 }))).toBe(together);
  });
});

describe("the time of day", () => {
  const deepseek = version({
    rates: [
      perMillion("input", "0.135"),
      perMillion("input", "0.27", { timeOfDay: { from: "00:30", to: "16:30" } }),
      perMillion("input", "0.2", { timeOfDay: { from: "12:00", to: "13:00" } }),
      perMillion("output", "1"),
      perMillion("output", "0.5", { timeOfDay: { from: "22:00", to: "02:00:30" } }),
    ],
  });
  it.each([
    ["00:29:59.999", "input 1@0.135", "output 1@0.5"],
    ["00:30:00", "input 1@0.27", "output 1@0.5"],
    ["02:00:29", "input 1@0.27", "output 1@0.5"],
    ["02:00:30", "input 1@0.27", "output 1@1"],
    ["12:30:00", "input 1@0.2", "output 1@1"],
    ["16:29:59", "input 1@0.27", "output 1@1"],
    ["16:30:00", "input 1@0.135", "output 1@1"],
    ["23:59:59", "input 1@0.135", "output 1@0.5"],
  ])("%s chooses %s and %s", (time, input, output) =>
    expect(linesOf(rate(deepseek, { input: 1, output: 1 }, { time }))).toEqual([input, output]),
  );

  it("of calls before 1970 is that of their day", () => {
    const compiled = compilePriceVersion(deepseek);
    const context = { occurredAtMs: Date.parse("1969-12-31T12:30:00Z"), serviceTier: "standard", region: null };
    expect(linesOf(rateUsage({ input: 1 }, context, compiled))).toEqual(["input 1@0.2"]);
  });
});

describe("the rule", () => {
  const everything = version({
    rates: [
      perMillion("input", "1"),
      perMillion("input", "2", { above: 200_000 }),
      perMillion("input", "3", { region: "eu" }),
      perMillion("input", "0.5", { timeOfDay: { from: "16:30", to: "00:30" } }),
    ],
    multipliers: [{ serviceTier: "batch", factor: "0.5" }],
  });
  it.each([
    [plain, { input: 1 }, {}, "Standard tier."],
    [
      everything,
      { input: 1 },
      {},
      "Standard tier, rates for all regions, whole request at the rates for up to 200,000 tokens of input, between 00:30 and 16:30 UTC.",
    ],
    [
      everything,
      { input: 200_001 },
      { tier: "batch", region: "eu", time: "23:00:00" },
      "Batch tier by a factor on the standard rates, region eu, whole request at the rates for above 200,000 tokens of input, between 16:30 and 00:30 UTC.",
    ],
    [
      version({ ...everything, tierMode: "marginal" }),
      { input: 1 },
      { time: "00:10:00" },
      "Standard tier, rates for all regions, each token by its band (changing above 200,000 tokens), between 16:30 and 00:30 UTC.",
    ],
  ] as const)("tells tier, region, band and hours (%#)", (priceVersion, quantities, at, rule) => {
    const rated = rate(priceVersion, quantities, at);
    expect(rated.kind === "priced" && rated.rule).toBe(rule);
  });
});

describe("compilePriceVersion", () => {
  const good = perMillion("input", "1");
  it.each([
    [{ rates: [] }, "rates"],
    [{ rates: [perMillion("input", "-1")] }, "rates[0].price"],
    [{ rates: [good, perMillion("output", "1e-6")] }, "rates[1].price"],
    [{ rates: [perMillion("input", "")] }, "rates[0].price"],
    [{ rates: [{ ...good, per: 0 }] }, "rates[0].per"],
    [{ rates: [{ ...good, per: 1.5 }] }, "rates[0].per"],
    [{ rates: [{ ...good, above: -1 }] }, "rates[0].above"],
    [{ rates: [{ ...good, above: Number.NaN }] }, "rates[0].above"],
    [{ rates: [{ ...good, serviceTier: " " }] }, "rates[0].serviceTier"],
    [{ rates: [{ ...good, region: "" }] }, "rates[0].region"],
    [{ rates: [{ ...good, timeOfDay: { from: "25:00", to: "01:00" } }] }, "rates[0].timeOfDay.from"],
    [{ rates: [{ ...good, timeOfDay: { from: "01:00", to: "1:30" } }] }, "rates[0].timeOfDay.to"],
    [{ rates: [{ ...good, kind: "tokens" as Rate["kind"] }] }, "rates[0].kind"],
    [{ rates: [good, perMillion("input", "2")] }, "rates[1]"],
    [{ rates: [good], multipliers: [{ factor: "2" }] }, "multipliers[0]"],
    [{ rates: [good], multipliers: [{ serviceTier: "standard", factor: "2" }] }, "multipliers[0]"],
    [{ rates: [good], multipliers: [{ serviceTier: "batch", factor: "50%" }] }, "multipliers[0].factor"],
    [{ rates: [good], currency: "dollars" }, "currency"],
    [{ rates: [good], validFromMs: 2, validToMs: 1 }, "validToMs"],
  ])("refuses %j and names %s", (parts, field) => {
    let refusal: unknown;
    try {
      compilePriceVersion(version(parts));
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(InvalidPriceVersion);
    expect(refusal).toMatchObject({ field, message: expect.stringContaining(field) });
  });

  it("does not grow with the tiers and regions that callers send", () => {
    const compiled = compilePriceVersion(plain);
    const one = compiled.select("tier-1", "region-1", 0, 0);
    expect(compiled.select("tier-2", "region-2", 0, 0)).toBe(one);
  });
});

describe("explaining", () => {
  it.each([
    [plain, { input: 1000 }, {}, "1,000 × $2.50 / 1,000,000 = $0.0025"],
    [
      version({ rates: [{ kind: "output_images", price: "0.04", per: 1 }] }),
      { output_images: 3 },
      {},
      "3 × $0.04 = $0.12",
    ],
    [
      version({ rates: plain.rates, currency: "EUR" }),
      { output: 1_234_567 },
      {},
      "1,234,567 × €10.00 / 1,000,000 = €12.34567",
    ],
    [
      version({
        rates: plain.rates,
        multipliers: [
          { serviceTier: "batch", factor: "0.5" },
          { region: "us", factor: "1.1" },
        ],
      }),
      { input: 1000 },
      { tier: "batch", region: "us" },
      "1,000 × $2.50 / 1,000,000 × 0.5 (batch) × 1.1 (region us) = $0.001375",
    ],
  ] as const)("writes a line as a person would redo it (%#)", (priceVersion, quantities, at, formula) => {
    const rated = rate(priceVersion, quantities, at);
    expect(rated.kind === "priced" && rated.lines.map((line) => costLineFormula(line, rated.currency))).toEqual([
      formula,
    ]);
  });

  it("notices a line or a total that was tampered with", () => {
    const rated = rate(plain, { input: 1000, output: 5 });
    if (rated.kind !== "priced") throw new Error("The price covers these kinds.");
    expect(verifyRatedCost({ ...rated, total: rated.total + 1n })).toBe(false);
    const [first, ...rest] = rated.lines;
    if (first === undefined) throw new Error("There are lines.");
    const forged = { ...rated, lines: [{ ...first, amount: first.amount + 1n }, ...rest], total: rated.total + 1n };
    expect(verifyRatedCost(forged)).toBe(false);
  });
});
