import type { Budget, CreateBudgetParams, UpdateBudgetParams } from "@llm-cost-ops/sdk";
import { emptyScope, type ScopeDraft, scopeDraftOf, scopeOfDraft } from "../../scope/scope.ts";
import { tagPrefix } from "./per.ts";

type Period = Budget["period"];
type Action = NonNullable<Budget["atLimit"]>["action"];

/** A budget as it is edited: what was typed, as it was typed. */
export interface BudgetDraft {
  readonly name: string;
  readonly description: string;
  readonly unit: "money" | "tokens";
  readonly amount: string;
  readonly currency: string;
  /** Whose the amount is: `none`, a dimension, or `tag` with the key beside it. */
  readonly per: string;
  readonly perTag: string;
  readonly kind: Period["kind"];
  readonly timeZone: string;
  /** 1 is January. */
  readonly fiscalStartMonth: string;
  readonly rollingHours: string;
  /** `2026-11-21T09:00` in UTC; empty is the moment of making it. */
  readonly startsAt: string;
  /** Empty is none. */
  readonly parentId: string;
  readonly scope: ScopeDraft;
  readonly thresholds: readonly string[];
  readonly enforcement: Budget["enforcement"];
  readonly action: Action;
  readonly fallbackModel: string;
  readonly fallbackProvider: string;
  readonly unpriced: NonNullable<Budget["unpriced"]>;
  readonly whenStoreIsAway: NonNullable<Budget["whenStoreIsAway"]>;
  /** Of a change: why. */
  readonly reason: string;
}

/** What a new budget begins as. */
export const newDraft = (timeZone: string): BudgetDraft => ({
  name: "",
  description: "",
  unit: "money",
  amount: "",
  currency: "USD",
  per: "none",
  perTag: "",
  kind: "month",
  timeZone,
  fiscalStartMonth: "1",
  rollingHours: "720",
  startsAt: "",
  parentId: "",
  scope: emptyScope,
  thresholds: ["50", "75", "90", "100"],
  enforcement: "soft",
  action: "block",
  fallbackModel: "",
  fallbackProvider: "",
  unpriced: "refuse",
  whenStoreIsAway: "refuse",
  reason: "",
});

export const draftOf = (budget: Budget): BudgetDraft => {
  const { period, atLimit } = budget;
  const absent = newDraft(period.timeZone ?? "UTC");
  return {
    ...absent,
    name: budget.name,
    description: budget.description,
    unit: budget.currency === null ? "tokens" : "money",
    amount: budget.amountExact ?? String(budget.tokens ?? ""),
    currency: budget.currency ?? absent.currency,
    ...(budget.per?.startsWith(tagPrefix)
      ? { per: "tag", perTag: budget.per.slice(tagPrefix.length) }
      : { per: budget.per ?? "none" }),
    kind: period.kind,
    fiscalStartMonth: String(period.fiscalStartMonth ?? 1),
    rollingHours: String(period.rollingHours ?? absent.rollingHours),
    startsAt: (period.startsAt ?? "").slice(0, 16),
    parentId: budget.parentId ?? "",
    scope: scopeDraftOf(budget.scope),
    thresholds: budget.thresholds.map(String),
    enforcement: budget.enforcement,
    action: atLimit?.action ?? absent.action,
    fallbackModel: atLimit?.model ?? "",
    fallbackProvider: atLimit?.provider ?? "",
    unpriced: budget.unpriced ?? absent.unpriced,
    whenStoreIsAway: budget.whenStoreIsAway ?? absent.whenStoreIsAway,
  };
};

/** Only the fields that mean something to the kind. */
function periodOfDraft(draft: BudgetDraft): Period {
  const { kind, timeZone, fiscalStartMonth, rollingHours, startsAt } = draft;
  switch (kind) {
    case "hour":
    case "day":
    case "week":
    case "month":
      return { kind, timeZone };
    case "quarter":
    case "year":
      return { kind, timeZone, fiscalStartMonth: Number(fiscalStartMonth) };
    case "rolling":
      return { kind, rollingHours: Number(rollingHours) };
    case "prepaid":
      return startsAt === "" ? { kind } : { kind, startsAt: `${startsAt}:00Z` };
    default:
      return kind satisfies never;
  }
}

export const perOfDraft = ({ per, perTag }: Pick<BudgetDraft, "per" | "perTag">): string | undefined =>
  per === "none" ? undefined : per === "tag" ? `${tagPrefix}${perTag}` : per;

/** What the server is asked to make. What is wrong with it the server says, by field. */
export function createParamsOf(draft: BudgetDraft, tenantId?: string): CreateBudgetParams {
  const { name, description, unit, amount, currency, parentId, scope, thresholds, enforcement, action } = draft;
  const per = perOfDraft(draft);
  return {
    name: name.trim(),
    ...(description.trim() === "" ? {} : { description }),
    ...(unit === "money"
      ? { amount: amount.trim(), currency: currency.trim().toUpperCase() }
      : { tokens: Number(amount) }),
    period: periodOfDraft(draft),
    ...(per === undefined ? {} : { per }),
    ...(parentId === "" ? {} : { parentId }),
    scope: { ...scopeOfDraft(scope), ...(tenantId === undefined ? {} : { tenantId }) },
    thresholds: thresholds.map(Number).toSorted((a, b) => a - b),
    enforcement,
    ...(enforcement === "soft"
      ? {}
      : {
          atLimit: {
            action,
            ...(action === "fallback"
              ? {
                  model: draft.fallbackModel.trim(),
                  ...(draft.fallbackProvider.trim() === "" ? {} : { provider: draft.fallbackProvider.trim() }),
                }
              : {}),
          },
          whenStoreIsAway: draft.whenStoreIsAway,
          ...(unit === "money" ? { unpriced: draft.unpriced } : {}),
        }),
  };
}

/** The fields that a draft changes of a budget; undefined where it changes none. A budget's unit, and what it is per, stay as they are. */
export function updateParamsOf(draft: BudgetDraft, budget: Budget): UpdateBudgetParams | undefined {
  const changeable = (one: BudgetDraft): Readonly<Record<string, unknown>> => {
    const { currency: _, per: _per, ...params } = createParamsOf(one);
    return { ...params, description: one.description, parentId: one.parentId === "" ? null : one.parentId };
  };
  const [before, after] = [changeable(draftOf(budget)), changeable(draft)];
  const changed = Object.entries(after).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
  );
  if (changed.length === 0) return undefined;
  const reason = draft.reason.trim();
  return { ...Object.fromEntries(changed), ...(reason === "" ? {} : { reason }) } as UpdateBudgetParams;
}
