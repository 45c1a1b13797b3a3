import type { Repricing } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import type { Run } from "../invocation.ts";
import { count, money } from "../terminal/amounts.ts";
import { type Column, renderTable, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { wireForm } from "../wire-form.ts";
import { wholeNumber } from "./flag-values.ts";

interface PreviewFlags {
  readonly startDate?: string;
  readonly endDate?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly reason?: string;
}

const columns: readonly Column<Repricing>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "status", text: (row) => row.status },
  { heading: "created", text: (row) => row.created_at },
  { heading: "changed", align: "right", text: (row) => count(row.records_changed) },
  {
    heading: "difference",
    align: "right",
    text: (row) => row.by_currency.map((sum) => money(sum.difference, sum.currency)).join(" + ") || "–",
  },
  { heading: "reason", text: (row) => row.reason ?? "" },
];

export function defineReprice(command: Command, run: Run): void {
  command
    .command("preview")
    .description("compute what today's prices make of a period; changes no cost")
    .option("--from, --start-date <date>", "first day or instant (since ever)")
    .option("--to, --end-date <date>", "last day, or the instant before which (now)")
    .option("--provider <name>", "only this provider")
    .option("--model <name>", "only this model")
    .option("--reason <text>", "why, for the record")
    .action(
      run<PreviewFlags>(async (cli, flags) => {
        const client = await cli.connect();
        const preview = wireForm<Repricing>(await client.repricings.create(flags, { signal: cli.signal }));
        await writeRecord(cli.terminal, preview, () => repricingText(cli.terminal, preview));
        if (preview.records_changed > 0) cli.terminal.talk(`Apply it: cost-ops pricing reprice apply ${preview.id}`);
      }),
    );

  for (const [name, description, question] of [
    ["apply", "apply a preview as correction records", "Correct these costs?"],
    ["undo", "undo an applied repricing with opposite corrections", "Take these corrections back?"],
  ] as const) {
    command
      .command(name)
      .description(description)
      .argument("<id>", "the id of a repricing")
      .action(
        run(async (cli, _flags, [id = ""]) => {
          const client = await cli.connect();
          if (cli.terminal.interactive && !cli.options.yes) {
            const repricing = wireForm<Repricing>(await client.repricings.get(id));
            cli.terminal.talk(repricingText(cli.terminal, repricing));
            await confirm(cli, question);
          }
          const done = wireForm<Repricing>(await client.repricings[name](id, { signal: cli.signal }));
          await writeRecord(cli.terminal, done, () => repricingText(cli.terminal, done));
        }),
      );
  }

  command
    .command("list")
    .description("repricings, newest first")
    .option("--limit <repricings>", "how many, at most 1000 (50)", wholeNumber(1, 1_000))
    .option("--cursor <cursor>", "the page after the one that named this cursor")
    .action(
      run<{ limit?: number; cursor?: string }>(async (cli, { limit = 50, cursor }) => {
        const client = await cli.connect();
        const page = await client.repricings.list({ limit, ...(cursor === undefined ? {} : { cursor }) });
        const rows = wireForm<Repricing[]>(page.data);
        await writeAnswer(cli.terminal, {
          document: { data: rows, pagination: wireForm(page.pagination) },
          rows,
          fields: [
            "id",
            "status",
            "created_at",
            "applied_at",
            "undone_at",
            "records_examined",
            "records_changed",
            "records_same_cost",
            "skipped",
            "by_currency",
            "reason",
          ],
          columns,
          none: "No repricings.",
        });
        if (page.nextCursor !== null) cli.terminal.talk(`More follow: add --cursor ${page.nextCursor}`);
      }),
    );

  command
    .command("show")
    .description("one repricing, with its difference by model and day")
    .argument("<id>", "the id of a repricing")
    .action(
      run(async (cli, _flags, [id = ""]) => {
        const client = await cli.connect();
        const repricing = wireForm<Repricing>(await client.repricings.get(id));
        await writeRecord(cli.terminal, repricing, () => repricingText(cli.terminal, repricing));
      }),
    );
}

const skippedBecause: Readonly<Record<string, string>> = {
  other_currency: "the price is in another currency now",
  no_price_at_date: "there is no price for their date any more",
  unknown_model: "their model has no price any more",
  unknown_provider: "their provider has no price any more",
  kind_not_priced: "the price does not say what a part of their usage costs",
  tier_not_priced: "the price does not say what their service tier costs",
};

type DifferenceRow = Repricing["difference"][number];
type Savings = DifferenceRow["savings"];

const isChange = (savings: Savings): savings is NonNullable<Savings> => savings !== null && savings.difference !== "0";

const savingsColumn: Column<DifferenceRow> = {
  heading: "saved by caching",
  align: "right",
  text: ({ savings, currency }) => (savings === null ? "" : money(savings.difference, currency)),
};

/** How many rows of the difference people see; `--output json` has all. */
const shownMax = 40;

function repricingText(terminal: Terminal, repricing: Repricing): string {
  const { paint } = terminal;
  const rows = repricing.difference.slice(0, shownMax);
  const left = repricing.difference.length - rows.length;
  return [
    `${paint.bold(repricing.id)}  ${repricing.status}${repricing.reason === null ? "" : `  ${printable(repricing.reason)}`}`,
    `${count(repricing.records_changed)} of ${count(repricing.records_examined)} records change`,
    ...(repricing.records_same_cost === 0
      ? []
      : [`${count(repricing.records_same_cost)} of these cost the same: only what caching saved changes`]),
    ...repricing.skipped.map(
      ({ reason, records }) => `${count(records)} keep their cost: ${skippedBecause[reason] ?? printable(reason)}`,
    ),
    ...repricing.by_currency.map(
      (sum) =>
        `${money(sum.before, sum.currency)} becomes ${money(sum.after, sum.currency)}: ${paint.bold(money(sum.difference, sum.currency))}`,
    ),
    ...repricing.by_currency.flatMap(({ currency, savings }) =>
      isChange(savings)
        ? `caching saved ${money(savings.before, currency)}, then ${money(savings.after, currency)}: ${paint.bold(money(savings.difference, currency))}`
        : [],
    ),
    ...(rows.length === 0
      ? []
      : [
          "",
          renderTable(terminal, rows, [
            { heading: "day", text: (row) => row.day },
            { heading: "provider", text: (row) => row.provider },
            { heading: "model", text: (row) => row.model },
            { heading: "records", align: "right", text: (row) => count(row.records) },
            { heading: "before", align: "right", text: (row) => money(row.before, row.currency) },
            { heading: "after", align: "right", text: (row) => money(row.after, row.currency) },
            { heading: "difference", align: "right", text: (row) => money(row.difference, row.currency) },
            ...(rows.some(({ savings }) => isChange(savings)) ? [savingsColumn] : []),
          ]),
        ]),
    ...(left > 0 ? [`… and ${count(left)} more rows (--output json shows all)`] : []),
  ].join("\n");
}
