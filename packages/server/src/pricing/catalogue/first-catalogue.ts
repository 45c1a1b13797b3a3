import type { PriceBook } from "../price-book.ts";
import type { ReadCatalogue } from "./catalogue.ts";

/**
 * Applies the bundled catalogue where no catalogue was ever applied, as version 1, valid since ever where the data give
 * no date. Cheap on every later start. Answers whether it did.
 */
export async function applyFirstCatalogue(
  book: Pick<PriceBook, "catalogueVersions" | "applyCatalogue">,
  loadBundledCatalogue: () => Promise<ReadCatalogue>,
): Promise<boolean> {
  if ((await book.catalogueVersions()).length > 0) return false;
  await book.applyCatalogue({ ...(await loadBundledCatalogue()), source: "bundled" });
  return true;
}
