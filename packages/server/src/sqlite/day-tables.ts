/** What is known of days beside their rollups. */
export const dayTables = `
-- Days that were written to. users: what each user used in all of the day's series together, NULL of a day that was written
-- to since, or has too much. state: 0 open, 1 settled, 2 not to be settled, for it has too much of everything.
CREATE TABLE rollup_days (
  organization_id TEXT NOT NULL, day INTEGER NOT NULL, state INTEGER NOT NULL, users BLOB,
  PRIMARY KEY (organization_id, day)
) STRICT;
CREATE INDEX rollup_days_open ON rollup_days (organization_id, day) WHERE state = 0;
INSERT INTO rollup_days (organization_id, day, state) SELECT DISTINCT organization_id, day, 0 FROM rollup_daily;
`;

export const settledSeries = `
-- What each series was used on a settled day, side by side; it counts where the day's state is 1. A table of its own, for a
-- value is read through all that lies before it in its row.
CREATE TABLE settled_series (
  organization_id TEXT NOT NULL, day INTEGER NOT NULL, sums BLOB NOT NULL,
  PRIMARY KEY (organization_id, day)
) STRICT;
-- All days are open until both are written.
UPDATE rollup_days SET state = 0, users = NULL;
INSERT INTO rollup_days (organization_id, day, state) SELECT DISTINCT organization_id, day, 0 FROM rollup_daily WHERE true
ON CONFLICT (organization_id, day) DO NOTHING;
`;
