import type pg from "pg";
import { connectionOf, type ProcessParts } from "../postgres/pool.ts";
import { isLostRace, isMissingTable, isOutOfRange, isTakenKey, storageRefusal } from "../postgres/storage-failure.ts";
import type { PriceLookup } from "../pricing/price-lookup.ts";
import { withKeptPrices, withPrices } from "../pricing/with-prices.sql.ts";
import { Refusal } from "../refusal.ts";
import { type AppendResult, ResultWriter } from "./append-result.ts";
import { beginAppend, beginLocked, beginRead, withClient } from "./append-transaction.postgres.ts";
import { committedUsage } from "./committed-usage.ts";
import { PostgresInterning } from "./interning.postgres.ts";
import type { CommittedUsage } from "./ledger-observer.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { type UsageBody, UsageBodyReader } from "./read-usage-body.ts";
import { type RecordOutcome, RejectedOutcome } from "./record-outcome.ts";
import { RecordsPartitions } from "./records-partitions.postgres.ts";
import { writeCarefully } from "./write-carefully.postgres.ts";
import { copyKeys, type RecordWriting, writeRecords } from "./write-records.postgres.ts";

/** How often a group is tried again: because it lost a race, or prices changed between its rating and its transaction. */
const attemptsMax = 5;

/** Duplicates come in runs: after one, so many groups are written with care from the start. */
const carefulGroups = 16;

/** One body of a group: what its records are, then what became of them. */
interface OpenBody extends UsageBody {
  readonly read: readonly (PreparedRecord | RejectedOutcome)[];
  outcomes: readonly RecordOutcome[];
}

interface PreparedGroup {
  readonly revision: number;
  readonly bodies: readonly (OpenBody | Refusal)[];
}

/** What one attempt at writing came to. */
type Attempt = "written" | "other prices" | "needs care";

export interface AppenderParts {
  readonly pool: pg.Pool;
  readonly process: ProcessParts;
  readonly onCommitted: (usage: CommittedUsage) => void;
}

/**
 * Appends bodies of usage or reported costs to the ledger on PostgreSQL, some of one organization in a transaction.
 * Everything is parsed, checked and rated before the transaction begins, which holds prices still and asks whether they
 * are those of the rating. Nearly always all ids are new: then keys, records and rollups go straight to their tables, and
 * where that fails they are written once more with care.
 */
