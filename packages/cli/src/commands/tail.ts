import type { Alert, CostRecord, LiveSubject, UsageRecord } from "@llm-cost-ops/contract";
import type { LiveEvent, LiveParams } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { count, money } from "../terminal/amounts.ts";
import { printable } from "../terminal/printable.ts";
import type { Paint } from "../terminal/terminal.ts";
import { wireForm } from "../wire-form.ts";
import { listOf, repeated } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";

interface TailFlags {
  readonly provider?: readonly string[];
  readonly model?: readonly string[];
  readonly project?: readonly string[];
  readonly user?: readonly string[];
  readonly apiKeyId?: readonly string[];
  readonly tag?: readonly string[];
  readonly events?: readonly LiveSubject[];
  readonly limit?: number;
}

export function define(command: Command, run: Run): void {
  command
    .option("--provider <names>", "only these providers", listOf)
    .option("--model <names>", "only these models", listOf)
    .option("--project <names>", "only these projects", listOf)
    .option("--user <names>", "only these users", listOf)
    .option("--api-key-id <ids>", "only what these API keys recorded", listOf)
    .option("--tag <key:value>", "only records with this tag; repeat it, and all must hold", repeated)
    .addOption(
      new Option("--events <kinds>", "some of usage, costs and alerts (what the key may see)").argParser(listOf),
    )
    .option("--limit <lines>", "end after so many", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .addHelpText("after", "\nExample: cost-ops tail --project web --output json | jq .data.total_cost")
    .action(
      run<TailFlags>(async (cli, { limit, ...flags }) => {
        const { terminal, signal } = cli;
        const isForPeople = terminal.format === "table";
        if (!isForPeople && terminal.format !== "json") {
          throw new CommandError("tail writes lines: --output must be table or json.", exitCodes.usage);
        }
        const client = await cli.connect();
        let lines = 0;
        try {
          for await (const event of client.stream(paramsFrom(flags), { signal })) {
            const text = isForPeople ? lineOf(event, terminal.paint, flags.events) : jsonOf(event);
            if (text === undefined) continue;
            terminal.data(`${text}\n`);
            lines += 1;
            if (lines === limit) return exitCodes.ok;
          }
        } catch (error) {
          // Ctrl-C is how this ends.
          if (!signal.aborted) throw error;
        }
        return exitCodes.ok;
      }),
    );
}

const paramsFrom = ({ provider, model, project, user, apiKeyId, tag, events }: TailFlags): LiveParams => ({
  provider,
  model,
  projectId: project,
  userId: user,
  apiKeyId,
  tags: tag,
  events,
});

const jsonOf = ({ id, type, data }: LiveEvent): string => JSON.stringify({ id, type, data: wireForm(data) });

const timeOf = (instant: string): string => `${instant.slice(11, 19)}Z`;

/** One line a call: time, model, tokens, cost, latency, status. Undefined for the cost of a call that has its line. */
function lineOf({ type, data }: LiveEvent, paint: Paint, events: TailFlags["events"]): string | undefined {
  if (type.startsWith("alert.")) {
    const alert = wireForm<Alert>(data);
    return `${paint.dim(timeOf(new Date().toISOString()))}  ${paint.red(type)}  ${printable(alert.title)}`;
  }
  const record = wireForm<UsageRecord & CostRecord>(data);
  const hasUsage = events === undefined || events.includes("usage");
  if (type === "cost.created" && record.usage_id !== null && hasUsage) return undefined;
  const { status, latency_ms: latencyMs, currency } = record;
  const state =
    type === "usage.created"
      ? status
      : type === "cost.updated" && record.cost_status !== "void"
        ? "corrected"
        : record.cost_status;
  const cells = [
    paint.dim(timeOf(record.occurred_at)),
    `${record.provider}/${record.model}`.padEnd(32),
    `${count(record.input_tokens)} → ${count(record.output_tokens)}`.padStart(18),
    (currency === null ? "unpriced" : money(record.total_cost, currency)).padStart(14),
    (latencyMs === undefined || latencyMs === null ? "" : `${count(latencyMs)} ms`).padStart(10),
    state === "success" ? paint.green(state) : state === "error" ? paint.red(state) : paint.yellow(state),
  ];
  return cells.join("  ");
}
