import type { CostProjection } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { counted, money } from "../terminal/amounts.ts";
import { type Column, writeAnswer } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { addRecordFlags, type FilterOptions, filterFrom } from "./filter-flags.ts";

type Row = CostProjection["by_currency"][number];

const fields = ["currency", "spent", "burn_rate_per_day", "projected"] as const satisfies readonly (keyof Row)[];

const columns: readonly Column<Row>[] = [
  { heading: "currency", text: (row) => row.currency },
  { heading: "spent so far", align: "right", text: (row) => money(row.spent, row.currency) },
  { heading: "a day", align: "right", text: (row) => money(row.burn_rate_per_day, row.currency) },
  { heading: "whole month", align: "right", text: (row) => money(row.projected, row.currency) },
];

export function define(command: Command, run: Run): void {
  addRecordFlags(command).action(
    run<FilterOptions>(async (cli, options) => {
      const { range: _, startDate: _start, endDate: _end, ...asked } = filterFrom(options);
      const projection = wireForm<CostProjection>(await (await cli.connect()).costs.projection(asked));
      const { by_currency: rows, range, as_of: asOf, unpriced_requests: unpriced } = projection;
      await writeAnswer(cli.terminal, { document: projection, rows, fields, columns, none: "Nothing this month." });
      cli.terminal.talk(`From ${range.start} to before ${range.end}, as of ${asOf}, if the pace so far goes on.`);
      if (unpriced > 0) cli.terminal.talk(`${counted(unpriced, "request")} without a price, in no sum.`);
    }),
  );
}
