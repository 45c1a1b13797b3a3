import { type BudgetPeriodName, budgetPeriods, limits } from "@llm-cost-ops/contract";
import { parseThresholds } from "@llm-cost-ops/core";
import type { Budget, CostOpsClient, UpdateBudgetParams } from "@llm-cost-ops/sdk";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { printable } from "../terminal/printable.ts";
import { listOf, repeated } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";

/** What the flags of a budget's terms hold after parsing. */
export interface BudgetFlags {
  readonly amount?: string;
  readonly tokens?: number;
  readonly period?: BudgetPeriodName;
  readonly timezone?: string;
  readonly fiscalStartMonth?: number;
  readonly rollingHours?: number;
  readonly startsAt?: string;
  readonly provider?: readonly string[];
  readonly model?: readonly string[];
  readonly project?: readonly string[];
  readonly user?: readonly string[];
  readonly tag?: readonly string[];
  readonly team?: string;
  readonly threshold?: readonly string[];
  readonly description?: string;
}

/** A percent such as `100%` or `99.5`, as its shortest decimal. */
export function percent(text: string): string {
  try {
    const [read] = parseThresholds([text.replace(/ ?%$/, "")]);
    if (read !== undefined) return read;
  } catch {
    // Said below, in the words of a flag.
  }
  throw new InvalidArgumentError("It must be a percent above 0 and up to 1000 with at most two decimals, such as 80%.");
}

const percents = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...listOf(text).map(percent),
];

/** Flags of a budget's terms, on the command that makes one and on the one that changes one. */
export function addBudgetFlags(command: Command, periodMeaning: string): Command {
  return command
    .addOption(new Option("--amount <money>", "what may be spent in a period, such as 500").conflicts("tokens"))
    .option(
      "--tokens <count>",
      "what may be used in a period, in input and output tokens, in place of money",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .addOption(new Option("--period <kind>", periodMeaning).choices(budgetPeriods))
    .option("--timezone <zone>", "calendar of an hour to a year, such as Europe/Berlin (UTC)")
    .option("--fiscal-start-month <month>", "month in which quarters and years begin (1)", wholeNumber(1, 12))
    .option("--rolling-hours <hours>", "length of a rolling period", wholeNumber(1, limits.rangeDays * 24))
    .option("--starts-at <instant>", "from when on a prepaid budget counts (now)")
    .option("--provider <names>", "count only these providers", listOf)
    .option("--model <names>", "count only these models", listOf)
    .option("--project <names>", "count only these projects", listOf)
    .option("--user <names>", "count only these users", listOf)
    .option("--tag <key:value>", "count only records with this tag; repeat it, and all must hold", repeated)
    .option("--team <team>", "count only projects of the team with this id or slug")
    .option("--threshold <percents>", "what the status says is reached (50,75,90,100)", percents)
    .option("--description <text>", "what it is for");
}

/** The whole period that flags describe; undefined where none of them is given. */
function periodFrom(flags: BudgetFlags, kind: BudgetPeriodName | undefined) {
  const { timezone: timeZone, fiscalStartMonth, rollingHours, startsAt } = flags;
  const fields = { timeZone, fiscalStartMonth, rollingHours, startsAt };
  if (kind !== undefined) return { kind, ...fields };
  if (Object.values(fields).every((value) => value === undefined)) return undefined;
  throw new CommandError("Give --period as well: a period is changed as a whole.", exitCodes.usage);
}

/** The whole scope that flags describe; undefined where none of them is given. */
function scopeFrom({ provider, model, project: projectId, user: userId, tag: tags, team }: BudgetFlags) {
  const scope = Object.entries({ provider, model, projectId, userId, tags, team });
  const named = scope.filter(([, value]) => value !== undefined);
  return named.length === 0 ? undefined : (Object.fromEntries(named) as NonNullable<UpdateBudgetParams["scope"]>);
}

/** The terms that flags describe, but for the period, which is of `kind`. */
export function termsFrom(flags: BudgetFlags, kind: BudgetPeriodName | undefined) {
  const { amount, tokens, description, threshold } = flags;
  return {
    ...(amount !== undefined && { amount }),
    ...(tokens !== undefined && { tokens }),
    ...(description !== undefined && { description }),
    ...(threshold !== undefined && { thresholds: threshold.map(Number) }),
    period: periodFrom(flags, kind),
    scope: scopeFrom(flags),
  };
}

/** The budgets of these ids or names, in their order; all there are where nothing is named. */
export async function budgetsOf(client: CostOpsClient, named: readonly string[]): Promise<readonly Budget[]> {
  const budgets = await client.budgets.list();
  if (named.length === 0) return budgets;
  return named.map((wanted) => {
    const found = budgets.find(({ id }) => id === wanted) ?? budgets.find(({ name }) => name === wanted);
    if (found === undefined) throw new CommandError(`There is no budget ${printable(wanted)}.`, exitCodes.api);
    return found;
  });
}

/** The budget of this id or name. */
export async function budgetOf(client: CostOpsClient, named: string): Promise<Budget> {
  const [budget] = await budgetsOf(client, [named]);
  return budget as Budget;
}
