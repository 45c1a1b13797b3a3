import { Worker } from "node:worker_threads";

/**
 * Which of these words are among the 49,000 passwords that are used most. The list takes 14 MB: a thread of its own reads
 * it and takes it along when it ends, for a password is chosen rarely.
 */
export function commonAmong(words: readonly string[]): Promise<readonly string[]> {
  const isSource = import.meta.url.endsWith(".ts");
  const worker = new Worker(new URL(`./common-passwords-thread.${isSource ? "ts" : "js"}`, import.meta.url), {
    workerData: words,
    execArgv: isSource ? ["--conditions=source"] : [],
    name: "common passwords",
  });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the list of common passwords could not be read")));
  });
}
