/** What is known of days beside their rollups. */
export const dayTables = `
-- The days of rollup_user_daily. users: what each user used in all of the day's series together, NULL of a day that was
-- written to since. state: 0 open, 1 settled, which is that users is there, 2 not to be settled, for it has too much.
CREATE TABLE rollup_days (
  organization_id TEXT NOT NULL, day INTEGER NOT NULL, state INTEGER NOT NULL, users BLOB,
  PRIMARY KEY (organization_id, day)
) STRICT;
CREATE INDEX rollup_days_open ON rollup_days (organization_id, day) WHERE state = 0;
INSERT INTO rollup_days (organization_id, day, state) SELECT DISTINCT organization_id, day, 0 FROM rollup_daily;
`;

export const settledSeries = `
-- series: what each series was used on the day, beside users. All days are open until both of them are written.
ALTER TABLE rollup_days ADD COLUMN series BLOB;
UPDATE rollup_days SET state = 0, users = NULL;
INSERT INTO rollup_days (organization_id, day, state) SELECT DISTINCT organization_id, day, 0 FROM rollup_daily WHERE true
ON CONFLICT (organization_id, day) DO NOTHING;
`;
