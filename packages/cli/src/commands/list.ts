import type { UsageRecord } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { count, money } from "../terminal/amounts.ts";
import { type Column, writeAnswer } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { addFilterFlags, type FilterOptions, filterFrom, listOf } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";

interface ListOptions extends FilterOptions {
  readonly limit?: number;
  readonly cursor?: string;
  readonly orderBy?: readonly string[];
  readonly fields?: readonly string[];
}

type Row = Partial<UsageRecord>;

export function define(command: Command, run: Run): void {
  addFilterFlags(command, "everything if no dates are given")
    .option("--limit <records>", "records of a page, at most 1000 (50)", wholeNumber(1, 1_000))
    .option("--cursor <cursor>", "the page after the one that named this cursor")
    .option("--order-by <fields>", "occurred_at, created_at, total_cost, total_tokens; descending with -", listOf)
    .option("--fields <names>", "only these fields", listOf)
    .action(
      run<ListOptions>(async (cli, options) => {
        const client = await cli.connect();
        const { limit = 50, cursor, orderBy, fields } = options;
        const page = await client.usage.list({
          ...filterFrom(options),
          limit,
          cursor,
          orderBy,
          ...(fields === undefined ? {} : { fields }),
        });
        const rows = wireForm<Row[]>(page.data);
        await writeAnswer(cli.terminal, {
          document: { data: rows, pagination: wireForm(page.pagination) },
          rows,
          fields: fields ?? csvFields,
          columns: fields === undefined ? columns : fields.map(plainColumn),
          none: "No records.",
        });
        if (page.nextCursor !== null) cli.terminal.talk(`More follow: add --cursor ${page.nextCursor}`);
      }),
    );
}

const columns: readonly Column<Row>[] = [
  { heading: "occurred", text: (row) => (row.occurred_at ?? "–").replace("T", " ").replace(/(\.\d+)?Z$/, "") },
  { heading: "id", isWhole: true, text: (row) => row.id ?? "–" },
  { heading: "provider", text: (row) => row.provider ?? "–" },
  { heading: "model", text: (row) => row.model ?? "–" },
  { heading: "project", isOptional: true, text: (row) => row.project_id ?? "–" },
  { heading: "input", align: "right", isOptional: true, text: (row) => count(row.input_tokens) },
  { heading: "cached", align: "right", isOptional: true, text: (row) => count(row.cached_tokens) },
  { heading: "output", align: "right", isOptional: true, text: (row) => count(row.output_tokens) },
  {
    heading: "cost",
    align: "right",
    text: (row) => (row.cost_status === "unpriced" ? "unpriced" : money(row.total_cost, row.currency)),
  },
];

const csvFields = [
  "id",
  "occurred_at",
  "provider",
  "model",
  "resolved_model",
  "project_id",
  "user_id",
  "service_tier",
  "region",
  "input_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "output_tokens",
  "reasoning_tokens",
  "total_cost",
  "currency",
  "cost_status",
  "unpriced_reason",
  "usage_status",
  "tags",
  "api_key_id",
] as const satisfies readonly (keyof UsageRecord)[];

const plainColumn = (name: string): Column<Row> => ({
  heading: name,
  text: (row) => {
    const value = (row as Record<string, unknown>)[name];
    return value === null || value === undefined
      ? "–"
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
  },
});
