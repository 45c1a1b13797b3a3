import { pathToFileURL } from "node:url";
import { builtFolder, folderVariable } from "./built-threads.ts";

/** What tests have in place of `moduleBeside` of the server: a thread's module as `store-threads.ts` built it. */
export function moduleBeside(_url: string, name: string): URL {
  if (builtFolder === undefined) throw new Error(`${folderVariable} says where the threads are built`);
  return pathToFileURL(`${builtFolder}/${name}.ts`);
}
