import { Worker } from "node:worker_threads";
import type { ReadCatalogue } from "./catalogue.ts";

/** The bundled catalogue, read in a short-lived thread: the price data never stay in the server's memory. */
export function loadBundledCatalogue(): Promise<ReadCatalogue> {
  const isSource = import.meta.url.endsWith(".ts");
  const worker = new Worker(new URL(`./bundled-catalogue.worker.${isSource ? "ts" : "js"}`, import.meta.url), {
    // A thread does not inherit how its parent resolves packages to their source.
    execArgv: isSource ? ["--conditions=source"] : [],
  });
  return new Promise((resolve, reject) => {
    worker.once("message", (read: ReadCatalogue) => resolve(read));
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the thread that reads the price data ended with code ${code}`)));
  });
}
