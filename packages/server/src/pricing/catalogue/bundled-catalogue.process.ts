/** Runs in a process of its own that ends at once, so that its memory goes back: see `load-bundled-catalogue.ts`. */
import { readBundledCatalogue } from "./bundled-catalogue.ts";

const catalogue = await readBundledCatalogue();
process.send?.(catalogue, () => process.disconnect());