export class UsageAppender {
  readonly #parts: AppenderParts;
  readonly #reader = new UsageBodyReader();
  readonly #interning = new PostgresInterning();
  readonly #partitions = new RecordsPartitions();
  #carefulLeft = 0;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
  }

  /** The results in order; a `Refusal` is that body's alone. Bodies are of one organization, and all or none is a trial. */
  async append(bodies: readonly UsageBody[]): Promise<readonly (AppendResult | Refusal)[]> {
    const [first] = bodies;
    if (first === undefined) return [];
    const { organizationId } = first.args;
    const isTrial = first.args.importing?.dryRun === true;
    let isCareful = this.#carefulLeft > 0 || isTrial;
    let isStale = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const group = await this.#prepare(organizationId, bodies, isStale);
        const open = group.bodies.filter((body): body is OpenBody => !(body instanceof Refusal));
        if (open.length > 0) {
          const came = await this.#write(organizationId, open, {
            isTrial,
            isCareful,
            revision: attempt < attemptsMax ? group.revision : undefined,
          });
          if (came === "needs care") isCareful = true;
          if (came === "other prices") isStale = true;
          if (came !== "written") continue;
        }
        return group.bodies.map((body) => (body instanceof Refusal ? body : resultOf(body)));
      } catch (error) {
        if (isMissingTable(error)) this.#partitions.forget();
        if ((isLostRace(error) || isMissingTable(error)) && attempt < attemptsMax) continue;
        throw error instanceof Refusal ? error : (storageRefusal(error) ?? error);
      }
    }
  }

  /** Reads the bodies by the price book as it was last read; where that is stale or misses something, by the present one. */
  async #prepare(organizationId: string, bodies: readonly UsageBody[], isStale: boolean): Promise<PreparedGroup> {
    const { process, pool } = this.#parts;
    const receivedAtMs = process.now();
    const readAll = (prices: PriceLookup): PreparedGroup["bodies"] =>
      bodies.map((body) => {
        const read: (PreparedRecord | RejectedOutcome)[] = [];
        try {
          this.#reader.read(body, prices, receivedAtMs, (record) => read.push(record));
        } catch (error) {
          if (error instanceof Refusal) return error;
          throw error;
        }
        return { ...body, read, outcomes: [] };
      });
    const kept = isStale ? undefined : withKeptPrices(process, organizationId, readAll);
    if (kept !== undefined) return { revision: kept.revision, bodies: kept.result };
    return withClient(pool, async (client) => {
      await beginRead(client, organizationId);
      const prepared = await withPrices(connectionOf(client, process), organizationId, (prices, revision) => ({
        revision,
        bodies: readAll(prices),
      }));
      await client.query("COMMIT");
      return prepared;
    });
  }

  /** One attempt at writing all that was read. Without a `revision` prices may be any. */
  async #write(organizationId: string, bodies: readonly OpenBody[], how: Manner): Promise<Attempt> {
    const startedAt = performance.now();
    return withClient(this.#parts.pool, async (client, breakUp) => {
      const records = [...recordsOf(bodies)];
      const unknown = this.#partitions.unknown(records, this.#parts.process.now());
      if (unknown.length > 0) await this.#partitions.make(client, unknown);
      // A trial leaves nothing behind, so its numbers are its own and end with it.
      const interning = how.isTrial ? new PostgresInterning() : this.#interning;
      if (!how.isTrial) await this.#intern(client, organizationId, records);
      const present = await beginAppend(client, organizationId, how.isTrial);
      if (how.revision !== undefined && present !== how.revision) {
        await client.query("ROLLBACK");
        return "other prices";
      }
      const strange = how.isTrial ? interning.unknown(records) : undefined;
      if (strange !== undefined) (await interning.intern(client, organizationId, strange)).keep();
      const writing: RecordWriting = { interning, partitions: this.#partitions };
      if (how.isCareful) await this.#writeCarefully(client, writing, bodies);
      else if (!(await writeStraight(client, writing, bodies, records))) {
        await client.query("ROLLBACK");
        this.#carefulLeft = carefulGroups;
        return "needs care";
      }
      if (how.isTrial) {
        await client.query("ROLLBACK");
        return "written";
      }
      await client.query("COMMIT").catch((error: unknown) => {
        breakUp();
        throw storageRefusal(error, "it is not known whether this was written") ?? error;
      });
      const outcomes = bodies.map((body) => body.outcomes);
      this.#parts.onCommitted(committedUsage(outcomes, performance.now() - startedAt));
      return "written";
    });
  }

  async #writeCarefully(client: pg.ClientBase, writing: RecordWriting, bodies: readonly OpenBody[]): Promise<void> {
    const { textOf } = this.#parts.process;
    const asked = bodies.flatMap(({ args, read }) =>
      read.map((record) => (record instanceof RejectedOutcome ? record : { record, args })),
    );
    const outcomes = await writeCarefully(client, { ...writing, textOf }, asked);
    let at = 0;
    for (const body of bodies) {
      body.outcomes = outcomes.slice(at, at + body.read.length);
      at += body.read.length;
    }
    const isSurprise = outcomes.some((outcome, index) => outcome.kind !== "recorded" && outcome !== asked[index]);
    this.#carefulLeft = isSurprise ? carefulGroups : this.#carefulLeft - 1;
  }

  /** Numbers new series and rules in a short transaction before the records', so that the lock is held for a moment only. */
  async #intern(client: pg.ClientBase, organizationId: string, records: readonly PreparedRecord[]): Promise<void> {
    const unknown = this.#interning.unknown(records);
    if (unknown === undefined) return;
    await beginLocked(client, organizationId);
    const interned = await this.#interning.intern(client, organizationId, unknown);
    await client.query("COMMIT");
    interned.keep();
  }
}

/** How a group is to be written. */
interface Manner {
  readonly isTrial: boolean;
  readonly isCareful: boolean;
  readonly revision: number | undefined;
}

function* recordsOf(bodies: readonly OpenBody[]): Generator<PreparedRecord> {
  for (const { read } of bodies) {
    for (const record of read) if (!(record instanceof RejectedOutcome)) yield record;
  }
}

/** Whether all records were written. If not, some id is taken or some sum too large, and the transaction is of no more use. */
async function writeStraight(
  client: pg.ClientBase,
  writing: RecordWriting,
  bodies: readonly OpenBody[],
  records: readonly PreparedRecord[],
): Promise<boolean> {
  try {
    await copyKeys(client, records);
    await writeRecords(client, writing, records);
  } catch (error) {
    if (isTakenKey(error) || isOutOfRange(error)) return false;
    throw error;
  }
  for (const body of bodies) {
    body.outcomes = body.read.map((record) =>
      record instanceof RejectedOutcome ? record : { kind: "recorded", record },
    );
  }
  return true;
}

function resultOf({ args, outcomes }: OpenBody): AppendResult | Refusal {
  const result = new ResultWriter(args);
  for (const outcome of outcomes) result.add(outcome);
  return result.end();
}
