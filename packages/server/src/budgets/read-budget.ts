import type {
  BudgetInput,
  BudgetPeriod,
  BudgetPeriodInput,
  BudgetTransferInput,
  BudgetUpdate,
} from "@llm-cost-ops/contract";
import {
  type BudgetPeriod as CorePeriod,
  formatInstant,
  InvalidBudget,
  parseBudgetPeriod,
  parseThresholds,
  picoDigits,
} from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import { readEventInstant } from "../usage/event-instant.ts";
import { readMoney } from "../usage/money-input.ts";
import type { BudgetChange, BudgetTerms, HardTerms } from "./budget.ts";
import type { BudgetMove } from "./budget-transfer.sql.ts";

const defaultThresholds: readonly number[] = [50, 75, 90, 100];
const defaultCurrency = "USD";
/** Money on the wire has at most 18 digits before the point. */
const picosEnd = 10n ** BigInt(18 + picoDigits);

const wrong = (field: string, text: string): Refusal =>
  new Refusal("VALIDATION_ERROR", `${field} ${text}.`, { fieldErrors: { [field]: text } });

function readPicos(amount: string | number): string {
  const picos = readMoney(amount);
  if (picos === undefined || picos < 0n || picos >= picosEnd) {
    throw wrong("amount", 'must be a decimal number that is not negative, with at most 12 decimals, such as "500"');
  }
  return picos.toString();
}

/** Thresholds as they are kept: each once, ascending. */
const readThresholds = (thresholds: readonly number[]): readonly number[] => parseThresholds(thresholds).map(Number);

/** The names of the core's fields of a period on the wire. */
const periodFields: Readonly<Record<string, string>> = {
  zone: "time_zone",
  firstMonth: "fiscal_start_month",
  count: "rolling_hours",
  fromMs: "starts_at",
};

/** A period as the core counts it. Throws `InvalidBudget` for what means nothing there. */
export function toCorePeriod(period: BudgetPeriod, startsAtMs: number): CorePeriod {
  const { kind, time_zone: zone = "UTC", fiscal_start_month: firstMonth = 1, rolling_hours: count } = period;
  switch (kind) {
    case "hour":
    case "day":
    case "week":
    case "month":
      return parseBudgetPeriod({ kind, zone });
    case "quarter":
    case "year":
      return parseBudgetPeriod({ kind, zone, firstMonth });
    case "rolling":
      return parseBudgetPeriod({ kind, unit: "hour", count });
    case "prepaid":
      return parseBudgetPeriod({ kind, fromMs: startsAtMs });
    default:
      return kind satisfies never;
  }
}

/** A period with its defaults, but for the start of a prepaid one, which is known when it is kept. */
function readPeriod(input: BudgetPeriodInput): BudgetPeriod {
  const startsAtMs = input.starts_at === undefined ? 0 : readEventInstant(input.starts_at);
  if (startsAtMs === undefined) throw wrong("period.starts_at", "is not a date of the calendar since 1970");
  try {
    const core = toCorePeriod(input, startsAtMs);
    switch (core.kind) {
      case "rolling":
        return { kind: core.kind, rolling_hours: core.count };
      case "prepaid":
        return { kind: core.kind, ...(input.starts_at !== undefined && { starts_at: formatInstant(core.fromMs) }) };
      case "quarter":
      case "year":
        return { kind: core.kind, time_zone: core.zone, fiscal_start_month: core.firstMonth };
      default:
        return { kind: core.kind, time_zone: core.zone };
    }
  } catch (error) {
    if (!(error instanceof InvalidBudget)) throw error;
    const text = error.message.slice(error.field.length + 1, -1);
    throw wrong(`period.${periodFields[error.field] ?? error.field}`, text);
  }
}

const defaultHardTerms: HardTerms = { atLimit: { action: "block" }, whenStoreIsAway: "refuse", unpriced: "refuse" };

function readHardTerms(input: BudgetInput | BudgetUpdate): Partial<HardTerms> {
  const { at_limit: atLimit, when_store_is_away: whenStoreIsAway, unpriced } = input;
  return {
    ...(atLimit !== undefined && { atLimit }),
    ...(whenStoreIsAway !== undefined && { whenStoreIsAway }),
    ...(unpriced !== undefined && { unpriced }),
  };
}

const hardFields: Readonly<Record<keyof HardTerms, string>> = {
  atLimit: "at_limit",
  whenStoreIsAway: "when_store_is_away",
  unpriced: "unpriced",
};

/** Refuses what somebody meant of a hard budget and says of a soft one, by field. */
export function requireHard(enforcement: BudgetTerms["enforcement"], named: Partial<HardTerms>): void {
  const [first] = Object.keys(named) as (keyof HardTerms)[];
  if (enforcement === "soft" && first !== undefined) {
    throw wrong(hardFields[first], "belongs to a budget whose enforcement is hard");
  }
}

/** The terms of a new budget that was valid by the contract. Refuses with VALIDATION_ERROR what means nothing, by field. */
export function readBudgetTerms(input: BudgetInput): BudgetTerms {
  const { name, description = "", amount = 0, currency = defaultCurrency, tokens, scope = {} } = input;
  const { enforcement = "soft" } = input;
  const hard = readHardTerms(input);
  requireHard(enforcement, hard);
  return {
    name,
    description,
    amount: tokens === undefined ? { unit: "money", picos: readPicos(amount), currency } : { unit: "tokens", tokens },
    period: readPeriod(input.period),
    per: input.per ?? null,
    parentId: input.parent_id ?? null,
    scope,
    thresholds: readThresholds(input.thresholds ?? defaultThresholds),
    enforcement,
    hard: { ...defaultHardTerms, ...hard },
  };
}

/** The same of a change. */
export function readBudgetChange({
  name,
  description,
  amount,
  tokens,
  period,
  scope,
  ...rest
}: BudgetUpdate): BudgetChange {
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(amount !== undefined && { picos: readPicos(amount) }),
    ...(tokens !== undefined && { tokens }),
    ...(period !== undefined && { period: readPeriod(period) }),
    ...(rest.parent_id !== undefined && { parentId: rest.parent_id }),
    ...(scope !== undefined && { scope }),
    ...(rest.thresholds !== undefined && { thresholds: readThresholds(rest.thresholds) }),
    ...(rest.enforcement !== undefined && { enforcement: rest.enforcement }),
    hard: readHardTerms(rest),
    reason: rest.reason,
  };
}

/** A transfer that was valid by the contract. */
export const readTransfer = (from: string, { to, amount, tokens, reason, force }: BudgetTransferInput): BudgetMove => ({
  from,
  to,
  amount: tokens === undefined ? { picos: readPicos(amount ?? 0) } : { tokens },
  reason,
  isForced: force === true,
});
