import type { Budget } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { monthBudgetOf } from "./overview-questions.ts";

const made = (id: string, change: object = {}): Budget =>
  ({
    id,
    currency: "USD",
    period: { kind: "month", timeZone: "UTC" },
    per: null,
    scope: {},
    createdAt: "2026-11-02T00:00:00Z",
    ...change,
  }) as unknown as Budget;

test("the month is measured by the first budget for a month of the whole organization in its currency", () => {
  const others = [
    made("of a project", { scope: { projectId: ["p"] } }),
    made("of a team", { scope: { team: "core" } }),
    made("for each user", { per: "user" }),
    made("in euros", { currency: "EUR" }),
    made("in tokens", { currency: null }),
    made("of a quarter", { period: { kind: "quarter", timeZone: "UTC" } }),
  ].map((budget) => ({ ...budget, createdAt: "2026-11-01T00:00:00Z" }));
  expect(monthBudgetOf(others, "USD")).toBeUndefined();
  expect(
    monthBudgetOf([...others, made("second"), made("later", { createdAt: "2026-11-03T00:00:00Z" })], "USD")?.id,
  ).toBe("second");
  expect(monthBudgetOf([...others, made("a tenant's", { scope: { tenantId: "t" } })], "USD")?.id).toBe("a tenant's");
  expect(monthBudgetOf([...others, made("whole")], "EUR")?.id).toBe("in euros");
});
