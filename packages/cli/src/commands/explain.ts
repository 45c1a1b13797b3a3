import type { Explanation } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { writeRecord } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { explanationText } from "./explanation-text.ts";

export function define(command: Command, run: Run): void {
  command
    .argument("<id>", "the id of a record")
    .addHelpText(
      "after",
      "\nEvery number that the cost was computed from is shown, so that it can be computed again by hand.",
    )
    .action(
      run(async (cli, _options, [id = ""]) => {
        const client = await cli.connect();
        const explanation = wireForm<Explanation>(await client.usage.explain(id));
        await writeRecord(cli.terminal, explanation, () => explanationText(cli.terminal, explanation));
      }),
    );
}
