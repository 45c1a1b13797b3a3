import type { KeptQuantityLimits, LimitWindow } from "@llm-cost-ops/contract";
import { countMax } from "@llm-cost-ops/contract/limits";
import { formatMoney } from "@llm-cost-ops/core";
import { type Setting, SettingError } from "../setting.ts";
import { readMoney } from "../usage/money-input.ts";

type Whose = "key" | "organization";

function tokenCount(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= countMax)) throw new SettingError(`must be a whole number from 0 to ${countMax}`);
  return value;
}

function costText(text: string): string {
  const picos = /^\d{1,18}(\.\d{1,12})?$/.test(text) ? readMoney(text) : undefined;
  if (picos === undefined) throw new SettingError("must be a decimal number that is not negative, such as 12.50");
  return formatMoney(picos);
}

function currencyCode(text: string): string {
  if (!/^[A-Z]{3}$/.test(text)) throw new SettingError("must be a three-letter ISO 4217 code, such as USD");
  return text;
}

const who = { key: "each API key", organization: "everybody of an organization together" } as const;

const limit = <T>(
  whose: Whose,
  what: "tokens" | "cost",
  window: LimitWindow,
  parse: (text: string) => T,
): Setting<T> => {
  const name = `${whose === "key" ? "" : "organization_"}${what}_per_${window}`;
  const meant = what === "tokens" ? "Input and output tokens" : "Money, in RATE_LIMIT_CURRENCY,";
  return {
    env: `RATE_LIMIT_${name.toUpperCase()}`,
    toml: `rate_limit.${name}`,
    flag: undefined,
    fallback: undefined,
    meaning: `${meant} that ${who[whose]} may reserve in any ${window}, with what is recorded; no limit if unset.`,
    secret: false,
    parse,
  };
};

const tokens = (whose: Whose, window: LimitWindow) => limit(whose, "tokens", window, tokenCount);
const cost = (whose: Whose, window: LimitWindow) => limit(whose, "cost", window, costText);

/** What every key and every organization may use of tokens and money, as far as the operator decides it. */
export const quantitySettings = {
  rateLimitTokensPerMinute: tokens("key", "minute"),
  rateLimitTokensPerHour: tokens("key", "hour"),
  rateLimitTokensPerDay: tokens("key", "day"),
  rateLimitCostPerMinute: cost("key", "minute"),
  rateLimitCostPerHour: cost("key", "hour"),
  rateLimitCostPerDay: cost("key", "day"),
  rateLimitOrganizationTokensPerMinute: tokens("organization", "minute"),
  rateLimitOrganizationTokensPerHour: tokens("organization", "hour"),
  rateLimitOrganizationTokensPerDay: tokens("organization", "day"),
  rateLimitOrganizationCostPerMinute: cost("organization", "minute"),
  rateLimitOrganizationCostPerHour: cost("organization", "hour"),
  rateLimitOrganizationCostPerDay: cost("organization", "day"),
  rateLimitCurrency: {
    env: "RATE_LIMIT_CURRENCY",
    toml: "rate_limit.currency",
    flag: undefined,
    fallback: "USD",
    meaning: "The currency of the limits of money; costs in others do not count there.",
    secret: false,
    parse: currencyCode,
  } satisfies Setting<string>,
} as const;

type Name = keyof typeof quantitySettings;
type Parsed<N extends Name> = ReturnType<(typeof quantitySettings)[N]["parse"]>;

/** The values of these settings, part of the configuration. */
export type QuantityConfig = {
  readonly [N in Name]: N extends "rateLimitCurrency" ? string : Parsed<N> | undefined;
};

/** Reads every one of them. */
export function readQuantitySettings(read: (name: Name) => unknown): QuantityConfig {
  const names = Object.keys(quantitySettings) as Name[];
  return Object.fromEntries(names.map((name) => [name, read(name)])) as unknown as QuantityConfig;
}

const given = (limits: Readonly<Record<string, string | number | undefined>>): KeptQuantityLimits =>
  Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));

/** The operator's limits, by whom they count. */
export interface InstallationQuantityLimits {
  readonly key: KeptQuantityLimits;
  readonly organization: KeptQuantityLimits;
}

export const installationQuantityLimits = (config: QuantityConfig): InstallationQuantityLimits => ({
  key: given({
    tokens_per_minute: config.rateLimitTokensPerMinute,
    tokens_per_hour: config.rateLimitTokensPerHour,
    tokens_per_day: config.rateLimitTokensPerDay,
    cost_per_minute: config.rateLimitCostPerMinute,
    cost_per_hour: config.rateLimitCostPerHour,
    cost_per_day: config.rateLimitCostPerDay,
    currency: config.rateLimitCurrency,
  }),
  organization: given({
    tokens_per_minute: config.rateLimitOrganizationTokensPerMinute,
    tokens_per_hour: config.rateLimitOrganizationTokensPerHour,
    tokens_per_day: config.rateLimitOrganizationTokensPerDay,
    cost_per_minute: config.rateLimitOrganizationCostPerMinute,
    cost_per_hour: config.rateLimitOrganizationCostPerHour,
    cost_per_day: config.rateLimitOrganizationCostPerDay,
    currency: config.rateLimitCurrency,
  }),
});
