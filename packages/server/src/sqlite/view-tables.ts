/** The tables of views: ways to look at a page of the dashboard. */
export const viewTables = `
-- owner: kind and id of who made it. state: the query of the page's address.
CREATE TABLE views (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, made_by TEXT NOT NULL, page TEXT NOT NULL,
  name TEXT NOT NULL, state TEXT NOT NULL, shared INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX views_by_name ON views (organization_id, owner, name);
CREATE INDEX views_shared ON views (organization_id, name) WHERE shared = 1;
-- What somebody, by kind and id, has at hand.
CREATE TABLE view_pins (
  organization_id TEXT NOT NULL, view_id TEXT NOT NULL, owner TEXT NOT NULL,
  PRIMARY KEY (organization_id, view_id, owner)
) STRICT, WITHOUT ROWID;
`;
