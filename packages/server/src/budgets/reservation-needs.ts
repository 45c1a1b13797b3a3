import type { Budget } from "@llm-cost-ops/contract";
import { formatMoney } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import type { ApprovalAsked } from "./approvals.sql.ts";
import type { Estimate } from "./estimate.ts";
import type { BudgetTold, ReservationNeed } from "./reserve-ask.ts";

/** What an estimate takes of a budget, whatever of its values; undefined where it takes nothing of it. */
export function needOf(
  budget: Budget,
  { money, tokens }: Estimate,
): Omit<ReservationNeed, "value"> | Refusal | undefined {
  const common = {
    budgetId: budget.id,
    beyond: budget.at_limit?.action === "notify" ? "allow" : "refuse",
    whenStoreIsAway: budget.when_store_is_away ?? "refuse",
  } as const;
  if (budget.tokens !== null) {
    if (tokens === undefined) throw unmeasured("a budget", "tokens");
    return tokens === 0n ? undefined : { ...common, quantity: tokens };
  }
  if (money.kind === "unpriced") {
    return budget.unpriced === "allow" ? undefined : unpricedRefusal(budget, money.reason, money.detail);
  }
  // Other currencies are never converted: a budget counts its own.
  if (money.currency !== budget.currency || money.picos === 0n) return undefined;
  return { ...common, quantity: money.picos };
}

/** Of an estimate without what has to be counted: nobody can tell whether it fits. */
export function unmeasured(counting: "a budget" | "a limit", missing: "tokens" | "price"): Refusal {
  const [field, text] =
    missing === "tokens"
      ? ["input_tokens", `is required: ${counting} in tokens counts the call`]
      : ["amount", `is required: ${counting} in money counts the call, and its model has no price`];
  return new Refusal("VALIDATION_ERROR", `${field} ${text}.`, { fieldErrors: { [field]: text } });
}

export const quantityText = ({ tokens }: Budget, quantity: bigint): string =>
  tokens === null ? formatMoney(quantity) : quantity.toString();

/** `shown` is absent where the caller may not see how the budget stands; `approval` where nobody is asked to. */
export function exceeded(
  budget: Budget,
  shown: { readonly told: BudgetTold; readonly requested: bigint; readonly value: string | null } | undefined,
  approval: ApprovalAsked | undefined,
): Refusal {
  const { id, name, currency } = budget;
  const text = (quantity: bigint): string => quantityText(budget, quantity);
  const amounts = shown && {
    limit: text(shown.told.limit),
    spent: text(shown.told.spent),
    reserved: text(shown.told.reserved),
    requested: text(shown.requested),
    ...(budget.per !== null && { per: budget.per, value: shown.value }),
  };
  const unit = currency ?? "tokens";
  const sentence =
    amounts === undefined
      ? ""
      : ` Of ${amounts.limit} ${unit} are ${amounts.spent} spent and ${amounts.reserved} reserved; ${amounts.requested} were asked for.`;
  const ofValue = shown === undefined ? "" : valueText(budget, shown.value);
  const toApprove = approval === undefined ? "" : ` ${approvalText(approval)}`;
  return new Refusal(
    "BUDGET_EXCEEDED",
    `The budget ${JSON.stringify(name)} has no room for this${ofValue}.${sentence}${toApprove}`,
    {
      details: {
        reason: "limit",
        budget_id: id,
        budget_name: name,
        unit: currency === null ? "tokens" : "money",
        currency,
        ...amounts,
        ...(approval?.kind === "waiting" && { approval_id: approval.id }),
      },
    },
  );
}

const valueText = ({ per }: Budget, value: string | null): string => {
  if (per === null) return "";
  return value === null ? ` without a ${per}` : ` of ${per} ${JSON.stringify(value)}`;
};

const approvalText = (approval: ApprovalAsked): string =>
  approval.kind === "waiting"
    ? `Whoever changes budgets can approve it as ${approval.id}.`
    : `Nobody is asked to approve it: ${approval.text} requests for approval that nobody decided, which is the limit.`;

const unpricedRefusal = ({ id, name, currency }: Budget, reason: string, detail: string): Refusal =>
  new Refusal("BUDGET_EXCEEDED", `The budget ${JSON.stringify(name)} refuses calls without a price: ${detail}`, {
    details: { reason: "unpriced", budget_id: id, budget_name: name, unit: "money", currency, unpriced_reason: reason },
  });
