/** Runs in a thread of its own that ends at once, so that its memory goes back: see `load-bundled-catalogue.ts`. */
import { parentPort } from "node:worker_threads";
import { readBundledCatalogue } from "./bundled-catalogue.ts";

parentPort?.postMessage(await readBundledCatalogue());
