import { enableCompileCache } from "node:module";
import { workerData } from "node:worker_threads";
import type { ThreadBegin } from "./thread-messages.ts";

// A thread compiles everything again unless it may use what its parent keeps: a third of a second at each start.
const { module, compileCache } = workerData as ThreadBegin;
if (compileCache !== undefined) enableCompileCache(compileCache);
await import(module);
