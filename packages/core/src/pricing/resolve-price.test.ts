import { describe, expect, it } from "vitest";
import type { PriceVersion } from "./price-version.ts";
import { resolvePrice } from "./resolve-price.ts";

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);

function version(
  id: string,
  owner: "catalogue" | "organization",
  from: string | null,
  to: string | null,
): PriceVersion {
  return {
    id,
    provider: "openai",
    model: "gpt-4o",
    source:
      owner === "organization"
        ? { kind: "organization", organizationId: "acme" }
        : { kind: "catalogue", catalogueVersion: "2026-08-01" },
    currency: "USD",
    validFromMs: from === null ? null : day(from),
    validToMs: to === null ? null : day(to),
    tierMode: "whole_request",
    contextBasis: "all_input",
    rates: [{ kind: "input", price: "1", per: 1_000_000 }],
    multipliers: [],
  };
}

const old = version("old", "catalogue", null, "2026-01-01");
const current = version("current", "catalogue", "2026-01-01", null);
const late = version("late", "catalogue", "2026-06-01", null);
const contract = version("contract", "organization", "2026-03-01", "2026-09-01");

describe("resolvePrice", () => {
  it.each([
    ["2025-06-01", "old"],
    ["2026-01-01", "current"],
    ["2026-02-28", "current"],
    ["2026-03-01", "contract"],
    ["2026-07-01", "contract"],
    ["2026-08-31", "contract"],
    ["2026-09-01", "late"],
  ])("at %s takes %s, whatever the order of the versions", (date, id) => {
    const versions = [old, late, contract, current];
    for (const order of [versions, [...versions].reverse()]) {
      const found = resolvePrice(order, day(date));
      expect(found.kind === "found" && found.version.id).toBe(id);
    }
  });

  it("ends a version at its end, to the millisecond", () => {
    expect(resolvePrice([old], day("2026-01-01") - 1).kind).toBe("found");
    expect(resolvePrice([old], day("2026-01-01"))).toMatchObject({ kind: "none", reason: "no_price_at_date" });
  });

  it("says why", () => {
    const found = resolvePrice([contract, current], day("2026-07-01"));
    expect(found.kind === "found" && found.rule).toBe(
      "The organization's own price for gpt-4o, valid from 2026-03-01, before 2026-09-01.",
    );
    const none = resolvePrice([old], day("2026-07-01"));
    expect(none.kind === "none" && none.detail).toBe("None of the 1 known prices of this model holds at 2026-07-01.");
    expect(resolvePrice([], 0)).toMatchObject({ kind: "none" });
  });
});
