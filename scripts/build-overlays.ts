/**
 * Writes the price overlays of `prices/overlays/*.yaml` as the JSON that the server ships with. Run it after editing an
 * overlay: `node scripts/build-overlays.ts`; a test fails while the two differ.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";

const folder = new URL("../prices/overlays/", import.meta.url);
const target = new URL("../packages/server/src/pricing/catalogue/overlays.json", import.meta.url);

const overlays = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .sort()
  .map((name) => parse(readFileSync(new URL(name, folder), "utf8"), { schema: "core" }) as unknown);
writeFileSync(target, `${JSON.stringify(overlays, null, 2)}\n`);
