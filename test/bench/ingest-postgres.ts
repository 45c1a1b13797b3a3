import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { copyData } from "../../packages/server/src/postgres/copy-rows.ts";
import { startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { startPostgresLedger } from "../../packages/server/src/usage/ledger.postgres.ts";
import { seedPostgresPrices } from "../../packages/server/src/usage/ledger-fixture.ts";
import { newRecordColumns } from "../../packages/server/src/usage/record-columns.ts";
import { rollupMeasures, rollupTables, rollupUpdate } from "../../packages/server/src/usage/rollups.ts";
import { median, printFigure } from "./figures.ts";
import { usageEvents } from "./usage-events.ts";

const batchRecords = 1_000;
/** Batches that clients have under way at once. */
const batchesUnderWay = 16;
/** Records in a transaction of the floor: about as many as the ledger writes together under this load. */
const floorRecords = 4_000;
const startMs = Date.UTC(2026, 0, 1);
const keyColumns = "organization_id, id, occurred_at, entry, fingerprint";
const recordColumns = newRecordColumns.join(", ");

const perSecond = (events: number, startedAt: number): number => (events / (performance.now() - startedAt)) * 1_000;

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

/** Through the ledger's thread, as a server does it, with several batches under way. */
async function throughLedger(url: string, bodies: readonly Uint8Array[]): Promise<number> {
  const ledger = await startPostgresLedger({ url });
  const usage = { shape: "batch", entry: "usage", source: "api", requirePrice: false } as const;
  const waiting = [...bodies];
  const send = async (): Promise<void> => {
    for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
      const { summary } = await ledger.answer("default", { ...usage, bytes: bytes.slice() });
      if (summary.recorded !== batchRecords) throw new Error(`recorded ${JSON.stringify(summary)}`);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: batchesUnderWay }, send));
  const rate = perSecond(bodies.length * batchRecords, startedAt);
  await ledger.close();
  return rate;
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
sum(cache_write_tokens), sum(reasoning_tokens), sum(cost_milli) + div(sum(cost_pico), 1000000000), mod(sum(cost_pico), 1000000000)";

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

/** The same rows again, by COPY and one upsert a rollup, into the same tables with the same keys and indexes. */
async function bareCopy(client: pg.Client, events: number): Promise<number> {
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
    await copyData(client, `record_keys (${keyColumns})`, keys);
    await copyData(client, `records (${recordColumns})`, records);
    for (const [index, arrays] of rollups.entries()) await client.query(upserts[index] as string, [...arrays]);
    await client.query("COMMIT");
  }
  return perSecond(events, startedAt);
}

/** Runs the rounds and prints figures and ratios; medians, since other work shares the machine. */
async function benchPostgres(events: number, rounds: number): Promise<void> {
  const figures = { bare: [] as number[], ledger: [] as number[], two: [] as number[] };
  const server = await startPostgres({ outlivesTheMachine: true });
  try {
    for (let round = 0; round < rounds; round += 1) {
      const source = usageEvents(startMs, round + 1);
      const bodies = Array.from({ length: Math.ceil(events / batchRecords) }, () => source.batch(batchRecords));
      const url = await server.database();
      await seedPostgresPrices(url);
      figures.ledger.push(await throughLedger(url, bodies));
      figures.bare.push(await connected(url, (client) => bareCopy(client, events)));
      const shared = await server.database();
      await seedPostgresPrices(shared);
      const startedAt = performance.now();
      const half = bodies.length >> 1;
      await Promise.all([throughLedger(shared, bodies.slice(0, half)), throughLedger(shared, bodies.slice(half))]);
      figures.two.push(perSecond(events, startedAt));
    }
  } finally {
    await server.stop();
  }
  const bare = median(figures.bare);
  printFigure("COPY, same rows, keys, indexes and rollups", { value: bare, unit: "events/s" });
  const ledger = median(figures.ledger);
  printFigure("append through the ledger", {
    value: ledger,
    unit: "events/s",
    ratio: ledger / bare,
    wanted: "at least 0.7",
  });
  const two = median(figures.two);
  printFigure("append through two ledgers at once", {
    value: two,
    unit: "events/s",
    ratio: two / bare,
    wanted: "not below one ledger",
  });
}

if (import.meta.main) {
  await benchPostgres(Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 100_000), 3);
}
