/** The columns of what caching saved, in the limbs of costs; of records NULL where nobody knows, as of those of before. */
export const savedColumns = `
ALTER TABLE records ADD COLUMN saved_milli INTEGER;
ALTER TABLE records ADD COLUMN saved_pico INTEGER;
ALTER TABLE rollup_hourly ADD COLUMN saved_milli INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup_hourly ADD COLUMN saved_pico INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup_daily ADD COLUMN saved_milli INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup_daily ADD COLUMN saved_pico INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup_user_daily ADD COLUMN saved_milli INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup_user_daily ADD COLUMN saved_pico INTEGER NOT NULL DEFAULT 0;
`;
