import { type Decimal, parseDecimal } from "../money/money.ts";
import { isUsageKind, usageKinds } from "../usage/usage-kinds.ts";
import type { Multiplier, PriceVersion, Rate } from "./price-version.ts";
import { normalizeServiceTier, standardTier } from "./service-tier.ts";

/** A price version that cannot be used for rating. `field` is the path of what is wrong, such as `rates[2].price`. */
export class InvalidPriceVersion extends Error {
  readonly field: string;

  constructor(versionId: string, field: string, problem: string) {
    super(`Price version ${versionId}: ${field} ${problem}.`);
    this.name = "InvalidPriceVersion";
    this.field = field;
  }
}

/** A time of day in whole seconds since midnight UTC, `[fromS, toS)`, past midnight where `toS <= fromS`. */
export interface DayWindow {
  readonly fromS: number;
  readonly toS: number;
  readonly lengthS: number;
}

export interface ParsedRate {
  readonly rate: Rate;
  readonly price: Decimal;
  readonly tier: string;
  readonly region: string | undefined;
  /** Applies to contexts larger than this; -1 from the first token. */
  readonly above: number;
  readonly window: DayWindow | undefined;
}

export interface ParsedMultiplier {
  readonly tier: string | undefined;
  readonly region: string | undefined;
  readonly factor: Decimal;
  readonly text: string;
}

export interface ParsedPriceVersion {
  readonly rates: readonly ParsedRate[];
  readonly multipliers: readonly ParsedMultiplier[];
}

type Refuse = (field: string, problem: string) => never;

const dayS = 86_400;
const timePattern = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/** Reads `HH:MM` or `HH:MM:SS`; `24:00` is the end of the day. */
function parseTimeOfDay(text: string): number | undefined {
  if (text === "24:00" || text === "24:00:00") return dayS;
  const match = timePattern.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? "0");
}

function parseWindow(timeOfDay: Rate["timeOfDay"], field: string, refuse: Refuse): DayWindow | undefined {
  if (timeOfDay === undefined) return undefined;
  const fromS = parseTimeOfDay(timeOfDay.from) ?? refuse(`${field}.from`, "is not a time of day (HH:MM)");
  if (fromS === dayS) refuse(`${field}.from`, "is the end of the day");
  const toS = parseTimeOfDay(timeOfDay.to) ?? refuse(`${field}.to`, "is not a time of day (HH:MM)");
  return { fromS, toS, lengthS: toS > fromS ? toS - fromS : toS - fromS + dayS };
}

function parseName(name: string | undefined, field: string, refuse: Refuse): string | undefined {
  if (name === undefined) return undefined;
  const lower = name.trim().toLowerCase();
  return lower === "" ? refuse(field, "is empty") : lower;
}

function parseTier(name: string | undefined, provider: string, field: string, refuse: Refuse): string | undefined {
  const tier = parseName(name, field, refuse);
  return tier === undefined ? undefined : normalizeServiceTier(provider, tier);
}

function parseRate(rate: Rate, provider: string, field: string, refuse: Refuse): ParsedRate {
  if (!isUsageKind(rate.kind)) refuse(`${field}.kind`, `is not a usage kind (one of ${usageKinds.join(", ")})`);
  const price = parseDecimal(rate.price) ?? refuse(`${field}.price`, "is not a plain non-negative decimal string");
  if (!Number.isSafeInteger(rate.per) || rate.per <= 0) refuse(`${field}.per`, "is not a positive integer");
  const above = rate.above ?? -1;
  if (!Number.isSafeInteger(above) || (rate.above !== undefined && above < 0)) {
    refuse(`${field}.above`, "is not a non-negative integer");
  }
  return {
    rate,
    price,
    tier: parseTier(rate.serviceTier, provider, `${field}.serviceTier`, refuse) ?? standardTier,
    region: parseName(rate.region, `${field}.region`, refuse),
    above,
    window: parseWindow(rate.timeOfDay, `${field}.timeOfDay`, refuse),
  };
}

function parseMultiplier(multiplier: Multiplier, provider: string, field: string, refuse: Refuse): ParsedMultiplier {
  const tier = parseTier(multiplier.serviceTier, provider, `${field}.serviceTier`, refuse);
  const region = parseName(multiplier.region, `${field}.region`, refuse);
  if (region === undefined && (tier === undefined || tier === standardTier)) {
    refuse(field, "names neither a region nor a tier other than standard");
  }
  const factor =
    parseDecimal(multiplier.factor) ?? refuse(`${field}.factor`, "is not a plain non-negative decimal string");
  return { tier, region, factor, text: multiplier.factor };
}

function refuseRepeats(keys: readonly string[], list: string, refuse: Refuse): void {
  const seen = new Map<string, number>();
  for (const [index, key] of keys.entries()) {
    const first = seen.get(key);
    if (first !== undefined) refuse(`${list}[${index}]`, `says the same as ${list}[${first}]`);
    seen.set(key, index);
  }
}

/** Checks a version and parses its decimals, names and times once. Throws `InvalidPriceVersion`. */
export function parsePriceVersion(version: PriceVersion): ParsedPriceVersion {
  const refuse: Refuse = (field, problem) => {
    throw new InvalidPriceVersion(version.id, field, problem);
  };
  if (!/^[A-Z]{3}$/.test(version.currency)) refuse("currency", "is not a three-letter code");
  if (version.validFromMs !== null && version.validToMs !== null && version.validToMs <= version.validFromMs) {
    refuse("validToMs", "is not later than validFromMs");
  }
  if (version.rates.length === 0) refuse("rates", "is empty");
  const rates = version.rates.map((rate, index) => parseRate(rate, version.provider, `rates[${index}]`, refuse));
  const multipliers = version.multipliers.map((one, index) =>
    parseMultiplier(one, version.provider, `multipliers[${index}]`, refuse),
  );
  refuseRepeats(
    rates.map(({ rate, tier, region, above, window }) =>
      [rate.kind, tier, region, above, window?.fromS, window?.toS].join("|"),
    ),
    "rates",
    refuse,
  );
  refuseRepeats(
    multipliers.map(({ tier, region }) => `${tier ?? ""}|${region ?? ""}`),
    "multipliers",
    refuse,
  );
  return { rates, multipliers };
}
