import { Socket } from "node:net";
import pg from "pg";
import { leaseFunction, processFunction } from "../postgres/rate-limit-tables.ts";
import { serverRole } from "../postgres/row-security.ts";
import { answerTimeoutMs, inTime, leaseMs, processLifeMs, type SharedBuckets } from "./shared-buckets.ts";

const leaseText = `SELECT kept, granted, spent_after FROM ${leaseFunction}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;

interface Connection {
  /** The client, when it has answered all that was asked so far. */
  free: Promise<pg.Client>;
  readonly drop: () => void;
}

/**
 * Buckets in PostgreSQL, whose schema must be there. They have a connection of their own: limits must not wait behind the
 * ledger, and asks of one connection keep their order. A connection that breaks or is late is replaced at the next call.
 */
export function postgresBuckets(parts: {
  readonly url: string;
  /** Stands in for the database's clock. */
  readonly clock?: () => number;
  readonly timeoutMs?: number;
}): SharedBuckets {
  const { clock, timeoutMs = answerTimeoutMs } = parts;
  let current: Connection | undefined;
  let isClosed = false;

  const connect = (): Connection => {
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: parts.url,
      connectionTimeoutMillis: timeoutMs,
      application_name: "llm-cost-ops-limits",
      keepAlive: true,
      stream: () => socket,
      // What is shared here is gone with a crash anyway, so nothing waits for the disk.
      options: `-c role=${serverRole} -c synchronous_commit=off -c statement_timeout=${timeoutMs}`,
    });
    const drop = (): void => {
      if (current === connection) current = undefined;
      socket.destroy();
    };
    client.on("error", drop);
    client.on("end", drop);
    const connection: Connection = { drop, free: client.connect().then(() => client) };
    connection.free.catch(drop);
    return connection;
  };

  const query = async <Row extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[],
  ): Promise<readonly Row[]> => {
    if (isClosed) throw new Error("the shared limits are closed");
    current ??= connect();
    const connection = current;
    const { free } = connection;
    const found = free.then((client) => client.query<Row>({ name, text, values: [...values] }));
    connection.free = found.then(() => free);
    connection.free.catch(() => undefined);
    try {
      return (await inTime(found, timeoutMs, () => new Error(`PostgreSQL did not answer within ${timeoutMs} ms`))).rows;
    } catch (error) {
      // After a failure nobody knows what is still under way: a new connection begins cleanly.
      connection.drop();
      throw error;
    }
  };

  return {
    async lease(processId, asks) {
      const rows = await query<{ kept: string; granted: string; spent_after: string }>("lease", leaseText, [
        processId,
        leaseMs,
        clock?.() ?? null,
        asks.map(({ bucket }) => bucket),
        asks.map(({ allowance }) => allowance.perMinute),
        asks.map(({ allowance }) => allowance.burst),
        asks.map(({ keep }) => keep),
        asks.map(({ giveBack }) => giveBack),
        asks.map(({ idleMs }) => idleMs),
        asks.map(({ need }) => need),
        asks.map(({ want }) => want),
      ]);
      return rows.map((row) => ({
        kept: Number(row.kept),
        granted: Number(row.granted),
        spent: Number(row.spent_after),
      }));
    },
    async countProcesses(processId) {
      const rows = await query<{ living: string }>("count", `SELECT ${processFunction}($1, $2, $3) AS living`, [
        processId,
        processLifeMs,
        clock?.() ?? null,
      ]);
      return Number(rows[0]?.living);
    },
    async close() {
      isClosed = true;
      const connection = current;
      if (connection === undefined) return;
      await connection.free.then((client) => client.end()).catch(() => undefined);
      connection.drop();
    },
  };
}
