import type { CostFilters } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";

/** What the flags hold that say which part of the records is meant. */
export interface ScopeFlags {
  readonly provider?: readonly string[];
  readonly model?: readonly string[];
  readonly project?: readonly string[];
  readonly user?: readonly string[];
  readonly apiKeyId?: readonly string[];
  readonly tag?: readonly string[];
}

/** What the filter flags hold after parsing. */
export interface FilterOptions extends ScopeFlags {
  readonly range?: string;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly timezone?: string;
  readonly hours?: readonly string[];
  readonly serviceTier?: readonly string[];
  readonly region?: readonly string[];
  readonly currency?: readonly string[];
  readonly costStatus?: readonly string[];
  readonly usageStatus?: readonly string[];
}

/** A flag that may be repeated, and whose value may be a comma-separated list. */
export const listOf = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
];

/** A flag that may be repeated and whose value may hold commas. */
export const repeated = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Flags that say which records a question is about; the same on every command that asks. */
export function addFilterFlags(command: Command, rangeMeaning = "last-30-days if no dates are given"): Command {
  const dated = command
    .option("--range <preset>", `today, last-7-days, last-30-days, this-month, last-month, all … (${rangeMeaning})`)
    .addOption(new Option("--from, --start-date <date>", "first day or instant").conflicts("range"))
    .addOption(new Option("--to, --end-date <date>", "last day, or the instant before which").conflicts("range"));
  return addRecordFlags(dated).option(
    "--hours <hours>",
    'only these hours of the week: "mon-fri 09-18", sat, 22-24',
    listOf,
  );
}

/** The same without dates. */
export function addRecordFlags(command: Command): Command {
  return command
    .option("--timezone <zone>", "calendar of days, weeks and months, such as Europe/Berlin (UTC)")
    .option("--provider <names>", "only these providers", listOf)
    .option("--model <names>", "only these models", listOf)
    .option("--project <names>", "only these projects", listOf)
    .option("--user <names>", "only these users", listOf)
    .option("--api-key-id <ids>", "only what these API keys recorded", listOf)
    .option("--tag <key:value>", "only records with this tag; repeat it, and all must hold", repeated)
    .option("--service-tier <names>", "only these tiers, such as batch", listOf)
    .option("--region <names>", "only these regions", listOf)
    .option("--currency <codes>", "only costs in these currencies", listOf)
    .option("--cost-status <states>", "only priced, unpriced, reported or void", listOf)
    .option("--usage-status <states>", "only usage reported, estimated, partial or void", listOf);
}

/** The flags as the client's filter. */
export function filterFrom(options: FilterOptions, rangeDefault?: string): CostFilters {
  const dated = options.startDate !== undefined || options.endDate !== undefined;
  const range = options.range ?? (dated ? undefined : rangeDefault);
  return {
    range,
    startDate: options.startDate,
    endDate: options.endDate,
    timezone: options.timezone,
    hours: options.hours,
    provider: options.provider,
    model: options.model,
    projectId: options.project,
    userId: options.user,
    apiKeyId: options.apiKeyId,
    tags: options.tag,
    serviceTier: options.serviceTier,
    region: options.region,
    currency: options.currency,
    costStatus: options.costStatus as CostFilters["costStatus"],
    usageStatus: options.usageStatus as CostFilters["usageStatus"],
  };
}
