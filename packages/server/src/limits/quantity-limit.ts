import type { KeptQuantityLimits, LimitWindow, QuantityLimits } from "@llm-cost-ops/contract";
import { limitWindows } from "@llm-cost-ops/contract/limits";
import { formatMoney, parseMoney } from "@llm-cost-ops/core";
import { invariant, Refusal } from "../refusal.ts";
import { readMoney } from "../usage/money-input.ts";
import type { InstallationQuantityLimits } from "./quantity-settings.ts";

/** In errors, metrics and the list of a caller's limits. */
export type QuantityLimitName = `${"key" | "organization"}-${"tokens" | "cost"}-per-${LimitWindow}`;

/** One limit of a caller. */
export interface QuantityLimit {
  readonly name: QuantityLimitName;
  readonly appliesTo: "key" | "organization";
  /** Whose usage counts: a key's id, or empty for everybody of the organization. */
  readonly subject: string;
  /** `tokens`, or the currency whose picos are counted. */
  readonly unit: string;
  readonly window: LimitWindow;
  readonly max: bigint;
}

/** The unit of what is no money: no currency is written in small letters. */
export const tokenUnit = "tokens";
const defaultCurrency = "USD";

function picosOf(text: string): bigint {
  const picos = parseMoney(text);
  invariant(picos !== undefined, "a limit that is kept is money");
  return picos;
}

function* limitsIn(limits: KeptQuantityLimits): Generator<Pick<QuantityLimit, "unit" | "window" | "max">> {
  const { currency = defaultCurrency } = limits;
  for (const window of limitWindows) {
    const tokens = limits[`tokens_per_${window}`];
    const cost = limits[`cost_per_${window}`];
    if (tokens !== undefined) yield { unit: tokenUnit, window, max: BigInt(tokens) };
    if (cost !== undefined) yield { unit: currency, window, max: picosOf(cost) };
  }
}

/** What limits a caller: its own limits and the operator's, of which the lower one counts where both limit the same. */
export function limitsOfCaller(parts: {
  /** Undefined where no key asks. */
  readonly key: { readonly id: string; readonly limits: KeptQuantityLimits | undefined } | undefined;
  readonly organization: KeptQuantityLimits | undefined;
  readonly installation: InstallationQuantityLimits;
}): readonly QuantityLimit[] {
  const { key, organization, installation } = parts;
  const found = new Map<string, QuantityLimit>();
  const add = (
    appliesTo: QuantityLimit["appliesTo"],
    subject: string,
    limits: KeptQuantityLimits | undefined,
  ): void => {
    if (limits === undefined) return;
    for (const { unit, window, max } of limitsIn(limits)) {
      const place = `${appliesTo} ${unit} ${window}`;
      const lower = found.get(place);
      if (lower !== undefined && lower.max <= max) continue;
      const name = `${appliesTo}-${unit === tokenUnit ? "tokens" : "cost"}-per-${window}` as const;
      found.set(place, { name, appliesTo, subject, unit, window, max });
    }
  };
  if (key !== undefined) {
    add("key", key.id, key.limits);
    add("key", key.id, installation.key);
  }
  add("organization", "", organization);
  add("organization", "", installation.organization);
  return [...found.values()];
}

/** A quantity in the unit of a limit, as it goes over the wire. */
export const quantityText = ({ unit }: Pick<QuantityLimit, "unit">, quantity: bigint): string =>
  unit === tokenUnit ? quantity.toString() : formatMoney(quantity);

/** Limits that were valid by the contract, with exact amounts. `path` leads to them, for refusals: `limits.`. */
export function readQuantityLimits(limits: QuantityLimits, path: string): KeptQuantityLimits {
  const kept: Record<string, string | number> = {};
  for (const window of limitWindows) {
    const tokens = limits[`tokens_per_${window}`];
    if (tokens !== undefined) kept[`tokens_per_${window}`] = tokens;
  }
  for (const window of limitWindows) {
    const cost = limits[`cost_per_${window}`];
    if (cost === undefined) continue;
    const picos = readMoney(cost);
    if (picos === undefined || picos < 0n || picos >= 10n ** 30n) {
      const field = `${path}cost_per_${window}`;
      const text = 'must be a decimal number that is not negative, with at most 12 decimals, such as "12.50"';
      throw new Refusal("VALIDATION_ERROR", `${field} ${text}.`, { fieldErrors: { [field]: text } });
    }
    kept[`cost_per_${window}`] = formatMoney(picos);
    kept["currency"] = limits.currency ?? defaultCurrency;
  }
  return kept;
}

/** The limits of a key that another key makes: its maker's where it names none. */
export function limitsWithin(
  asked: KeptQuantityLimits | undefined,
  maker: KeptQuantityLimits | undefined,
): KeptQuantityLimits | undefined {
  return asked === undefined || maker === undefined ? (asked ?? maker) : { ...maker, ...asked };
}

/** Refuses with AUTH_002 limits that are wider than their maker's, and costs in a currency that could not be compared. */
export function requireLimitsWithin(
  limits: KeptQuantityLimits | undefined,
  maker: KeptQuantityLimits | undefined,
): void {
  if (maker === undefined) return;
  const refuse = (field: string, text: string): never => {
    throw new Refusal("AUTH_002", `A key may do no more than its maker: limits.${field} ${text}.`, {
      fieldErrors: { [`limits.${field}`]: text },
    });
  };
  if (maker.currency !== undefined && limits?.currency !== maker.currency) {
    refuse("currency", `must be ${maker.currency}, as of the key that makes it`);
  }
  for (const window of limitWindows) {
    for (const field of [`tokens_per_${window}`, `cost_per_${window}`] as const) {
      const max = maker[field];
      const given = limits?.[field];
      if (max === undefined) continue;
      // Both are decimals, and money is compared as what it is.
      if (given === undefined || picosOf(String(given)) > picosOf(String(max))) refuse(field, `must be at most ${max}`);
    }
  }
}
