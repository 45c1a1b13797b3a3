import type { Budget, BudgetAmendment, BudgetStatus } from "@llm-cost-ops/contract";
import { count, counted, money } from "../terminal/amounts.ts";
import type { Column } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";

const minute = (instant: string): string => instant.replace("T", " ").replace(/:\d\d(\.\d+)?Z$/, "");

/** A quantity of a budget in its unit, as people read it. */
export const quantity = (text: string | null, { currency }: Pick<BudgetStatus, "currency">): string =>
  currency === null ? count(text) : money(text, currency);

/** `0.7512` → `75.12 %`: the decimals are moved, never computed. */
export function percentText(ratio: string | null): string {
  if (ratio === null) return "–";
  const [whole = "0", fraction = ""] = ratio.split(".");
  const digits = fraction.padEnd(4, "0");
  const head = `${whole}${digits.slice(0, 2)}`.replace(/^(-?)0+(?=\d)/, "$1");
  const tail = digits.slice(2).replace(/0+$/, "");
  return `${head}${tail === "" ? "" : `.${tail}`} %`;
}

function periodText({ period }: Budget): string {
  const { kind, time_zone: zone, fiscal_start_month: month, rolling_hours: hours, starts_at: start } = period;
  if (kind === "rolling") return `last ${counted(hours ?? 0, "hour")}`;
  if (kind === "prepaid") return start === undefined ? "prepaid" : `prepaid since ${minute(start)}`;
  return [kind, ...(month === undefined || month === 1 ? [] : [`from month ${month}`]), zone ?? "UTC"].join(", ");
}

function scopeText({ scope }: Budget): string {
  const parts = Object.entries(scope).filter(([, value]) => value !== undefined);
  if (parts.length === 0) return "everything";
  return parts.map(([field, value]) => `${field.replace("_id", "")} ${[value].flat().join(" or ")}`).join(", ");
}

function limitText({ enforcement, at_limit: atLimit }: Budget): string {
  if (enforcement === "soft") return "warns";
  const { action, model, provider } = atLimit ?? { action: "block" };
  const other = [provider, model].filter((part) => part !== undefined).join("/");
  return action === "fallback"
    ? `falls back to ${other}`
    : { block: "blocks", approve: "asks", notify: "tells" }[action];
}

const amountText = ({ amount, currency, tokens, per }: Budget): string =>
  `${amount === null ? `${count(tokens)} tokens` : money(amount, currency)}${per === null ? "" : ` per ${per}`}`;

export const budgetColumns: readonly Column<Budget>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "name", text: (row) => row.name },
  { heading: "amount", align: "right", text: amountText },
  { heading: "period", text: periodText },
  { heading: "counts", text: scopeText },
  { heading: "at the limit", text: limitText },
  { heading: "thresholds", isOptional: true, text: (row) => row.thresholds.map((each) => `${each} %`).join(" ") },
];

export const budgetText = (budget: Budget): string =>
  printable(
    `${budget.name}: ${amountText(budget)}, ${periodText(budget)}, counts ${scopeText(budget)}${budget.enforcement === "hard" ? `, hard: ${limitText(budget)}` : ""}`,
  );

/** A value of a budget with an amount for each. */
export const valueText = ({ per, value }: Pick<BudgetStatus, "per" | "value">): string =>
  value === null ? `without ${per}` : `${per} ${value}`;

const statusColumns: readonly Column<BudgetStatus>[] = [
  { heading: "budget", text: (row) => (row.per === null ? row.name : `${row.name} (${valueText(row)})`) },
  { heading: "state", text: (row) => row.state },
  { heading: "used", align: "right", text: (row) => percentText(row.utilization) },
  { heading: "spent", align: "right", text: (row) => quantity(row.spent, row) },
  { heading: "amount", align: "right", text: (row) => quantity(row.amount, row) },
  { heading: "remaining", align: "right", text: (row) => quantity(row.remaining, row) },
  { heading: "reserved", align: "right", isOptional: true, text: (row) => quantity(row.reserved, row) },
  { heading: "projected", align: "right", isOptional: true, text: (row) => quantity(row.projected, row) },
  { heading: "ends", isOptional: true, text: (row) => (row.period.to === null ? "–" : minute(row.period.to)) },
  {
    heading: "exhausted",
    isOptional: true,
    text: (row) => (row.exhausted_at === null ? "–" : minute(row.exhausted_at)),
  },
];

const partColumns: readonly Column<BudgetStatus>[] = [
  {
    heading: "parts",
    text: (row) => row.children.map((part) => `${part.name} ${quantity(part.amount, row)}`).join(", "),
  },
  {
    heading: "unallocated",
    align: "right",
    text: (row) => (row.unallocated === null ? "" : quantity(row.unallocated, row)),
  },
];

/** With the parts of budgets where any has some. */
export const statusColumnsOf = (rows: readonly BudgetStatus[]): readonly Column<BudgetStatus>[] =>
  rows.some(({ children }) => children.length > 0) ? [...statusColumns, ...partColumns] : statusColumns;

/** Fields of a status in a CSV: every one, in the order of the interface. */
export const statusFields = [
  "budget_id",
  "name",
  "unit",
  "currency",
  "period",
  "amount",
  "spent",
  "reserved",
  "remaining",
  "utilization",
  "thresholds_reached",
  "state",
  "burn_rate_per_day",
  "projected",
  "exhausted_at",
  "unpriced_requests",
  "other_currencies",
  "children",
  "unallocated",
  "per",
  "value",
  "as_of",
] as const satisfies readonly (keyof BudgetStatus)[];

/** Says on stderr what a budget in money does not count, which a percentage alone would hide. */
export function sayWhatIsNotCounted(terminal: Terminal, statuses: readonly BudgetStatus[]): void {
  for (const { name, unit, unpriced_requests: unpriced, other_currencies: others } of statuses) {
    const budget = printable(name);
    if (unit === "money" && unpriced > 0) {
      terminal.talk(
        `${budget} does not count ${counted(unpriced, "request")} without a price: cost-ops list shows them.`,
      );
    }
    if (others.length > 0) {
      const spent = others.map((other) => money(other.spent, other.currency)).join(" + ");
      terminal.talk(`${budget} does not count ${printable(spent)}: other currencies are not converted.`);
    }
  }
}

const written = (value: unknown): string =>
  value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);

function changeText({ before, after }: BudgetAmendment): string {
  const old: Readonly<Record<string, unknown>> = before;
  return Object.entries(after)
    .map(([field, value]) => `${field} ${written(old[field])} → ${written(value)}`)
    .join(", ");
}

const transferText = ({ transfer }: BudgetAmendment): string =>
  transfer === null ? "" : `${transfer.amount} ${transfer.direction} ${transfer.budget_id}`;

export const historyColumns: readonly Column<BudgetAmendment>[] = [
  { heading: "changed", text: (row) => minute(row.changed_at) },
  { heading: "by", text: (row) => row.changed_by.name ?? row.changed_by.id ?? row.changed_by.kind },
  { heading: "what", text: changeText },
  { heading: "transfer", isOptional: true, text: (row) => transferText(row) },
  { heading: "why", text: (row) => row.reason ?? "" },
];
