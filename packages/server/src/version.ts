import { readFileSync } from "node:fs";

/** The version of the package that this file belongs to; it stands one folder above, in source and compiled. */
export const version = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string }
).version;
