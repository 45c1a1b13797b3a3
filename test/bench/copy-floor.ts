import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { OneTrip } from "../../packages/server/src/postgres/one-trip.ts";
import { newRecordColumns } from "../../packages/server/src/usage/record-columns.ts";
import { rollupMeasures, rollupTables, rollupUpdate } from "../../packages/server/src/usage/rollups.ts";
import { perSecond } from "./figures.ts";

/** Records in a transaction of the floor: about as many as the ledger writes together under this load. */
const floorRecords = 4_000;
const keyColumns = "organization_id, id, occurred_at, entry, fingerprint";
const recordColumns = newRecordColumns.join(", ");

async function connected<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("SET cost_ops.scope = 'installation'");
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What one transaction of the floor sends. */
interface Slice {
  readonly keys: Buffer;
  readonly records: Buffer;
  readonly rollups: readonly (readonly string[])[];
}

async function readCopy(client: pg.Client, select: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of client.query(copyTo(`COPY (${select}) TO STDOUT WITH (FORMAT binary)`))) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

const hourMs = 3_600_000;
const bucketOf = { hour: hourMs, day: 24 * hourMs } as const;
const measured =
  "sum(requests), sum(is_error * requests), sum(input_tokens), sum(output_tokens), sum(cached_tokens), \
sum(cache_write_tokens), sum(reasoning_tokens), sum(cost_milli) + div(sum(cost_pico), 1000000000), mod(sum(cost_pico), 1000000000), \
sum(saved_milli) + div(sum(saved_pico), 1000000000), mod(sum(saved_pico), 1000000000)";

/** The rows that the ledger wrote, and what they add to the rollups, as arrays a column. */
async function slicesOf(client: pg.Client, events: number): Promise<readonly Slice[]> {
  const slices: Slice[] = [];
  for (let at = 0; at < events; at += floorRecords) {
    const some = `(SELECT * FROM records ORDER BY organization_id, id LIMIT ${floorRecords} OFFSET ${at}) r`;
    const rollups: (readonly string[])[] = [];
    for (const { key } of Object.values(rollupTables)) {
      const bucket = key.includes("hour" as never) ? "hour" : "day";
      const names = key.map((name) => (name === bucket ? `occurred_at / ${bucketOf[bucket]}` : name));
      const order = key.map((_, index) => index + 1).join(", ");
      const arrays = [...key, ...rollupMeasures].map((name) => `array_agg(${name})::text`).join(", ");
      const { rows } = await client.query<string[]>({
        text: `SELECT ${arrays} FROM (SELECT ${names.join(", ")}, ${measured} FROM ${some}
          GROUP BY ${order} ORDER BY ${order}) s (${[...key, ...rollupMeasures].join(", ")})`,
        rowMode: "array",
      });
      rollups.push(rows[0] ?? []);
    }
    slices.push({
      keys: await readCopy(client, `SELECT ${keyColumns} FROM ${some}`),
      records: await readCopy(client, `SELECT ${recordColumns} FROM ${some}`),
      rollups,
    });
  }
  return slices;
}

/**
 * The rows that a database holds, written again: by COPY and one upsert a rollup, into the same tables with the same keys
 * and indexes. Events a second.
 */
export const bareCopy = (url: string, events: number): Promise<number> =>
  connected(url, (client) => writeAgain(client, events));

async function writeAgain(client: pg.Client, events: number): Promise<number> {
  const slices = await slicesOf(client, events);
  await client.query("TRUNCATE record_keys, records, rollup_hourly, rollup_daily, rollup_user_daily");
  const upserts = Object.values(rollupTables).map(({ table, key }) => {
    const columns = [...key, ...rollupMeasures];
    const places = columns.map(
      (column, at) => `$${at + 1}::${/(organization|user)_id/.test(column) ? "text" : "bigint"}[]`,
    );
    return `INSERT INTO ${table} (${columns.join(", ")}) SELECT * FROM unnest(${places.join(", ")})
      ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${rollupUpdate(table)}`;
  });
  const startedAt = performance.now();
  for (const { keys, records, rollups } of slices) {
    await client.query("BEGIN");
    await new OneTrip()
      .copyData(`record_keys (${keyColumns})`, keys)
      .copyData(`records (${recordColumns})`, records)
      .send(client);
    for (const [index, arrays] of rollups.entries()) await client.query(upserts[index] as string, [...arrays]);
    await client.query("COMMIT");
  }
  return perSecond(events, startedAt);
}
