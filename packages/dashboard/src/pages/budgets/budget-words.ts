import type { Budget, BudgetStatus } from "@llm-cost-ops/sdk";
import { formatInstant } from "../../format/instants.ts";
import { formatMoney, formatMoneyExact } from "../../format/money.ts";
import { formatCount, formatTokens } from "../../format/numbers.ts";
import { scopeText } from "../../scope/scope.ts";
import { whoseText } from "./per.ts";

/** What the amounts of a budget are written in. */
export interface Measure {
  /** Null where the budget is in tokens. */
  readonly currency: string | null;
}

/** An amount at a glance: `$41.20`, or `1.2M tokens`. */
export const amountText = (amount: string | null, { currency }: Measure): string =>
  currency === null ? (amount === null ? "–" : `${formatTokens(amount)} tokens`) : formatMoney(amount, currency);

/** The same before another amount, whose unit says it for both. */
export const amountShort = (amount: string | null, { currency }: Measure): string =>
  currency === null ? formatTokens(amount) : formatMoney(amount, currency);

/** With every digit. */
export const amountTextExact = (amount: string | null, { currency }: Measure): string =>
  currency === null ? (amount === null ? "–" : `${formatCount(amount)} tokens`) : formatMoneyExact(amount, currency);

export const stateLabels = { ok: "Ok", warning: "Warning", exceeded: "Exceeded" } as const satisfies Record<
  BudgetStatus["state"],
  string
>;

const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
export const monthNames: readonly string[] = months;

export const periodNames = {
  hour: "Each hour",
  day: "Each day",
  week: "Each week",
  month: "Each month",
  quarter: "Each quarter",
  year: "Each year",
  rolling: "Rolling",
  prepaid: "Prepaid",
} as const satisfies Record<Budget["period"]["kind"], string>;

/** `Each month, Europe/Berlin`. UTC goes without saying. */
export function periodText(period: Budget["period"]): string {
  const { kind, timeZone, fiscalStartMonth, rollingHours, startsAt } = period;
  if (kind === "rolling") return hoursText(rollingHours ?? 0);
  if (kind === "prepaid") return startsAt === undefined ? "Prepaid" : `Prepaid since ${formatInstant(startsAt, "UTC")}`;
  const zone = timeZone === undefined || timeZone === "UTC" ? "" : `, ${timeZone}`;
  const fiscal =
    fiscalStartMonth === undefined || fiscalStartMonth === 1 ? "" : `, years from ${months[fiscalStartMonth - 1]}`;
  return `${periodNames[kind]}${fiscal}${zone}`;
}

const hoursText = (hours: number): string =>
  hours % 24 === 0
    ? `The last ${hours === 24 ? "24 hours" : `${hours / 24} days`}`
    : `The last ${hours === 1 ? "hour" : `${hours} hours`}`;

/** What a hard budget does with a call beyond its amount. */
export function limitText(budget: Budget): string {
  if (budget.enforcement === "soft") return "Warns alone";
  const { action, model } = budget.atLimit ?? { action: "block" };
  switch (action) {
    case "block":
      return "Refuses calls";
    case "fallback":
      return `Calls ${model ?? "another model"} instead`;
    case "approve":
      return "Refuses until approved";
    case "notify":
      return "Grants and says so";
    default:
      return action satisfies never;
  }
}

type Uncounted = Pick<BudgetStatus, "unit" | "unpricedRequests" | "otherCurrencies">;

const besides = ({ otherCurrencies }: Uncounted): string =>
  otherCurrencies.map(({ currency, spentExact }) => formatMoney(spentExact, currency)).join(" and ");
const unpricedIn = ({ unit, unpricedRequests }: Uncounted): number => (unit === "money" ? unpricedRequests : 0);

/** What the budget does not know of, in sentences; empty where it knows all. */
export function uncountedText(status: Uncounted): string {
  const unpriced = unpricedIn(status);
  const others = besides(status);
  return [
    unpriced === 0
      ? ""
      : unpriced === 1
        ? "1 request of this period has no price and is not counted."
        : `${formatCount(unpriced)} requests of this period have no price and are not counted.`,
    others === "" ? "" : `${others} spent besides, in currencies that are never converted.`,
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

/** The same in a few words, for a list. */
export function uncountedShort(status: Uncounted): string {
  const unpriced = unpricedIn(status);
  const parts = [unpriced === 0 ? "" : `${formatCount(unpriced)} unpriced`, besides(status)].filter(
    (part) => part !== "",
  );
  return parts.length === 0 ? "" : `not counted: ${parts.join(", ")}`;
}

/** Who is refused at the moment, and what becomes of them. */
export function blockedText(budget: Budget, status: BudgetStatus, of: "organization" | "tenant"): string {
  const whose = status.per === null ? "" : ` (${whoseText(status.per, status.value)})`;
  const ofThose = `of ${scopeText(budget.scope, of)}${whose}`;
  if (budget.enforcement === "soft") return "Nobody: this budget is soft and warns alone.";
  const action = budget.atLimit?.action ?? "block";
  if (status.state !== "exceeded") {
    const left = amountText(status.remainingExact, status);
    return `Nobody at the moment. A call that may cost more than the ${left} that remain is ${
      action === "block"
        ? "refused"
        : action === "approve"
          ? "refused until somebody approves it"
          : action === "fallback"
            ? `made with ${budget.atLimit?.model ?? "another model"} instead, where that fits`
            : "granted, and noted"
    }.`;
  }
  switch (action) {
    case "block":
      return `Calls ${ofThose} are refused: the amount is used up.`;
    case "approve":
      return `Calls ${ofThose} are refused until somebody approves them: the amount is used up.`;
    case "fallback":
      return `Calls ${ofThose} are refused, even with ${budget.atLimit?.model ?? "the other model"}: the amount is used up.`;
    case "notify":
      return `Nobody: calls ${ofThose} go on beyond the amount, and that is noted.`;
    default:
      return action satisfies never;
  }
}
