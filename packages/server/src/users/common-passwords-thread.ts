import { parentPort, workerData } from "node:worker_threads";
import { dictionary } from "@zxcvbn-ts/language-common";

const known = new Set<string | number>(dictionary["passwords-common"]);
parentPort?.postMessage((workerData as readonly string[]).filter((word) => known.has(word)));
