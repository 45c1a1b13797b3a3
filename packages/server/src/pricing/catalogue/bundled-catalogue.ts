import { applyOverlays, type Overlay } from "./apply-overlays.ts";
import type { ReadCatalogue } from "./catalogue.ts";
import { catalogueFromGenaiPrices, type GenaiProvider } from "./from-genai-prices.ts";

/**
 * The catalogue that ships with the server: the data of @pydantic/genai-prices with the project's overlays. Both are
 * imported here and now, some megabytes that are not wanted in a server at rest: run it where the memory goes away
 * (see `load-bundled-catalogue.ts`). Needs no network.
 */
export async function readBundledCatalogue(): Promise<ReadCatalogue> {
  const [{ waitForUpdate }, { default: overlays }] = await Promise.all([
    import("@pydantic/genai-prices"),
    import("./overlays.json", { with: { type: "json" } }),
  ]);
  const data = (await waitForUpdate()) as readonly GenaiProvider[] | null;
  if (data === null) throw new Error("the bundled price data could not be read");
  return applyOverlays(catalogueFromGenaiPrices(data), overlays as readonly unknown[] as readonly Overlay[]);
}
