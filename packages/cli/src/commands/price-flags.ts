import { readFile } from "node:fs/promises";
import type { CreatePriceParams } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { printable } from "../terminal/printable.ts";
import { fraction } from "./flag-values.ts";

export interface PriceFlags {
  readonly inputPrice?: string;
  readonly outputPrice?: string;
  readonly cacheReadPrice?: string;
  readonly cacheWritePrice?: string;
  readonly cacheWrite1hPrice?: string;
  readonly requestPrice?: string;
  readonly cachedInputDiscount?: number;
  readonly batchDiscount?: number;
  readonly currency?: string;
  readonly effectiveDate?: string;
  readonly endDate?: string;
  readonly rates?: string;
}

/** Flags of a price, as the provider publishes it: per million tokens, as decimals. */
export function addPriceFlags(command: Command): Command {
  return command
    .option("--input-price <price>", "per million input tokens")
    .option("--output-price <price>", "per million output tokens")
    .option("--cache-read-price <price>", "per million input tokens that are read from a cache")
    .option("--cache-write-price <price>", "per million input tokens that are written to a cache")
    .option("--cache-write-1h-price <price>", "the same for caches that live an hour")
    .option("--request-price <price>", "for each request")
    .option("--cached-input-discount <share>", "0.9 if cached input costs a tenth", fraction)
    .option("--batch-discount <share>", "0.5 if the batch tier costs half", fraction)
    .option("--currency <code>", "currency of the prices (USD)")
    .option("--end-date <instant>", "the instant from which it no longer applies")
    .option("--rates <file>", "any rates and multipliers, as a JSON file with rates, multipliers, tier_mode …");
}

type Prices = Omit<CreatePriceParams, "provider" | "model">;

/** The prices that flags and `--rates` describe, with decimals kept as they were written. */
export async function pricesFrom(flags: PriceFlags): Promise<Prices> {
  const prices = {
    ...(flags.rates === undefined ? {} : await readRates(flags.rates)),
    inputPricePerMillion: flags.inputPrice,
    outputPricePerMillion: flags.outputPrice,
    cacheReadPricePerMillion: flags.cacheReadPrice,
    cacheWritePricePerMillion: flags.cacheWritePrice,
    cacheWrite1hPricePerMillion: flags.cacheWrite1hPrice,
    pricePerRequest: flags.requestPrice,
    cachedInputDiscount: flags.cachedInputDiscount,
    batchDiscount: flags.batchDiscount,
    currency: flags.currency,
    effectiveDate: flags.effectiveDate,
    endDate: flags.endDate,
  };
  return Object.fromEntries(Object.entries(prices).filter(([, value]) => value !== undefined)) as Prices;
}

async function readRates(path: string): Promise<object> {
  const value = await readJsonFile(path, "--rates");
  return Array.isArray(value) ? { rates: value } : value;
}

/** A JSON file that a flag names. @throws CommandError naming the flag. */
export async function readJsonFile(path: string, flag: string): Promise<object> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw new CommandError(
      `${flag}: ${printable(path)} cannot be read: ${printable((error as Error).message)}`,
      exitCodes.usage,
    );
  }
  throw new CommandError(`${flag}: ${printable(path)} must hold a JSON object.`, exitCodes.usage);
}
