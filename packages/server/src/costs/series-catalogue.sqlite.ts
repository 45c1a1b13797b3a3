import type { DatabaseSync } from "node:sqlite";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import { SeriesCatalogue, type SeriesRow, seriesColumns } from "./series-catalogue.ts";

/** Organizations whose series a thread keeps; the one that was asked about longest ago goes first. */
const organizationsMax = 64;

const cataloguesKey = Symbol("series catalogues");

/** The organization's series as this thread's snapshot of the database knows them. */
export function seriesCatalogue(store: StoreThread, organizationId: string): SeriesCatalogue {
  const catalogues = threadState(store, cataloguesKey, () => new Map<string, SeriesCatalogue>());
  const catalogue = catalogues.get(organizationId) ?? new SeriesCatalogue();
  catalogues.delete(organizationId);
  catalogues.set(organizationId, catalogue);
  const [oldest] = catalogues.keys();
  if (catalogues.size > organizationsMax && oldest !== undefined) catalogues.delete(oldest);
  refresh(catalogue, store.db, organizationId);
  return catalogue;
}

function refresh(catalogue: SeriesCatalogue, db: DatabaseSync, organizationId: string): void {
  const select = db.prepare(
    `SELECT series_id, ${seriesColumns.join(", ")} FROM series
     WHERE organization_id = ? AND series_id > ? ORDER BY series_id`,
  );
  select.setReturnArrays(true);
  catalogue.add(select.all(organizationId, catalogue.lastId) as unknown as SeriesRow[]);
}
