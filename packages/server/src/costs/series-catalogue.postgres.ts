import type { StoreConnection } from "../store/connection.ts";
import { SeriesCatalogue, type SeriesRow, seriesColumns } from "./series-catalogue.ts";

/** Series that a process keeps, of all organizations; those of the organization asked about longest ago go first. */
const keptSeriesMax = 1_000_000;
/** So many are read at once, so that no answer of the database is large. */
const stepSeries = 10_000;

const cataloguesKey = Symbol("series catalogues");

/**
 * The organization's series, up to date as of the connection's snapshot at least. Ids of one organization are committed in
 * their order, since its writes wait for each other, so that what is missing always has the higher ids. Several questions
 * may read the same series at once; each is taken in once.
 */
export async function seriesCatalogue(connection: StoreConnection, organizationId: string): Promise<SeriesCatalogue> {
  const catalogues = cataloguesOf(connection);
  const catalogue = catalogues.get(organizationId) ?? new SeriesCatalogue();
  catalogues.delete(organizationId);
  catalogues.set(organizationId, catalogue);
  for (;;) {
    const rows = await connection.all<Readonly<Record<string, number | string | null>>>(
      `SELECT series_id, ${seriesColumns.join(", ")} FROM series
       WHERE organization_id = ? AND series_id > ? ORDER BY series_id LIMIT ${stepSeries}`,
      organizationId,
      catalogue.lastId,
    );
    catalogue.add(
      rows.map((row) => [row["series_id"], ...seriesColumns.map((name) => row[name] ?? null)] as unknown as SeriesRow),
    );
    if (rows.length < stepSeries) break;
  }
  forgetOldest(catalogues);
  return catalogue;
}

function cataloguesOf({ state }: StoreConnection): Map<string, SeriesCatalogue> {
  const known = state.get(cataloguesKey) as Map<string, SeriesCatalogue> | undefined;
  if (known !== undefined) return known;
  const made = new Map<string, SeriesCatalogue>();
  state.set(cataloguesKey, made);
  return made;
}

/** Whoever still works with a catalogue that goes keeps it for as long. */
function forgetOldest(catalogues: Map<string, SeriesCatalogue>): void {
  let kept = 0;
  for (const { ids } of catalogues.values()) kept += ids.length;
  for (const [organizationId, { ids }] of catalogues) {
    if (kept <= keptSeriesMax || catalogues.size === 1) return;
    catalogues.delete(organizationId);
    kept -= ids.length;
  }
}
