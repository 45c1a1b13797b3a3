import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { UsageCreated } from "@llm-cost-ops/contract";
import type { CreateUsageParams } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Invocation, Run } from "../invocation.ts";
import { count, money } from "../terminal/amounts.ts";
import { writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { repeated } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";

/** Flags that are fields of a record: flag without dashes, field of the client, what it means. */
const names = [
  ["provider", "provider", "who served the call"],
  ["model", "model", "the model, as the provider names it"],
  ["project", "projectId", "project that the call belongs to"],
  ["user", "userId", "user that the call was made for"],
  ["id", "id", "id of the record; the same id counts once"],
  ["occurred-at", "occurredAt", "when the call was made (now)"],
  ["service-tier", "serviceTier", "tier that served the call, such as batch"],
  ["region", "region", "region that served the call"],
] as const;

const counts = [
  ["input-tokens", "inputTokens", "all input, cached tokens included"],
  ["output-tokens", "outputTokens", "all output, reasoning included"],
  ["cached-tokens", "cachedTokens", "input read from a cache"],
  ["cache-write-tokens", "cacheWriteTokens", "input written to a cache"],
  ["cache-write-1h-tokens", "cacheWrite1hTokens", "of these, written for an hour"],
  ["reasoning-tokens", "reasoningTokens", "output spent on reasoning"],
  ["latency-ms", "latencyMs", "how long the call took"],
] as const;

type IngestFlags = Partial<Record<(typeof names)[number][1] | "project" | "user", string>> &
  Partial<Record<(typeof counts)[number][1], number>> & {
    readonly tag?: readonly string[];
    readonly callStatus?: "success" | "error";
    readonly data?: string;
    readonly requirePrice?: boolean;
  };

export function define(command: Command, run: Run): void {
  for (const [flag, , meaning] of names) command.option(`--${flag} <text>`, meaning);
  for (const [flag, , meaning] of counts) {
    command.option(`--${flag} <count>`, meaning, wholeNumber(0, Number.MAX_SAFE_INTEGER));
  }
  command
    .addOption(new Option("--call-status <status>", "how the call ended").choices(["success", "error"]))
    .option("--tag <key:value>", "tag of the record; repeatable", repeated)
    .option("--data <json>", "the record as JSON, @FILE, or - for stdin; flags go before its fields")
    .option("--require-price", "refuse the record if there is no price for it")
    .addHelpText(
      "after",
      "\nExample: cost-ops ingest --provider openai --model gpt-4o --input-tokens 1000 --output-tokens 500",
    )
    .action(
      run<IngestFlags>(async (cli, flags) => {
        const record = { ...(await recordFrom(flags.data)), ...fieldsFrom(flags) };
        if (Object.keys(record).length === 0)
          throw new CommandError("Give the record with flags or --data.", exitCodes.usage);
        const client = await cli.connect("may be created");
        const { warnings, ...created } = await client.usage.create(record as unknown as CreateUsageParams, {
          signal: cli.signal,
        });
        const document = {
          data: wireForm<UsageCreated["data"]>(created),
          warnings: wireForm<UsageCreated["warnings"]>(warnings),
        };
        if (cli.terminal.format === "table" || cli.terminal.format === "csv") {
          await writeRecord(cli.terminal, document.data, () => recordText(cli, document.data));
        } else await writeRecord(cli.terminal, document);
        for (const warning of document.warnings)
          cli.terminal.talk(cli.terminal.paintTalk.yellow(`${warning.code}: ${warning.message}`));
      }),
    );
}

function fieldsFrom(flags: IngestFlags): Record<string, unknown> {
  const given: Record<string, unknown> = { ...flags, projectId: flags.project, userId: flags.user };
  const fields = [...names, ...counts].map(([, field]) => [field, given[field]] as const);
  return Object.fromEntries(
    [...fields, ["tags", flags.tag], ["status", flags.callStatus], ["requirePrice", flags.requirePrice]].filter(
      ([, value]) => value !== undefined,
    ),
  ) as Record<string, unknown>;
}

/** The JSON of `--data`; either spelling of the fields is understood by the server. */
async function recordFrom(data: string | undefined): Promise<Record<string, unknown>> {
  if (data === undefined) return {};
  const json =
    data === "-" ? await text(process.stdin) : data.startsWith("@") ? await readFile(data.slice(1), "utf8") : data;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new CommandError(`--data is not JSON: ${printable((error as Error).message)}.`, exitCodes.usage);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CommandError("--data must be one JSON object; for many records use cost-ops import.", exitCodes.usage);
  }
  return value as Record<string, unknown>;
}

function recordText({ terminal }: Pick<Invocation, "terminal">, record: UsageCreated["data"]): string {
  const { paint } = terminal;
  const cost =
    record.cost_status === "unpriced"
      ? paint.yellow(`unpriced: ${record.unpriced_reason ?? "no price was found"}`)
      : `${paint.bold(money(record.total_cost, record.currency))}  ${paint.dim(`exactly ${record.total_cost ?? "–"} ${record.currency ?? ""}`)}`;
  return [
    `${paint.bold(record.id)}  ${cost}`,
    `  ${printable(`${record.provider} / ${record.model}`)}: ${count(record.input_tokens)} input (${count(record.cached_tokens)} cached), ${count(record.output_tokens)} output`,
    paint.dim(`  cost-ops explain ${record.id}`),
  ].join("\n");
}
