import type { ProviderUsage } from "../usage-flavors.ts";

const plainDecimal = /^\d{1,18}(?:\.\d{1,30})?$/;

/**
 * A provider's own figure of the cost as a decimal string: JSON numbers are written out with the shortest digits that
 * they stand for (`1.4e-7` → `"0.00000014"`); negative, infinite and other values give undefined.
 */
export function reportedDollars(value: unknown): ProviderUsage["reportedCost"] {
  const amount = typeof value === "number" ? plainDigits(value) : typeof value === "string" ? value : undefined;
  return amount !== undefined && plainDecimal.test(amount) ? { amount, currency: "USD" } : undefined;
}

/** xAI counts its costs in ticks of 10⁻¹⁰ US dollars (49100000 ticks = $0.00491). */
export function reportedTicks(value: unknown): ProviderUsage["reportedCost"] {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) return undefined;
  const digits = String(value).padStart(11, "0");
  const fraction = digits.slice(-10).replace(/0+$/, "");
  const whole = digits.slice(0, -10);
  return { amount: fraction === "" ? whole : `${whole}.${fraction}`, currency: "USD" };
}

function plainDigits(value: number): string | undefined {
  if (!Number.isFinite(value) || value < 0) return undefined;
  const text = String(value);
  const match = /^(\d)(?:\.(\d+))?e-(\d+)$/.exec(text);
  if (match === null) return text;
  const [, lead = "", fraction = "", exponent = "0"] = match;
  return `0.${"0".repeat(Number(exponent) - 1)}${lead}${fraction}`;
}
