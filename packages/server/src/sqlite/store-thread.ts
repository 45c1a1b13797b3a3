import { enableCompileCache } from "node:module";
import { workerData } from "node:worker_threads";
import type { ThreadOptions } from "./thread-messages.ts";

// A thread compiles everything again unless it may use what its parent keeps: a third of a second at each start.
const { role, compileCache } = workerData as ThreadOptions;
if (compileCache !== undefined) enableCompileCache(compileCache);
await (role === "writer" ? import("./writer-thread.ts") : import("./reader-thread.ts"));
