import { isolationLevels, type Organization, type TenantCosts } from "@llm-cost-ops/contract";
import { type Command, Option } from "commander";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { addLimitFlags, type LimitFlags, limitsFrom, limitsText } from "./limit-flags.ts";

const columns: readonly Column<Organization>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "name", text: (row) => row.name },
  { heading: "slug", text: (row) => row.slug },
  { heading: "isolation", text: (row) => row.isolation ?? "" },
  { heading: "created", text: (row) => row.created_at },
];

type CostRow = TenantCosts["data"][number];

const costColumns: readonly Column<CostRow>[] = [
  { heading: "organization", text: (row) => String(row["organization_name"]) },
  { heading: "id", text: (row) => String(row["organization_id"]) },
  { heading: "currency", text: (row) => row.currency ?? "unpriced" },
  { heading: "cost", text: (row) => row.total_cost ?? "" },
  { heading: "requests", text: (row) => String(row.total_requests ?? 0) },
  { heading: "unpriced", text: (row) => String(row.unpriced_requests ?? 0) },
];

interface PeriodFlags {
  readonly range?: string;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly timezone?: string;
}

export function define(command: Command, run: Run): void {
  command
    .command("list")
    .description("your organization and its tenants")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        const rows = wireForm<Organization[]>(await client.organizations.list());
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, columns, none: "No organizations." });
      }),
    );

  command
    .command("create-tenant")
    .description("make a tenant of your organization; stdout gets its first key alone")
    .requiredOption("--name <name>", "what people call it")
    .option("--slug <slug>", "its short name; made from the name where absent")
    .addOption(
      new Option("--isolation <level>", "who of the parent may look inside").choices(isolationLevels).default("strict"),
    )
    .addHelpText("after", '\nExample: key=$(cost-ops organizations create-tenant --name "Acme")')
    .action(
      run<{ name: string; slug?: string; isolation: string }>(async (cli, { name, slug, isolation }) => {
        const client = await cli.connect("may be created");
        const created = await client.organizations.create({
          name,
          slug,
          isolation: isolation as "strict" | "shared",
        });
        await writeRecord(cli.terminal, wireForm<object>(created), () => created.apiKey.key);
        cli.terminal.talk(`Tenant ${created.id} (${printable(created.name)}). Its key is shown this once.`);
      }),
    );

  addLimitFlags(
    command
      .command("set-limits")
      .description("limit an organization in tokens and money, in place of all such limits that it has")
      .argument("<id>", "your organization, or a tenant of it"),
    "everybody of it together may reserve",
  )
    .addHelpText("after", "\nWithout any flag it has no limits any more.")
    .action(
      run<LimitFlags>(async (cli, flags, [id = ""]) => {
        const client = await cli.connect();
        const { settings: before } = wireForm<Organization>(await client.organizations.get(id));
        const { limits: _, ...settings } = before;
        const limits = limitsFrom(flags);
        const changed = await client.organizations.update(id, {
          settings: {
            budgetLimit: settings.budget_limit,
            budgetPeriod: settings.budget_period,
            alertThreshold: settings.alert_threshold,
            rateLimitRequests: settings.rate_limit_requests,
            timezone: settings.timezone,
            limits,
          },
        });
        await writeRecord(cli.terminal, wireForm<object>(changed), () => `${changed.id} ${limitsText(limits)}.`);
      }),
    );

  command
    .command("costs")
    .description("what each tenant spent")
    .option("--range <preset>", "today, last-7-days, last-30-days, this-month … (last-30-days if no dates are given)")
    .addOption(new Option("--from, --start-date <date>", "first day or instant").conflicts("range"))
    .addOption(new Option("--to, --end-date <date>", "last day, or the instant before which").conflicts("range"))
    .option("--timezone <zone>", "calendar of the days, such as Europe/Berlin (UTC)")
    .action(
      run<PeriodFlags>(async (cli, period) => {
        const client = await cli.connect();
        const answer = wireForm<TenantCosts>(await client.organizations.costs(period));
        const table = { document: answer, rows: answer.data, columns: costColumns, none: "Nothing was recorded." };
        await writeAnswer(cli.terminal, table);
      }),
    );
}
