import { type Pico, parseMoney } from "@llm-cost-ops/core";
import { shiftDecimal } from "../pricing/decimal-text.ts";

/**
 * Money as callers send it: a decimal string, or a JSON number at its shortest digits. Undefined where it is neither, or
 * has more than 12 decimals.
 */
export function readMoney(value: unknown): Pico | undefined {
  if (typeof value === "string") return parseMoney(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  const digits = shiftDecimal(Math.abs(value));
  const amount = digits === undefined ? undefined : parseMoney(digits);
  return amount !== undefined && value < 0 ? -amount : amount;
}
