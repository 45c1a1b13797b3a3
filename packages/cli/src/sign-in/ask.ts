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

export function askingFor(cli: Pick<Invocation, "terminal" | "signal">): Questions {
  return cli.terminal.interactive ? ofPerson(cli.signal) : ofLines();
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

function ofLines(): Questions {
  let lines: Promise<string[]> | undefined;
  const next = async (question: string): Promise<string> => {
    lines ??= readAll();
    const line = (await lines).shift();
    if (line === undefined || line === "") {
      const what = question.replace(/:\s*$/, "");
      throw new CommandError(`${what}: nobody can be asked here; give it as a line of stdin.`, exitCodes.usage);
    }
    return line;
  };
  return { line: next, secret: next };
}

async function readAll(): Promise<string[]> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
  return text.split(/\r?\n/);
}
