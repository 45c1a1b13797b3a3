/**
 * Runs commands one after the other in one process, each with a folder, an environment and streams of its own: what a
 * command says and answers costs a test no start of Node. Whatever must hold of a process is tested with one.
 */
import { PassThrough, Writable } from "node:stream";
import { main } from "../src/main.ts";

/** A command to run, as it comes from the test. */
export interface Errand {
  readonly args: readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: string;
}

/** A stream that keeps what is written to it. */
class Kept extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}

async function runOne({ args, folder, env, input }: Errand): Promise<void> {
  process.chdir(folder);
  process.env = { ...env };
  const [stdin, stdout, stderr] = [new PassThrough(), new Kept(), new Kept()];
  for (const [name, value] of Object.entries({ stdin, stdout, stderr })) {
    Object.defineProperty(process, name, { value, configurable: true });
  }
  stdin.end(input);
  const code = await main(args);
  for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal);
  process.send?.({ code, stdout: stdout.text, stderr: stderr.text });
}

process.on("message", (errand: Errand) => void runOne(errand));
