/** Has a process start the stores' threads as `store-threads.ts` built them: `node --import` of this file. */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

/** Says to the processes of a run which folder the threads lie in. */
export const folderVariable = "COST_OPS_TEST_STORE_THREADS";

/** The end of the address of the module that starts threads. */
export const handle = "/packages/server/src/sqlite/store-thread-handle.ts";
const fromSources = "return new URL(`./$" + "{name}.";

/** That module, starting what lies in the folder in place of what lies beside it. */
export function startingBuilt(code: string, folder: string): string {
  if (!code.includes(fromSources)) throw new Error(`${handle} starts threads in a way that this does not know of`);
  const beside = JSON.stringify(`${pathToFileURL(folder).href}/built.ts`);
  return code.replace(fromSources, `url = ${beside};\n  ${fromSources}`);
}

const folder = process.env[folderVariable];
if (folder !== undefined) {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (!url.endsWith(handle)) return loaded;
      return { ...loaded, source: startingBuilt(String(loaded.source), folder) };
    },
  });
}
