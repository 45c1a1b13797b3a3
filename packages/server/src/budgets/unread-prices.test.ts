import type { Budget, BudgetInput } from "@llm-cost-ops/contract";
import { expect, it } from "vitest";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { ScopedBudget } from "./budget.ts";
import { reservationIds } from "./reservation-ids.ts";
import { createReservations, type ReservationsParts } from "./reservations.ts";
import type { ReservationNeed } from "./reserve-ask.ts";

const caller: Caller = { organizationId: "o", principal: { kind: "key", id: "k", name: "" }, permissions: new Set() };

/** What is asked of budgets where no price can be read. */
function withoutPrices(terms: Pick<BudgetInput, "scope" | "per">) {
  const budget = { ...{ id: "b", name: "b", currency: "USD", tokens: null, scope: {}, per: null }, ...terms };
  const budgets: readonly ScopedBudget[] = [{ budget: budget as unknown as Budget, teamProjects: undefined }];
  const asked: ReservationNeed[] = [];
  const parts = {
    ids: async () => reservationIds("secret"),
    budgets: { get: () => budgets },
    prices: { get: () => Promise.reject(new Refusal("UNAVAILABLE", "away")) },
    limits: { admitQuantities: async () => ({ kind: "admitted", hold: undefined }) },
    leased: {
      reserve: async ({ needs }: { readonly needs: readonly ReservationNeed[] }) => {
        asked.push(...needs);
        return { kind: "granted", number: 1, expiresAtMs: 1, budgets: [], overLimit: [], isUnsecured: false };
      },
    },
    ...{ store: {}, ledger: {}, processId: "p", clock: () => 0 },
  } as unknown as ReservationsParts;
  return { asked, reserve: (input: object) => createReservations(parts).reserve(caller, input) };
}

it.each([
  [{ scope: { provider: ["openai"] } }, { model: "gpt-4o" }],
  [{ per: "provider" }, { model: "gpt-4o" }],
  [{ scope: { model: ["gpt-4o"] } }, { model: "openai/gpt-4o", provider: "openai" }],
] as const)("a budget of %j is not passed by %j while nobody can tell the names", async (terms, call) => {
  const { asked, reserve } = withoutPrices(terms as Pick<BudgetInput, "scope" | "per">);
  await expect(reserve({ amount: "0.5", ...call })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(asked).toEqual([]);
});

it("an amount that is named needs no price where no budget goes by names that the price book tells", async () => {
  const each = withoutPrices({ per: "model" });
  expect(await each.reserve({ amount: "0.5", model: "gpt-4o" })).toMatchObject({ amount: "0.5", provider: "unknown" });
  const named = withoutPrices({ per: "provider" });
  await named.reserve({ amount: "0.5", model: "gpt-4o", provider: "OpenAI" });
  expect([...each.asked, ...named.asked].map(({ value, quantity }) => [value, quantity])).toEqual([
    ["=gpt-4o", 500_000_000_000n],
    ["=openai", 500_000_000_000n],
  ]);
  await expect(each.reserve({ input_tokens: 1, model: "gpt-4o" })).rejects.toMatchObject({ code: "UNAVAILABLE" });
});
