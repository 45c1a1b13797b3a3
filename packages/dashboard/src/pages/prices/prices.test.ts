import type { PriceRecord } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { changedRates } from "./catalogue-difference.tsx";
import {
  createParamsOf,
  draftOf,
  draftOfChange,
  emptyRate,
  errorsOf,
  newDraft,
  updateParamsOf,
  withKind,
} from "./price-draft.ts";
import { historyOf, historyTable } from "./price-history.ts";
import { byModel, rateMatrix, timelineOf } from "./price-table.ts";
import { besidesText, conditionText, perText, type Rate, stateText } from "./price-words.ts";
import { rangeText, withSign } from "./repricing-words.tsx";

const rate = (kind: string, price: string, over: Partial<Rate> = {}): Rate => ({
  kind,
  price,
  per: 1_000_000,
  above: null,
  serviceTier: null,
  region: null,
  timeOfDay: null,
  ...over,
});

const version = (id: string, over: Partial<PriceRecord> = {}): PriceRecord => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  source: "catalogue",
  catalogueVersion: "c1",
  currency: "USD",
  effectiveDate: null,
  endDate: null,
  active: true,
  tierMode: "whole_request",
  contextBasis: "all_input",
  inputPricePerMillion: "2.5",
  outputPricePerMillion: "10",
  rates: [rate("input", "2.5"), rate("output", "10")],
  multipliers: [],
  createdAt: "2026-01-01T00:00:00Z",
  ...over,
});

const own = (id: string, over: Partial<PriceRecord> = {}): PriceRecord =>
  version(id, { source: "organization", catalogueVersion: null, rates: [rate("input", "1")], ...over });

test("an own price goes before the catalogue’s, and both are told", () => {
  const [model, other] = byModel([
    version("c"),
    own("o"),
    version("old", { active: false }),
    version("x", { model: "b" }),
  ]);
  expect([model?.present?.id, model?.overridden?.id, model?.versions.length]).toEqual(["o", "c", 3]);
  expect([other?.present?.id, other?.overridden]).toEqual(["x", undefined]);
});

test("the timeline has an own price within the catalogue’s, gaps, and none that was replaced before it held", () => {
  const spans = timelineOf([
    version("c", { effectiveDate: "2026-01-01T00:00:00Z" }),
    own("o", { effectiveDate: "2026-02-01T00:00:00Z", endDate: "2026-03-01T00:00:00Z" }),
    own("w", { effectiveDate: "2026-02-01T00:00:00Z", endDate: "2026-02-01T00:00:00Z" }),
  ]);
  expect(spans.map(({ price }) => price?.id)).toEqual(["c", "o", "c"]);
  expect(spans.at(0)?.fromMs).toBe(Date.parse("2026-01-01T00:00:00Z"));
  expect(spans.at(-1)?.toMs).toBeNull();
  const gap = timelineOf([
    version("a", { endDate: "2026-01-01T00:00:00Z" }),
    version("b", { effectiveDate: "2026-02-01T00:00:00Z" }),
  ]);
  expect(gap.map(({ price }) => price?.id)).toEqual(["a", undefined, "b"]);
  expect(timelineOf([])).toEqual([]);
});

test("a price that never changed has no history, another has one with the same figures as a table", () => {
  const nowMs = Date.parse("2026-11-21T00:00:00Z");
  expect(historyOf([version("a")], nowMs)).toBeUndefined();
  const history = historyOf(
    [version("a", { endDate: "2026-01-01T00:00:00Z" }), own("b", { effectiveDate: "2026-01-01T00:00:00Z" })],
    nowMs,
  );
  if (history === undefined) throw new Error("there is a history");
  expect(history.kinds).toEqual(["input", "output"]);
  expect(historyTable(history, "UTC").rows).toEqual([
    { from: "1 Jan 2026, 00:00", to: "", whose: "ours", input: "$1.00", output: "–" },
    { from: "ever", to: "1 Jan 2026, 00:00", whose: "catalogue", input: "$2.50", output: "$10.00" },
  ]);
});

test("rates stand by kind and situation, and what a price has besides is said in words", () => {
  const rates = [
    rate("output", "10"),
    rate("input", "5", { above: 200_000 }),
    rate("input", "2.5"),
    rate("input", "1.25", { serviceTier: "batch" }),
    rate("web_searches", "10", { per: 1_000 }),
  ];
  const { situations, rows } = rateMatrix(rates);
  expect(situations).toEqual(["standard", "above 200,000 tokens", "batch"]);
  expect(rows.map(({ kind }) => kind)).toEqual(["input", "output", "web_searches"]);
  expect(rows[0]?.prices.get("above 200,000 tokens")).toBe("5");
  expect(besidesText({ rates, multipliers: [] })).toBe("context bands, batch, 1 more kind");
  expect(conditionText(rate("input", "1", { region: "eu", timeOfDay: { from: "16:30", to: "00:30" } }))).toBe(
    "eu, 16:30–00:30 UTC",
  );
  expect([perText("input", 1_000_000), perText("web_searches", 1_000), perText("pages", 1)]).toEqual([
    "per 1M tokens",
    "per 1,000",
    "each",
  ]);
});

