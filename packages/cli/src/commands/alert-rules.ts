import { alertMetrics, alertSeverities } from "@llm-cost-ops/contract";
import type { AlertRule, CostOpsClient, UpdateAlertRuleParams } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import { confirm } from "../confirm.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { percents } from "./budget-flags.ts";
import { listOf, repeated, type ScopeFlags } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";

/** What the flags of a rule hold after parsing. */
interface RuleFlags extends ScopeFlags {
  readonly name?: string;
  readonly budget?: string;
  readonly percent?: readonly string[];
  readonly of?: "spent" | "projected";
  readonly metric?: (typeof alertMetrics)[number];
  readonly threshold?: string;
  readonly above?: boolean;
  readonly currency?: string;
  readonly minutes?: number;
  readonly per?: "hour" | "day";
  readonly timezone?: string;
  readonly requestsMin?: number;
  readonly team?: string;
  readonly severity?: (typeof alertSeverities)[number];
  readonly channel?: readonly string[];
  readonly quietMinutes?: number;
  readonly escalateAfter?: number | "never";
  readonly escalateTo?: readonly string[];
  readonly enable?: boolean;
  readonly disable?: boolean;
}

const minutesMax = 31 * 24 * 60;

/** Minutes, or that it never happens. */
const minutesOrNever = (text: string): number | "never" => (text === "never" ? text : wholeNumber(1, minutesMax)(text));

function addRuleFlags(command: Command): Command {
  return command
    .option("--budget <budget>", "id or name of the budget that is watched; every budget without it and --metric")
    .option("--percent <percents>", "percents of the amount (the budget's own thresholds)", percents)
    .addOption(new Option("--of <what>", "what of the budget reaches them (spent)").choices(["spent", "projected"]))
    .addOption(new Option("--metric <metric>", "what is watched in place of budgets").choices(alertMetrics))
    .option("--threshold <number>", "what the metric reaches: money, tokens, or a percent of the requests")
    .option("--above", "tell only what is above the threshold, not what equals it")
    .option("--currency <code>", "currency of a cost (USD)")
    .addOption(
      new Option("--minutes <minutes>", "watch the last minutes (60)")
        .argParser(wholeNumber(1, minutesMax))
        .conflicts("per"),
    )
    .addOption(new Option("--per <unit>", "watch the present hour or day of the calendar").choices(["hour", "day"]))
    .option("--timezone <zone>", "calendar of --per, such as Europe/Berlin (UTC)")
    .option("--requests-min <count>", "fewer requests say nothing of a rate (1)", wholeNumber(1, 1_000_000_000))
    .option("--provider <names>", "count only these providers", listOf)
    .option("--model <names>", "count only these models", listOf)
    .option("--project <names>", "count only these projects", listOf)
    .option("--user <names>", "count only these users", listOf)
    .option("--api-key-id <ids>", "count only what these API keys recorded", listOf)
    .option("--tag <key:value>", "count only records with this tag; repeat it, and all must hold", repeated)
    .option("--team <team>", "count only projects of the team with this id or slug")
    .addOption(new Option("--severity <severity>", "how bad it is (warning)").choices(alertSeverities))
    .option("--channel <channels>", "ids or names of the channels that are told", listOf)
    .option("--quiet-minutes <minutes>", "not told again for so long (60)", wholeNumber(0, minutesMax))
    .option("--escalate-after <minutes>", "minutes until it is told further, or never (never)", minutesOrNever)
    .option("--escalate-to <channels>", "ids or names of the channels that are told then", listOf);
}

/** The terms that flags describe; what no flag names is absent. */
function termsFrom(flags: RuleFlags): Omit<UpdateAlertRuleParams, "name"> {
  const { budget, percent, of, metric, threshold, above, currency, minutes, per, timezone, requestsMin } = flags;
  const { provider, model, project: projectId, user: userId, apiKeyId, tag: tags, team } = flags;
  if (timezone !== undefined && per === undefined && metric !== "daily_cost") {
    throw new CommandError("--timezone needs --per: the last minutes are the same everywhere.", exitCodes.usage);
  }
  const scope = Object.entries({ provider, model, projectId, userId, apiKeyId, tags, team }).filter(
    ([, value]) => value !== undefined,
  );
  const calendar = per ?? (timezone === undefined ? undefined : "day");
  const { severity, channel, quietMinutes, escalateAfter, escalateTo } = flags;
  return {
    budget,
    thresholds: percent?.map(Number),
    of,
    metric,
    threshold,
    comparison: above === true ? ">" : undefined,
    currency,
    window:
      calendar !== undefined
        ? { kind: calendar, timeZone: timezone }
        : minutes === undefined
          ? undefined
          : { kind: "rolling", minutes },
    scope: scope.length === 0 ? undefined : (Object.fromEntries(scope) as UpdateAlertRuleParams["scope"]),
    requestsMin,
    severity,
    channels: channel === undefined ? undefined : [...channel],
    quietPeriodMinutes: quietMinutes,
    escalateAfterMinutes: escalateAfter === "never" ? null : escalateAfter,
    escalateTo: escalateTo === undefined ? undefined : [...escalateTo],
  };
}

