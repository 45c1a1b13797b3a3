import type { LimitStatus } from "@llm-cost-ops/contract";
import type { QuantityLimits } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { quantity } from "./budget-text.ts";
import { wholeNumber } from "./flag-values.ts";

/** What the flags of limits in tokens and money hold after parsing. */
export interface LimitFlags {
  readonly tokensPerMinute?: number;
  readonly tokensPerHour?: number;
  readonly tokensPerDay?: number;
  readonly costPerMinute?: string;
  readonly costPerHour?: string;
  readonly costPerDay?: string;
  readonly limitCurrency?: string;
}

export function addLimitFlags(command: Command, whatMay: string): Command {
  for (const window of ["minute", "hour", "day"]) {
    const count = wholeNumber(0, Number.MAX_SAFE_INTEGER);
    command.option(`--tokens-per-${window} <count>`, `input and output tokens that ${whatMay} in any ${window}`, count);
  }
  for (const window of ["minute", "hour", "day"]) {
    command.option(`--cost-per-${window} <money>`, `money that ${whatMay} in any ${window}`);
  }
  return command.option("--limit-currency <code>", "the currency of these costs (USD)");
}

/** The limits that flags describe; undefined where none of them is given. */
export function limitsFrom({ limitCurrency: currency, ...flags }: LimitFlags): QuantityLimits | undefined {
  const { tokensPerMinute, tokensPerHour, tokensPerDay, costPerMinute, costPerHour, costPerDay } = flags;
  const limits = { tokensPerMinute, tokensPerHour, tokensPerDay, costPerMinute, costPerHour, costPerDay, currency };
  return Object.values(limits).every((value) => value === undefined) ? undefined : limits;
}

/** As the end of a sentence about whom they limit. */
export function limitsText(limits: QuantityLimits | undefined): string {
  if (limits === undefined) return "has no limits in tokens and money";
  const { currency = "USD" } = limits;
  const said = (["minute", "hour", "day"] as const).flatMap((window) => {
    const name = `${window.charAt(0).toUpperCase()}${window.slice(1)}` as Capitalize<typeof window>;
    const tokens = limits[`tokensPer${name}`];
    const cost = limits[`costPer${name}`];
    return [
      ...(tokens === undefined ? [] : [`${tokens} tokens in any ${window}`]),
      ...(cost === undefined ? [] : [`${cost} ${currency} in any ${window}`]),
    ];
  });
  return `may reserve ${said.join(", ")}`;
}

const columns: readonly Column<LimitStatus>[] = [
  { heading: "limit", text: (row) => row.name },
  { heading: "amount", align: "right", text: (row) => quantity(row.amount, row) },
  { heading: "spent", align: "right", text: (row) => quantity(row.spent, row) },
  { heading: "remaining", align: "right", text: (row) => quantity(row.remaining, row) },
];

export function defineLimits(command: Command, run: Run): void {
  command
    .command("limits")
    .description("what you may use of tokens and money in a minute, an hour and a day, and what is left")
    .action(
      run(async (cli) => {
        const rows = wireForm<LimitStatus[]>(await (await cli.connect()).auth.limits());
        const none = "No limits in tokens and money.";
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, columns, none });
      }),
    );
}
