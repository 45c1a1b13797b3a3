import type { BudgetStatus } from "@llm-cost-ops/contract";
import { expect, test } from "vitest";
import { noticeText } from "../channels/notice-text.ts";
import { budgetWords } from "./alert-text.ts";

const status = (name: string, per: BudgetStatus["per"], value: string | null): BudgetStatus => ({
  ...{ budget_id: "b", name, unit: "money", currency: "USD", per, value },
  period: { kind: "month", time_zone: null, from: "2026-11-01T00:00:00.000Z", to: "2026-12-01T00:00:00.000Z" },
  ...{ amount: "100", spent: "90", reserved: "0", remaining: "10", utilization: "0.9000", thresholds_reached: [90] },
  ...{ state: "warning", burn_rate_per_day: null, projected: "120", exhausted_at: null, unpriced_requests: 0 },
  ...{ other_currencies: [], children: [], unallocated: null, as_of: "2026-11-21T12:00:00.000Z" },
});
const headlineOf = (
  ...[of, threshold, ...named]: readonly ["spent" | "projected", string, ...Parameters<typeof status>]
) => {
  const words = budgetWords(status(...named), of, threshold);
  const notice = { alert_id: "a", kind: "budget", phase: "acknowledged", severity: "warning", ...words } as const;
  return noticeText({ ...notice, occurred_at: "2026-11-21T12:00:00.000Z", dedup_key: "d" }).headline;
};

const longKey = `tag:${"k".repeat(128)}` as const;
const cases: readonly (readonly [string, ...Parameters<typeof status>])[] = [
  ["a long value", "runs", "tag:run", "v".repeat(2_000)],
  ["a value of characters that are two units", "runs", "tag:run", "😀".repeat(1_000)],
  ["a long name", "n".repeat(256), null, null],
  ["a long name with a value", "n".repeat(256), "user", "ada"],
  ["long names and a long value", "n".repeat(256), longKey, "v".repeat(2_000)],
  ["a long name without a value", "n".repeat(256), longKey, null],
];
test.each(cases)("a headline says to its end what was reached, for %s", (_, ...named) => {
  for (const [of, threshold, end] of [
    ["spent", "90", " has reached 90 %"],
    ["projected", "999.99", " is on its way to 999.99 %"],
  ] as const) {
    const headline = headlineOf(of, threshold, ...named);
    expect([headline.length <= 200, headline.isWellFormed()]).toEqual([true, true]);
    expect(headline).toMatch(/^Acknowledged: Budget (runs|nnn).*…/);
    expect(headline.endsWith(end)).toBe(true);
  }
});

test("what is short is not shortened, and the details of an alert have the whole value", () => {
  expect(headlineOf("spent", "90", "runs", "tag:run", "1")).toBe(
    "Acknowledged: Budget runs (tag:run 1) has reached 90 %",
  );
  const value = "v".repeat(1_000);
  const { details, title } = budgetWords(status("runs", "tag:run", value), "spent", "90");
  expect(details[0]).toEqual({ label: "Budget", value: `runs (tag:run ${value})` });
  expect(title).toMatch(/^Budget runs \(tag:run v{100,}…\) has reached 90 %$/);
});
