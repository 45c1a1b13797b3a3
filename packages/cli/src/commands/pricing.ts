import type { PriceRecord, ResolveResult } from "@llm-cost-ops/contract";
import { type Command, Option } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { writeAnswer, writeRecord } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { wholeNumber } from "./flag-values.ts";
import { addPriceFlags, type PriceFlags, pricesFrom } from "./price-flags.ts";
import { priceColumns, priceText, resolutionText } from "./price-text.ts";
import { defineCatalogue } from "./pricing-catalogue.ts";
import { defineAliases, defineProviders } from "./pricing-names.ts";
import { defineReprice } from "./pricing-reprice.ts";

interface ListFlags {
  readonly provider?: string;
  readonly model?: string;
  readonly search?: string;
  readonly source?: "organization" | "catalogue";
  readonly all?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

export function define(command: Command, run: Run): void {
  command
    .command("list")
    .description("price versions that apply today")
    .option("--provider <name>", "only this provider")
    .option("--model <name>", "only this model")
    .option("--search <text>", "only names that contain this")
    .addOption(new Option("--source <source>", "only these").choices(["organization", "catalogue"]))
    .option("--all", "also versions that have ended or have not begun")
    .option("--limit <prices>", "prices of a page, at most 1000 (50)", wholeNumber(1, 1_000))
    .option("--cursor <cursor>", "the page after the one that named this cursor")
    .action(
      run<ListFlags>(async (cli, { all, limit = 50, ...flags }) => {
        const client = await cli.connect("may be created");
        const page = await client.pricing.list({ ...flags, limit, ...(all ? {} : { active: true }) });
        const rows = wireForm<PriceRecord[]>(page.data);
        await writeAnswer(cli.terminal, {
          document: { data: rows, pagination: wireForm(page.pagination) },
          rows,
          fields: [
            "id",
            "provider",
            "model",
            "currency",
            "input_price_per_million",
            "output_price_per_million",
            "effective_date",
            "end_date",
            "source",
            "rates",
            "multipliers",
          ],
          columns: priceColumns,
          none: "No prices.",
        });
        if (page.nextCursor !== null) cli.terminal.talk(`More follow: add --cursor ${page.nextCursor}`);
      }),
    );

  command
    .command("get")
    .description("one price version")
    .argument("<id>", "the id of a price version")
    .action(
      run(async (cli, _flags, [id = ""]) => {
        const client = await cli.connect();
        const price = wireForm<PriceRecord>(await client.pricing.get(id));
        await writeRecord(cli.terminal, price, () => priceText(cli.terminal, price));
      }),
    );

  command
    .command("resolve")
    .description("which price applies to a model at a date, and why")
    .argument("[provider]", "the provider")
    .argument("[model]", "the model, as it is sent")
    .option("--provider <name>", "the provider")
    .option("--model <name>", "the model")
    .option("--date <instant>", "the date (now)")
    .option("--service-tier <tier>", "for this tier")
    .option("--region <region>", "for this region")
    .action(
      run<{ provider?: string; model?: string; date?: string; serviceTier?: string; region?: string }>(
        async (cli, flags, operands) => {
          const provider = flags.provider ?? operands[0];
          const model = flags.model ?? operands[1];
          if (provider === undefined || model === undefined) {
            throw new CommandError(
              "Name the provider and the model: cost-ops pricing resolve openai gpt-4o.",
              exitCodes.usage,
            );
          }
          const client = await cli.connect("may be created");
          const answer = await client.pricing.resolve({ ...flags, provider, model });
          const result = wireForm<ReturnType<typeof ResolveResult.parse>>(answer);
          await writeRecord(cli.terminal, result, () => resolutionText(cli.terminal, result));
        },
      ),
    );

  addPriceFlags(
    command
      .command("add")
      .description("add a price of your own; it goes before the catalogue's")
      .requiredOption("--provider <name>", "the provider")
      .requiredOption("--model <name>", "the model")
      .option("--effective-date <instant>", "first instant of validity (since ever)"),
  ).action(
    run<PriceFlags & { provider: string; model: string }>(async (cli, flags) => {
      const prices = await pricesFrom(flags);
      const client = await cli.connect("may be created");
      const { provider, model } = flags;
      const created = wireForm<PriceRecord>(await client.pricing.create({ provider, model, ...prices }));
      await writeRecord(cli.terminal, created, () => priceText(cli.terminal, created));
      cli.terminal.talk("Records that waited for this price are priced in a moment.");
    }),
  );

  addPriceFlags(
    command
      .command("update")
      .description("append a version that applies from a date on; the old one ends there and stays")
      .argument("<id>", "the id of the version that it follows")
      .requiredOption("--effective-date <instant>", "first instant of the new version"),
  ).action(
    run<PriceFlags & { effectiveDate: string }>(async (cli, flags, [id = ""]) => {
      const prices = await pricesFrom(flags);
      const client = await cli.connect();
      const next = await client.pricing.update(id, { ...prices, effectiveDate: flags.effectiveDate });
      const updated = wireForm<PriceRecord>(next);
      await writeRecord(cli.terminal, updated, () => priceText(cli.terminal, updated));
    }),
  );

  command
    .command("end")
    .description("end a price of your own")
    .argument("<id>", "the id of a price version")
    .option("--end-date <instant>", "the instant from which it no longer applies (now)")
    .action(
      run<{ endDate?: string }>(async (cli, { endDate }, [id = ""]) => {
        const client = await cli.connect();
        const ended = wireForm<PriceRecord>(await client.pricing.end(id, endDate === undefined ? {} : { endDate }));
        await writeRecord(cli.terminal, ended, () => priceText(cli.terminal, ended));
      }),
    );

  defineProviders(command.command("providers").description("providers that have prices"), run);
  defineAliases(command.command("aliases").description("models and deployments that are priced as another"), run);
  defineCatalogue(command.command("catalogue").description("versions of the price catalogue"), run);
  defineReprice(command.command("reprice").description("what today's prices make of a past period"), run);
}
