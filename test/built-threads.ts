/** Has a process start the stores' threads as `store-threads.ts` built them: `node --import` of this file. */
import { registerHooks } from "node:module";

/** Says to the processes of a run which folder the threads lie in. */
export const folderVariable = "COST_OPS_TEST_STORE_THREADS";

/** How the server's modules name the one that says where a thread's module is, and what they find in its place. */
export const moduleBeside = /^.*\/module-beside\.ts$/;
export const builtModuleBeside = new URL("built-module-beside.ts", import.meta.url);

/** Read at once: a process that runs commands gives each of them an environment of its own. */
export const builtFolder = process.env[folderVariable];

if (builtFolder !== undefined) {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(moduleBeside.test(specifier) ? builtModuleBeside.href : specifier, context),
  });
}
