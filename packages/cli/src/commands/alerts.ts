import { type Alert, alertSeverities, alertStates } from "@llm-cost-ops/contract";
import type { CostOpsClient } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { defineRules, ruleIdOf } from "./alert-rules.ts";
import { sendTest } from "./channel-test.ts";
import { wholeNumber } from "./flag-values.ts";

interface ListFlags {
  readonly state?: Alert["state"];
  readonly severity?: Alert["severity"];
  readonly rule?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

const minute = (instant: string): string => instant.replace("T", " ").replace(/:\d\d(\.\d+)?Z$/, "");

const columns: readonly Column<Alert>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "opened", text: (row) => minute(row.opened_at) },
  { heading: "severity", text: (row) => row.severity },
  { heading: "state", text: (row) => row.state },
  { heading: "what", text: (row) => row.title },
  { heading: "rule", isOptional: true, text: (row) => row.rule_name },
];

const fields = [
  "id",
  "rule_id",
  "rule_name",
  "kind",
  "severity",
  "state",
  "title",
  "text",
  "budget_id",
  "budget_name",
  "threshold",
  "value",
  "period",
  "opened_at",
  "acknowledged_at",
  "escalated_at",
  "resolved_at",
  "resolved_because",
] as const satisfies readonly (keyof Alert)[];

/** An alert with everything that is said about it, line by line. */
function alertText(alert: Alert): string {
  const details = alert.details.map(({ label, value }) => `  ${label}: ${value}`);
  const steps = alert.history.map(({ step, at, by, note }) => {
    const who = by === null ? "" : ` by ${by.name ?? by.id ?? by.kind}`;
    return `  ${minute(at)} ${step}${who}${note === null ? "" : `: ${note}`}`;
  });
  const lines = [`${alert.title} (${alert.severity}, ${alert.state})`, alert.text, ...details, "History:", ...steps];
  return lines.map((line) => printable(line)).join("\n");
}

/** That there is no alert; and where no rule watches budgets, that their thresholds are not what would open one. */
async function noAlert(client: CostOpsClient): Promise<string> {
  const rules = await client.alerts.rules.list();
  if (rules.some(({ enabled, kind }) => enabled && kind === "budget")) return "No alerts.";
  return `No alerts. No rule watches budgets yet: cost-ops alerts rules create --name "Budgets" makes one.`;
}

export function define(command: Command, run: Run): void {
  command
    .command("list")
    .description("alerts, newest first")
    .addOption(new Option("--state <state>", "only these").choices(alertStates))
    .addOption(new Option("--severity <severity>", "only these").choices(alertSeverities))
    .option("--rule <rule>", "only those of the rule with this id or name")
    .option("--limit <alerts>", "alerts of a page, at most 1000 (50)", wholeNumber(1, 1_000))
    .option("--cursor <cursor>", "the page after the one that named this cursor")
    .action(
      run<ListFlags>(async (cli, { rule, limit = 50, ...flags }) => {
        const client = await cli.connect();
        const ruleId = rule === undefined ? undefined : await ruleIdOf(client, rule);
        const page = await client.alerts.list({ ...flags, ruleId, limit });
        const rows = wireForm<Alert[]>(page.data);
        const isAll = ruleId === undefined && Object.values(flags).every((value) => value === undefined);
        const isBare = rows.length === 0 && isAll && cli.terminal.format === "table";
        const none = isBare ? await noAlert(client) : "No alerts.";
        const document = { data: rows, pagination: wireForm(page.pagination) };
        await writeAnswer(cli.terminal, { document, rows, fields, columns, none });
        if (page.nextCursor !== null) cli.terminal.talk(`More follow: add --cursor ${page.nextCursor}`);
      }),
    );

  command
    .command("show <alert>")
    .description("one alert and what became of it")
    .action(
      run<object>(async (cli, _flags, [id = ""]) => {
        const alert = wireForm<Alert>(await (await cli.connect()).alerts.get(id));
        await writeRecord(cli.terminal, alert, () => alertText(alert));
      }),
    );

  command
    .command("acknowledge <alert>")
    .description("say that somebody takes care of an alert: it does not escalate any more")
    .option("--note <text>", "for its history, and for whoever is told")
    .action(
      run<{ note?: string }>(async (cli, { note }, [id = ""]) => {
        const alert = wireForm<Alert>(await (await cli.connect()).alerts.acknowledge(id, note));
        await writeRecord(cli.terminal, alert, () => alertText(alert));
      }),
    );

  command
    .command("resolve <alert>")
    .description("say that an alert is done with; it is told again only after its value fell and rose once more")
    .option("--note <text>", "for its history, and for whoever is told")
    .action(
      run<{ note?: string }>(async (cli, { note }, [id = ""]) => {
        const alert = wireForm<Alert>(await (await cli.connect()).alerts.resolve(id, note));
        await writeRecord(cli.terminal, alert, () => alertText(alert));
      }),
    );

  command
    .command("test")
    .description("send a test to a channel and say whether it arrived")
    .requiredOption("--channel <channel>", "id or name of the channel")
    .action(run<{ channel: string }>(async (cli, { channel }) => sendTest(cli, channel)));

  defineRules(command.command("rules").description("what is worth an alert"), run);
}
