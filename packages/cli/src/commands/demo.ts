import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { wholeNumber } from "./flag-values.ts";

export function define(command: Command, run: Run): void {
  command
    .option("--days <days>", "days of usage (90)", wholeNumber(1, 366))
    .option("--once", "end right after the summary")
    .action(
      run<{ days?: number; once?: boolean }>(async (cli, { days = 90, once = false }) => {
        const { runDemo } = await import("../demo/run-demo.ts");
        await runDemo(cli, { days, once });
      }),
    );
}
