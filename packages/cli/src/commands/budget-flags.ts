import { type BudgetPeriodName, budgetPeriods, limitActions, limits, refuseOrAllow } from "@llm-cost-ops/contract";
import { parseThresholds } from "@llm-cost-ops/core";
import type { Budget, CostOpsClient, UpdateBudgetParams } from "@llm-cost-ops/sdk";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { printable } from "../terminal/printable.ts";
import { listOf, repeated, type ScopeFlags } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";

/** What the flags of a budget's terms hold after parsing. */
export interface BudgetFlags extends ScopeFlags {
  readonly amount?: string;
  readonly tokens?: number;
  readonly period?: BudgetPeriodName;
  readonly timezone?: string;
  readonly fiscalStartMonth?: number;
  readonly rollingHours?: number;
  readonly startsAt?: string;
  readonly team?: string;
  readonly threshold?: readonly string[];
  readonly parent?: string;
  readonly description?: string;
  readonly hard?: true;
  readonly soft?: true;
  readonly atLimit?: (typeof limitActions)[number];
  readonly fallbackModel?: string;
  readonly fallbackProvider?: string;
  readonly whenStoreIsAway?: (typeof refuseOrAllow)[number];
  readonly unpriced?: (typeof refuseOrAllow)[number];
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

export const percents = (text: string, before: readonly string[] = []): readonly string[] => [
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
    .option("--api-key-id <ids>", "count only what these API keys recorded", listOf)
    .option("--tag <key:value>", "count only records with this tag; repeat it, and all must hold", repeated)
    .option("--team <team>", "count only projects of the team with this id or slug")
    .option("--threshold <percents>", "what the status says is reached (50,75,90,100)", percents)
    .option("--parent <budget>", "the budget that it is a part of, by id or name; its amount is no larger then")
    .option("--description <text>", "what it is for")
    .addOption(new Option("--hard", "refuse reservations beyond the amount").conflicts("soft"))
    .option("--soft", "warn alone (this)")
    .addOption(
      new Option("--at-limit <action>", "what a hard budget does with a reservation beyond its amount (block)").choices(
        limitActions,
      ),
    )
    .option("--fallback-model <model>", "with --at-limit fallback: the model to use instead")
    .option("--fallback-provider <provider>", "provider of that model (the same)")
    .addOption(
      new Option("--when-store-is-away <what>", "of a hard budget, while the database is away (refuse)").choices(
        refuseOrAllow,
      ),
    )
    .addOption(
      new Option("--unpriced <what>", "of a hard budget in money, for models without a price (refuse)").choices(
        refuseOrAllow,
      ),
    );
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
function scopeFrom({ provider, model, project: projectId, user: userId, apiKeyId, tag: tags, team }: BudgetFlags) {
  const scope = Object.entries({ provider, model, projectId, userId, apiKeyId, tags, team });
  const named = scope.filter(([, value]) => value !== undefined);
  return named.length === 0 ? undefined : (Object.fromEntries(named) as NonNullable<UpdateBudgetParams["scope"]>);
}

/** What flags say a hard budget does at its limit; undefined where they say nothing. */
function atLimitFrom({ atLimit, fallbackModel: model, fallbackProvider: provider }: BudgetFlags) {
  const named = { ...(model !== undefined && { model }), ...(provider !== undefined && { provider }) };
  const isNamed = Object.keys(named).length > 0;
  if (atLimit !== "fallback" && isNamed) {
    throw new CommandError("Give --at-limit fallback as well: it is what the model is for.", exitCodes.usage);
  }
  if (atLimit === "fallback" && model === undefined) {
    throw new CommandError("--at-limit fallback needs --fallback-model.", exitCodes.usage);
  }
  return atLimit === undefined ? undefined : { action: atLimit, ...named };
}

/** The terms that flags describe, but for the period, which is of `kind`. */
export function termsFrom(flags: BudgetFlags, kind: BudgetPeriodName | undefined) {
  const { amount, tokens, description, threshold } = flags;
  return {
    ...(amount !== undefined && { amount }),
    ...(tokens !== undefined && { tokens }),
    ...(description !== undefined && { description }),
    ...(threshold !== undefined && { thresholds: threshold.map(Number) }),
    ...((flags.hard || flags.soft) && { enforcement: flags.hard ? ("hard" as const) : ("soft" as const) }),
    ...(flags.whenStoreIsAway !== undefined && { whenStoreIsAway: flags.whenStoreIsAway }),
    ...(flags.unpriced !== undefined && { unpriced: flags.unpriced }),
    atLimit: atLimitFrom(flags),
    period: periodFrom(flags, kind),
    scope: scopeFrom(flags),
  };
}

/** Where commands ask for the budgets that the organization set for a tenant, in place of its own. */
export const tenantFlag = [
  "--tenant <id>",
  "what the organization set for this tenant of it, in place of its own",
] as const;

/** The budgets of these ids or names, in their order; all there are where nothing is named. */
export async function budgetsOf(
  client: CostOpsClient,
  named: readonly string[],
  tenantId?: string,
): Promise<readonly Budget[]> {
  const budgets = await client.budgets.list({ tenantId });
  if (named.length === 0) return budgets;
  const wanting = named.map(async (wanted) => {
    const found = budgets.find(({ id }) => id === wanted) ?? budgets.find(({ name }) => name === wanted);
    // What is set for a tenant is found by its id alone.
    if (found !== undefined || isId.test(wanted)) return found ?? client.budgets.get(wanted);
    throw new CommandError(`There is no budget ${printable(wanted)}.`, exitCodes.api);
  });
  return Promise.all(wanting);
}

const isId = /^budget_[0-9a-f-]{36}$/;

/** The budget of this id or name. */
export async function budgetOf(client: CostOpsClient, named: string, tenantId?: string): Promise<Budget> {
  const [budget] = await budgetsOf(client, [named], tenantId);
  return budget as Budget;
}