/** What a rule asks for, as people read it. */
function asksFor(rule: AlertRule): string {
  if (rule.kind === "budget") {
    const percentsText =
      rule.thresholds === null ? "its thresholds" : rule.thresholds.map((one) => `${one} %`).join(", ");
    return `${rule.of} of ${rule.budgetId ?? "every budget"} reaches ${percentsText}`;
  }
  const { window } = rule;
  const time = window?.kind === "rolling" ? `last ${window.minutes} min` : `${window?.kind}, ${window?.timeZone}`;
  const unit = rule.currency ?? (rule.metric === "tokens" ? "" : "%");
  const limit = [rule.comparison, rule.threshold, unit].join(" ").trimEnd();
  return `${rule.metric} ${limit} (${time})`;
}

const columns: readonly Column<AlertRule>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "name", text: (row) => row.name },
  { heading: "tells when", text: asksFor },
  { heading: "severity", text: (row) => row.severity },
  { heading: "on", text: (row) => (row.enabled ? "yes" : "no") },
  { heading: "channels", isOptional: true, align: "right", text: (row) => String(row.channels.length) },
];

/** The rule of an id or a name. @throws CommandError where there is none. */
async function ruleOf(client: CostOpsClient, named: string): Promise<AlertRule> {
  const rules = await client.alerts.rules.list();
  const found = rules.find(({ id }) => id === named) ?? rules.find(({ name }) => name === named);
  if (found === undefined) throw new CommandError(`There is no alert rule ${printable(named)}.`, exitCodes.api);
  return found;
}

/** The id of a rule by its id or name. */
export const ruleIdOf = async (client: CostOpsClient, named: string): Promise<string> =>
  (await ruleOf(client, named)).id;

const ruleText = (rule: AlertRule): string => printable(`${rule.name}: tells when ${asksFor(rule)}`);

export function defineRules(command: Command, run: Run): void {
  addRuleFlags(
    command
      .command("create")
      .description("have an alert opened when budgets reach thresholds, or a metric does")
      .requiredOption("--name <name>", "what people call it, and commands"),
  ).action(
    run<RuleFlags & { name: string }>(async (cli, { name, ...flags }) => {
      const client = await cli.connect("may be created");
      const { budget, ...terms } = termsFrom(flags);
      const kind = flags.metric === undefined ? "budget" : "metric";
      const made = await client.alerts.rules.create({ name, kind, ...(budget == null ? {} : { budget }), ...terms });
      await writeRecord(cli.terminal, wireForm<object>(made), () => ruleText(made));
    }),
  );

  command
    .command("list")
    .description("alert rules by name")
    .action(
      run<object>(async (cli) => {
        const client = await cli.connect();
        const rows = await client.alerts.rules.list();
        const data = wireForm<object[]>(rows);
        if (cli.terminal.format === "csv")
          return writeAnswer(cli.terminal, { document: { data }, rows: data, columns: [] });
        await writeAnswer(cli.terminal, { document: { data }, rows, columns, none: "No alert rules." });
      }),
    );

  addRuleFlags(
    command
      .command("update <rule>")
      .description("change a rule, by id or name; alerts of what it no longer asks for are resolved")
      .option("--name <name>", "what people call it from now on")
      .addOption(new Option("--enable", "let it tell again").conflicts("disable"))
      .option("--disable", "let it tell nothing; its alerts are resolved"),
  ).action(
    run<RuleFlags>(async (cli, { name, enable, disable, ...flags }, [named = ""]) => {
      const client = await cli.connect();
      const { id } = await ruleOf(client, named);
      const enabled = enable === true ? true : disable === true ? false : undefined;
      const changed = await client.alerts.rules.update(id, { name, enabled, ...termsFrom(flags) });
      await writeRecord(cli.terminal, wireForm<object>(changed), () => ruleText(changed));
    }),
  );

  command
    .command("delete <rule>")
    .description("delete a rule, by id or name; its alerts are resolved and stay to be read")
    .action(
      run<object>(async (cli, _flags, [named = ""]) => {
        const client = await cli.connect();
        const { id, name } = await ruleOf(client, named);
        await confirm(cli, `Delete the alert rule ${printable(name)}?`);
        await client.alerts.rules.delete(id);
        cli.terminal.talk(`Alert rule ${printable(name)} is deleted.`);
      }),
    );
}
