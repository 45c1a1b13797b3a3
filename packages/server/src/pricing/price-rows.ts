/** The statements that read the price book for a look-up, the same on every store. */

export const revisionSql = "SELECT value FROM settings WHERE key = 'price_book_revision'";

/** Of one owner: the catalogue or an organization. */
export const modelsSql = "SELECT provider, model, match FROM models WHERE organization_id = ? ORDER BY provider, model";
export const aliasesSql =
  "SELECT provider, alias, model FROM model_aliases WHERE organization_id = ? ORDER BY provider, alias";

/** Of the catalogue and an organization, for a provider and a model. */
export const versionsSql = `SELECT * FROM price_versions
  WHERE organization_id IN (?, ?) AND provider = ? AND model = ? ORDER BY valid_from NULLS FIRST, id`;
