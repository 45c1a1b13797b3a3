import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ReadCatalogue } from "./catalogue.ts";

/** Reading takes a third of a second; a process that takes this long hangs. */
const timeoutMs = 60_000;

/**
 * The bundled catalogue, read in a short-lived process: the price data never stay in the server's memory. (A thread
 * that ends leaves some 60 MB with the process that started it, which a server at rest cannot spare.)
 */
export function loadBundledCatalogue(): Promise<ReadCatalogue> {
  const isSource = import.meta.url.endsWith(".ts");
  const file = new URL(`./bundled-catalogue.process.${isSource ? "ts" : "js"}`, import.meta.url);
  const child = fork(fileURLToPath(file), {
    // A process does not inherit how its parent resolves packages to their source.
    execArgv: isSource ? ["--conditions=source"] : [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    timeout: timeoutMs,
  });
  return new Promise((resolve, reject) => {
    child.once("message", (read) => resolve(read as ReadCatalogue));
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(new Error(`the process that reads the price data ended with ${signal ?? `code ${code}`}`)),
    );
  });
}
