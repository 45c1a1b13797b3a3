import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";

/** Asks for what a command needs to know: a person at the terminal, or the lines of stdin one after the other. */
export interface Questions {
  line(question: string): Promise<string>;
  /** As `line`, but what is typed is not shown. */
  secret(question: string): Promise<string>;
}

export function askingFor(cli: Pick<Invocation, "terminal" | "signal" | "onEnd">): Questions {
  return cli.terminal.interactive ? ofPerson(cli.signal) : ofLines(cli.onEnd);
}

/** What is asked for twice of a person; a script does not mistype. */
export async function newSecret(
  { terminal }: Pick<Invocation, "terminal">,
  questions: Questions,
  question: string,
): Promise<string> {
  const typed = await questions.secret(question);
  if (terminal.interactive && (await questions.secret("Again: ")) !== typed) {
    throw new CommandError("The two are not the same. Nothing was changed.", exitCodes.usage);
  }
  return typed;
}

function ofPerson(signal: AbortSignal): Questions {
  const ask = async (question: string, isShown: boolean): Promise<string> => {
    process.stderr.write(question);
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const asking = createInterface({
      input: process.stdin,
      output: isShown ? process.stderr : nowhere,
      terminal: true,
    });
    try {
      return await asking.question("", { signal });
    } finally {
      asking.close();
      if (!isShown) process.stderr.write("\n");
    }
  };
  return { line: (question) => ask(question, true), secret: (question) => ask(question, false) };
}

/** Line by line as they come, so that a program can answer what it was told before. */
function ofLines(onEnd: Invocation["onEnd"]): Questions {
  const reader = createInterface({ input: process.stdin, terminal: false });
  const arriving = reader[Symbol.asyncIterator]();
  // Whoever feeds the lines may never close their end, and the command must end nevertheless.
  onEnd(async () => {
    reader.close();
    process.stdin.destroy();
  });
  const next = async (question: string): Promise<string> => {
    const { done, value: line } = await arriving.next();
    if (done === true || line === "") {
      const what = question.replace(/:\s*$/, "");
      throw new CommandError(`${what}: nobody can be asked here; give it as a line of stdin.`, exitCodes.usage);
    }
    return line;
  };
  return { line: next, secret: next };
}
