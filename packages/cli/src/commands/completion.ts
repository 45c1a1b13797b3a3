import { Argument, type Command } from "commander";
import { completionScript } from "../completion-script.ts";
import type { Run } from "../invocation.ts";
import { createProgram } from "../program.ts";

export function define(command: Command, run: Run): void {
  command
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      '\nbash: eval "$(cost-ops completion bash)"\nzsh:  eval "$(cost-ops completion zsh)"\nfish: cost-ops completion fish | source',
    )
    .action(
      run(async (cli, _options, [shell]) => {
        const program = await createProgram(() => async () => undefined);
        cli.terminal.data(completionScript(shell as "bash" | "zsh" | "fish", program));
      }),
    );
}
