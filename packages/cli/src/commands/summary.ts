import type { CostSummary } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { writeRecord } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { addFilterFlags, type FilterOptions, filterFrom } from "./filter-flags.ts";
import { summaryText } from "./summary-text.ts";

export function define(command: Command, run: Run): void {
  addFilterFlags(command).action(
    run<FilterOptions>(async (cli, options) => {
      const client = await cli.connect();
      const summary = wireForm<CostSummary>(await client.costs.summary(filterFrom(options)));
      await writeRecord(cli.terminal, summary, () => summaryText(cli.terminal, summary));
    }),
  );
}
