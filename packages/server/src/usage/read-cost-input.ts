import { readMoney } from "./money-input.ts";
import { loadContract, readPlainUsage } from "./read-usage-input.ts";
import { type RejectedRecord, rejectFields } from "./rejected-record.ts";
import type { UsageDraft } from "./usage-draft.ts";
import { usageInputProblems } from "./usage-input-problems.ts";

const costNames = ["cost", "amount", "total_cost"] as const;

/** The currency of reported costs that do not name one. */
const defaultCurrency = "USD";

/**
 * Reads a cost that was priced elsewhere. `tokens_used` is a total; where its split is not given it stands as input,
 * for it is never priced here.
 */
export function readCostInput(value: unknown): UsageDraft | RejectedRecord {
  const rejected = usageInputProblems(value, loadContract().CostInput);
  if (rejected !== undefined) return rejected;
  const { tokens_used, cost, amount, total_cost, currency, ...usage } = value as Readonly<Record<string, unknown>>;
  const given = { cost, amount, total_cost };
  const name = costNames.find((one) => given[one] !== undefined);
  if (name === undefined) return rejectFields("USAGE_001", { cost: "is required" });
  const money = readMoney(given[name]);
  if (money === undefined) return rejectFields("VALIDATION_ERROR", { [name]: "must have at most 12 decimals" });
  const total = usage["total_tokens"] ?? tokens_used;
  const draft = readPlainUsage(total === undefined ? usage : { ...usage, total_tokens: total }, "judged");
  if (draft === undefined) return rejectFields("VALIDATION_ERROR", { "": "the entry has a value that is not allowed" });
  const { counts } = draft;
  if (counts.total !== undefined && counts.input === undefined && counts.output === undefined) {
    counts.input = counts.total;
  }
  draft.reportedCost = money;
  draft.currency = (currency as string | undefined) ?? defaultCurrency;
  return draft;
}