test("a version is in force, to come, over, or was replaced", () => {
  const nowMs = Date.parse("2026-11-21T00:00:00Z");
  const at = (effectiveDate: string | null, endDate: string | null, active = false) =>
    stateText(version("a", { effectiveDate, endDate, active }), nowMs);
  expect([
    at(null, null, true),
    at("2027-01-01T00:00:00Z", null),
    at(null, "2026-01-01T00:00:00Z"),
    at("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
  ]).toEqual(["in force", "to come", "over", "replaced"]);
});

test("a draft of a price says all of it again, and rows that say nothing are not sent", () => {
  const price = own("o", {
    rates: [rate("output", "10"), rate("input", "5", { above: 200_000, timeOfDay: { from: "00:00", to: "08:00" } })],
    multipliers: [{ serviceTier: "batch", region: null, factor: "0.5" }],
    currency: "EUR",
  });
  const draft = { ...draftOf(price), effectiveDate: "2026-11-21T09:00" };
  expect(updateParamsOf({ ...draft, rates: [...draft.rates, emptyRate(9, "input")] })).toEqual({
    currency: "EUR",
    rates: [
      { kind: "input", price: "5", per: 1_000_000, above: 200_000, timeOfDay: { from: "00:00", to: "08:00" } },
      { kind: "output", price: "10", per: 1_000_000 },
    ],
    multipliers: [{ serviceTier: "batch", factor: "0.5" }],
    tierMode: "whole_request",
    contextBasis: "all_input",
    effectiveDate: "2026-11-21T09:00:00Z",
  });
  expect(createParamsOf(newDraft(" openai ", "m"))).toMatchObject({ provider: "openai", model: "m", rates: [] });
});

test("another kind brings its usual unit, unless another one was typed", () => {
  expect(withKind(emptyRate(0, "input"), "requests").per).toBe("1");
  expect(withKind({ ...emptyRate(0, "input"), per: "1000" }, "requests").per).toBe("1000");
});

test("what is wrong stands at the row that was typed, however many before it were not sent", () => {
  const draft = { ...newDraft("p", ""), factors: [{ key: 4, serviceTier: "", region: "", factor: "x" }] };
  const rates = draft.rates.map((row) => (row.kind === "output" ? { ...row, price: "abc" } : row));
  const errors = errorsOf(
    { ...draft, rates },
    {
      model: "must not be empty",
      "rates.0.price": "must be a decimal",
      "multipliers[0]": "names no tier",
      "rates[7].kind": "is unknown",
    },
  );
  expect(errors.of("model")).toBe("must not be empty");
  expect(errors.of("rate 2 price")).toBe("must be a decimal");
  expect(errors.of("factor 4 factor")).toBe("names no tier");
  expect(errors.rest).toEqual(["rates[7].kind: is unknown"]);
  const nothing = errorsOf(newDraft("p", "m"), { inputPricePerMillion: "or another price is required" });
  expect(nothing.of("rate 0 price")).toBe("this or another price is required");
  expect(nothing.rest).toEqual([]);
});

test("a repricing says its days, and which way it goes", () => {
  const range = { start: "2026-11-01T00:00:00Z", end: "2026-12-01T00:00:00Z" };
  expect(rangeText(range, "UTC")).toBe("1 Nov 2026 to 30 Nov 2026");
  expect(rangeText({ start: null, end: null }, "UTC")).toBe("all of the past");
  expect([withSign("1.2", "$1.20"), withSign("-1", "−$1.00"), withSign("0.00", "$0.00")]).toEqual([
    "+$1.20",
    "−$1.00",
    "$0.00",
  ]);
});

test("each rate that a catalogue changes is a line of its own", () => {
  const rows = changedRates({
    added: [],
    removed: [],
    unchanged: 0,
    problems: [],
    changed: [
      {
        provider: "openai",
        model: "m",
        rates: [
          { kind: "input", serviceTier: "batch", above: null, before: "1", after: "2" },
          { kind: "output", serviceTier: null, above: null, before: null, after: "3" },
        ],
      },
    ],
  });
  expect(rows.map(({ what, before, after }) => [what, before, after])).toEqual([
    ["Input, batch", "1", "2"],
    ["Output", "–", "3"],
  ]);
});

test.each([
  [null, "", undefined],
  ["2026-12-01T00:00:00.000Z", "2026-12-01T00:00", "2026-12-01T00:00:00Z"],
  ["2026-12-01T00:00:30Z", "2026-12-01T00:00:30", "2026-12-01T00:00:30Z"],
] as const)("a price that ends at %s shows that when it is changed, and keeps it", (endDate, shown, sent) => {
  const draft = draftOfChange(version("a", { endDate }), Date.parse("2026-11-21T09:00:59Z"));
  expect(draft).toMatchObject({ effectiveDate: "2026-11-21T09:00", endDate: shown });
  expect(updateParamsOf(draft).endDate).toBe(sent);
});
