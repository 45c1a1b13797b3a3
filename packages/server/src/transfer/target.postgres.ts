import { once } from "node:events";
import { finished } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { migratePostgres } from "../postgres/migrate.ts";
import { ensureRecordsPartition, type PartitionSpan, partitionSpan } from "../postgres/partitions.ts";
import { statementTexts } from "../postgres/statement-text.ts";
import type { SqlValue } from "../store/connection.ts";
import { type CarriedTable, carriedTables, droppedKeys, latestSchema, rowsOfNewSchema } from "./carried-tables.ts";
import { connectAsOwner, databaseFailure, transferSettings } from "./postgres-session.ts";
import type { InstallationSource, LoadOptions, TableBlock } from "./table-block.ts";
import { damaged, inUse, TransferError } from "./transfer-error.ts";

const lockTimeoutMs = 10_000;

/**
 * Puts a source of this program's schema in the place of what a PostgreSQL database holds, in one transaction.
 * @throws TransferError where something stands in the way.
 */
export async function loadIntoPostgres(
  url: string,
  source: InstallationSource,
  { isReplacing = false, signal }: LoadOptions = {},
): Promise<void> {
  if (source.schema !== latestSchema) throw new Error(`a source of schema ${source.schema} cannot be loaded as it is`);
  const client = await connectAsOwner(url);
  try {
    await migratePostgres(client);
    await client.query(`BEGIN; ${transferSettings}; SET LOCAL lock_timeout = ${lockTimeoutMs}`);
    const tables = carriedTables(latestSchema);
    await claim(client, tables, isReplacing);
    const secured = await forcedTables(client);
    // COPY into a table whose policies hold for its owner too is refused; nobody else sees the tables until the end.
    for (const name of secured) await client.query(`ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`);
    await client.query(`TRUNCATE ${tables.map(({ name }) => name).join(", ")}`);
    await copyAll(client, tables, source, signal);
    await client.query(keysOfRecords);
    for (const name of secured) await client.query(`ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`);
    await client.query("COMMIT");
    await client.query(`ANALYZE ${tables.map(({ name }) => name).join(", ")}`);
  } catch (error) {
    throw databaseFailure(error);
  } finally {
    // Ends the transaction as well, where one is open.
    await client.end().catch(() => undefined);
  }
}

const keysOfRecords = `INSERT INTO ${droppedKeys.name} (organization_id, id, occurred_at, entry, fingerprint)
  SELECT organization_id, id, occurred_at, entry, fingerprint FROM records`;

/** Sees to it that nobody works with the tables, and that they may be emptied. */
async function claim(client: pg.Client, tables: readonly CarriedTable[], isReplacing: boolean): Promise<void> {
  const { rows: servers } = await client.query<{ servers: string }>(
    // The name that servers give their connections in postgres/postgres-store.ts.
    "SELECT count(*) AS servers FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'llm-cost-ops%'",
  );
  if (servers[0]?.servers !== "0") {
    throw new TransferError("place", "a server is connected to the PostgreSQL database: stop it first");
  }
  await client.query(`LOCK TABLE ${tables.map(({ name }) => name).join(", ")} IN ACCESS EXCLUSIVE MODE`);
  if (isReplacing) return;
  const fresh = rowsOfNewSchema(latestSchema);
  for (const { name } of tables) {
    const { rows } = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${name}`);
    const count = Number(rows[0]?.rows);
    if (count > (fresh.get(name) ?? 0)) throw inUse("the PostgreSQL database", name, count);
  }
}

/** Tables whose policies hold for their owner, except partitions, which are not written to by name. */
async function forcedTables(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class
     WHERE relforcerowsecurity AND NOT relispartition AND relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

async function copyAll(
  client: pg.Client,
  tables: readonly CarriedTable[],
  source: InstallationSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const months = createMonths(client);
  let open: OpenCopy | undefined;
  for await (const block of source.blocks()) {
    signal?.throwIfAborted();
    const table = byName.get(block.table);
    if (table === undefined) throw new TransferError("place", `PostgreSQL has no table ${block.table}`);
    const missing = table.name === "records" ? months.missing(table, block) : [];
    if (open?.table !== table.name || missing.length > 0) {
      await open?.end();
      await months.make(missing);
      open = openCopy(client, table);
    }
    await open.write(block);
  }
  await open?.end();
}

/** The months of the records that were written, each of which needs its partition first. */
function createMonths(client: pg.Client) {
  const textOf = statementTexts();
  const get = async <Row>(sql: string, ...values: readonly SqlValue[]): Promise<Row | undefined> =>
    (await client.query(textOf(sql), [...values])).rows[0] as Row | undefined;
  const known: PartitionSpan[] = [];
  let last: PartitionSpan = { fromMs: 0, toMs: 0 };
  const isKnown = (ms: number): boolean => {
    if (ms >= last.fromMs && ms < last.toMs) return true;
    const found = known.find(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
    if (found !== undefined) last = found;
    return found !== undefined;
  };
  return {
    /** An instant of each month of the block that has no partition yet. */
    missing({ columns }: CarriedTable, { bytes }: TableBlock): readonly number[] {
      const at = columns.findIndex(({ name }) => name === "occurred_at");
      const instants: number[] = [];
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
      for (let from = 0; from < text.length; ) {
        const end = text.indexOf("\n", from);
        if (end === -1) throw damaged("a row of records has no end");
        const ms = Number(fieldAt(text, from, at));
        if (!isKnown(ms)) {
          if (!Number.isSafeInteger(ms)) throw damaged("a record has no time");
          known.push(partitionSpan(ms));
          instants.push(ms);
        }
        from = end + 1;
      }
      return instants;
    },
    async make(instants: readonly number[]): Promise<void> {
      for (const ms of instants) await ensureRecordsPartition({ get }, ms);
    },
  };
}

/** The field of a row at its position; fields hold no tabs. */
function fieldAt(text: string, rowAt: number, position: number): string {
  let start = rowAt;
  for (let skipped = 0; skipped < position; skipped += 1) start = text.indexOf("\t", start) + 1;
  return text.slice(start, text.indexOf("\t", start));
}

interface OpenCopy {
  readonly table: string;
  write(block: TableBlock): Promise<void>;
  end(): Promise<void>;
}

function openCopy(client: pg.Client, { name, columns }: CarriedTable): OpenCopy {
  const names = columns.map((column) => column.name).join(", ");
  const stream = client.query(copyFrom(`COPY ${name} (${names}) FROM STDIN`));
  const done = finished(stream);
  // Whoever writes or ends is told; until then it waits.
  done.catch(() => undefined);
  let rows = 0;
  return {
    table: name,
    async write(block) {
      rows += block.rows;
      if (stream.write(block.bytes)) return;
      await Promise.race([once(stream, "drain"), done]);
    },
    async end() {
      stream.end();
      await done;
      if (stream.rowCount !== rows) throw damaged(`it has ${stream.rowCount} rows of ${name}, not ${rows}`);
    },
  };
}
