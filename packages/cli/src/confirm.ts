import { createInterface } from "node:readline/promises";
import { CommandError } from "./exit-codes.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Asks before something that is not easily taken back: only a person at a terminal, and not with `--yes`. Scripts are not
 * asked; whoever wrote them has decided.
 * @throws CommandError where the answer is not yes.
 */
export async function confirm(cli: Invocation, question: string): Promise<void> {
  if (cli.options.yes || !cli.terminal.interactive) return;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(`${question} [y/N] `, { signal: cli.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError("Nothing was changed.");
  } finally {
    asking.close();
  }
}
