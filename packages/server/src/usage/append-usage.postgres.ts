import type pg from "pg";
import { ListenedTo, noteAppended } from "../feed/note-appended.postgres.ts";
import { CopyRowsMemory } from "../postgres/copy-rows.ts";
import { isRefusedStatement, OneTrip } from "../postgres/one-trip.ts";
import { connectionOf, type ProcessParts } from "../postgres/pool.ts";
import {
  isLostRace,
  isMissingTable,
  isOutOfRange,
  isTakenKey,
  lostCommitRefusal,
  storageRefusal,
} from "../postgres/storage-failure.ts";
import type { PriceLookup } from "../pricing/price-lookup.ts";
import { withKeptPrices, withPrices } from "../pricing/with-prices.sql.ts";
import { Refusal } from "../refusal.ts";
import { type AppendResult, ResultWriter } from "./append-result.ts";
import {
  addBeginning,
  beginAppend,
  beginLocked,
  beginRead,
  brokenTerm,
  withClient,
} from "./append-transaction.postgres.ts";
import { CommittedSums } from "./committed-usage.ts";
import { PostgresInterning } from "./interning.postgres.ts";
import type { CommittedUsage } from "./ledger-observer.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { type UsageBody, UsageBodyReader } from "./read-usage-body.ts";
import { type RecordOutcome, RejectedOutcome } from "./record-outcome.ts";
import { RecordsPartitions } from "./records-partitions.postgres.ts";
import { type CarefulWriting, writeCarefully } from "./write-carefully.postgres.ts";
import { isKnown, LaidRecords, type RecordWriting } from "./write-records.postgres.ts";

/** How often a group is tried again: because it lost a race, or prices changed between its rating and its transaction. */
const attemptsMax = 5;

/** Duplicates come in runs: after one, so many groups are written with care from the start. */
const carefulGroups = 16;

/** What a record takes on the wire at least, to lay out as many as may come. */
const recordBytesMin = 200;

/** A group whose records were laid out as they were read, with the answers that hold if all of them are new. */
interface StraightGroup {
  readonly revision: number;
  readonly laid: LaidRecords;
  readonly sums: CommittedSums;
  /** The ids of the records, where somebody listens. */
  readonly noted: readonly Uint8Array[] | undefined;
  readonly results: readonly (AppendResult | Refusal)[];
  /** Whether there is more in it than bodies that are refused whole. */
  readonly isOpen: boolean;
}

/** One body of a group that needs care: what its records are, then what became of them. */
interface OpenBody extends UsageBody {
  readonly read: readonly (PreparedRecord | RejectedOutcome)[];
  outcomes: readonly RecordOutcome[];
}

interface CarefulGroup {
  readonly revision: number;
  readonly bodies: readonly (OpenBody | Refusal)[];
}

/** What one attempt at writing came to. */
type Attempt = "written" | "other prices" | "needs care" | "must be noted";

export interface AppenderParts {
  readonly pool: pg.Pool;
  readonly process: ProcessParts;
  readonly onCommitted: (usage: CommittedUsage) => void;
}

/**
 * Appends bodies of usage or reported costs to the ledger on PostgreSQL, some of one organization in a transaction.
 * Everything is parsed, checked and rated before the transaction begins, which holds prices still and asks whether they
 * are those of the rating. Nearly always all ids are new and all series known: then records are laid out as they are read
 * and go straight to their tables. Where that does not do, the group is read once more and written with care.
 */
export class UsageAppender {
  readonly #parts: AppenderParts;
  readonly #reader = new UsageBodyReader();
  readonly #interning = new PostgresInterning();
  readonly #partitions = new RecordsPartitions();
  readonly #memory = new CopyRowsMemory();
  readonly #listenedTo = new ListenedTo();
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
        const isChecked = attempt < attemptsMax;
        let came: Attempt;
        const straight = isCareful || isStale ? undefined : this.#readStraight(organizationId, bodies);
        if (straight !== undefined) {
          came = straight.isOpen ? await this.#writeStraight(organizationId, straight) : "written";
          if (came === "written") return straight.results;
        } else {
          const group = await this.#readForCare(organizationId, bodies, isStale);
          const open = group.bodies.filter((body): body is OpenBody => !(body instanceof Refusal));
          const revision = isChecked ? group.revision : undefined;
          came = open.length > 0 ? await this.#writeWithCare(organizationId, open, { isTrial, revision }) : "written";
          if (came === "written") return group.bodies.map((body) => (body instanceof Refusal ? body : resultOf(body)));
        }
        if (came === "needs care") isCareful = true;
        if (came === "other prices") isStale = true;
      } catch (error) {
        if (isMissingTable(error)) this.#partitions.forget();
        if ((isLostRace(error) || isMissingTable(error)) && attempt < attemptsMax) continue;
        throw error instanceof Refusal ? error : (storageRefusal(error) ?? error);
      }
    }
  }

  /** Undefined where a price, a number or a partition is not known yet. */
  #readStraight(organizationId: string, bodies: readonly UsageBody[]): StraightGroup | undefined {
    const { process } = this.#parts;
    const writing: RecordWriting = { interning: this.#interning, partitions: this.#partitions, memory: this.#memory };
    const bytes = bodies.reduce((sum, body) => sum + body.bytes.length, 0);
    const receivedAtMs = process.now();
    const kept = withKeptPrices(process, organizationId, (prices) => {
      const laid = new LaidRecords(writing, Math.ceil(bytes / recordBytesMin));
      const sums = new CommittedSums();
      const noted: Uint8Array[] | undefined = this.#listenedTo.has(organizationId, receivedAtMs) ? [] : undefined;
      let isComplete = true;
      let isOpen = false;
      const results = bodies.map((body) => {
        const result = new ResultWriter(body.args);
        const take = (record: PreparedRecord | RejectedOutcome): void => {
          const isRejected = record instanceof RejectedOutcome;
          isComplete = isComplete && (isRejected || isKnown(writing, record));
          if (!isComplete) return;
          if (!isRejected) {
            laid.add(record);
            noted?.push(record.id);
          }
          const outcome: RecordOutcome = isRejected ? record : { kind: "recorded", record };
          sums.add(outcome);
          result.add(outcome);
        };
        const refusal = orRefusal(() => this.#reader.read(body, prices, receivedAtMs, take));
        if (refusal !== undefined) return refusal;
        isOpen = true;
        return isComplete ? result.end() : undefined;
      });
      return isComplete ? { laid, sums, noted, results, isOpen } : undefined;
    });
    if (kept?.result === undefined) return undefined;
    const { results, ...rest } = kept.result;
    return {
      ...rest,
      revision: kept.revision,
      results: results.filter((result) => result !== undefined),
    };
  }

  /** Everything in one trip: this thread is busy reading the next group when the server ends a statement. */
  async #writeStraight(organizationId: string, group: StraightGroup): Promise<Attempt> {
    const { revision, laid, sums, noted } = group;
    const startedAt = performance.now();
    return withClient(this.#parts.pool, async (client, breakUp) => {
      await this.#makePartitions(client, []);
      const trip = new OneTrip();
      const nowMs = this.#parts.process.now();
      addBeginning(trip, organizationId, { revision, firstMs: laid.firstMs, isNoted: noted !== undefined, nowMs });
      laid.addKeys(trip);
      laid.addRecords(trip);
      if (noted !== undefined && noted.length > 0) trip.add(noteAppended(organizationId, noted, nowMs));
      try {
        await trip.add("COMMIT").send(client);
      } catch (error) {
        if (!isRefusedStatement(error)) {
          breakUp();
          throw lostCommitRefusal(error) ?? error;
        }
        const came = this.#cameTo(error);
        if (came === undefined) throw error;
        if (came === "must be noted") this.#listenedTo.add(organizationId, nowMs);
        await client.query("ROLLBACK");
        return came;
      }
      laid.giveBack();
      this.#parts.onCommitted(sums.total(performance.now() - startedAt, [organizationId]));
      return "written";
    });
  }

  /** What a group needs that the server refused; undefined where nothing helps. */
  #cameTo(error: unknown): Attempt | undefined {
    const broken = brokenTerm(error);
    if (broken === "revision") return "other prices";
    if (broken === "unnoted") return "must be noted";
    if (broken === "keptFrom") return "needs care";
    if (!isTakenKey(error) && !isOutOfRange(error)) return undefined;
    this.#carefulLeft = carefulGroups;
    return "needs care";
  }

  /** Reads the bodies by the price book as it was last read; where that is stale or misses something, by the present one. */
  async #readForCare(organizationId: string, bodies: readonly UsageBody[], isStale: boolean): Promise<CarefulGroup> {
    const { process, pool } = this.#parts;
    const receivedAtMs = process.now();
    const readAll = (prices: PriceLookup): CarefulGroup["bodies"] =>
      bodies.map((body) => {
        const read: (PreparedRecord | RejectedOutcome)[] = [];
        const refusal = orRefusal(() => this.#reader.read(body, prices, receivedAtMs, (record) => read.push(record)));
        return refusal ?? { ...body, read, outcomes: [] };
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

  /** Without a `revision` prices may be any. */
  async #writeWithCare(
    organizationId: string,
    bodies: readonly OpenBody[],
    { isTrial, revision }: { readonly isTrial: boolean; readonly revision: number | undefined },
  ): Promise<Attempt> {
    const startedAt = performance.now();
    return withClient(this.#parts.pool, async (client, breakUp) => {
      const records = [...recordsOf(bodies)];
      await this.#makePartitions(client, records);
      // A trial leaves nothing behind, so its numbers are its own and end with it.
      const interning = isTrial ? new PostgresInterning() : this.#interning;
      if (!isTrial) await this.#intern(client, organizationId, records);
      const present = await beginAppend(client, organizationId, {
        hasLock: isTrial,
        nowMs: this.#parts.process.now(),
      });
      if (revision !== undefined && present.revision !== revision) {
        await client.query("ROLLBACK");
        return "other prices";
      }
      const strange = isTrial ? interning.unknown(records) : undefined;
      if (strange !== undefined) (await interning.intern(client, organizationId, strange)).keep();
      const writing = { interning, partitions: this.#partitions, memory: this.#memory, keptFromMs: present.keptFromMs };
      await this.#writeBodies(client, writing, bodies);
      if (isTrial) {
        await client.query("ROLLBACK");
        return "written";
      }
      if (present.isListenedTo) await this.#note(client, organizationId, bodies);
      await commit(client, breakUp);
      const sums = new CommittedSums();
      for (const { outcomes } of bodies) for (const outcome of outcomes) sums.add(outcome);
      this.#parts.onCommitted(sums.total(performance.now() - startedAt, [organizationId]));
      return "written";
    });
  }

  async #writeBodies(
    client: pg.ClientBase,
    writing: Omit<CarefulWriting, "process">,
    bodies: readonly OpenBody[],
  ): Promise<void> {
    const asked = bodies.flatMap(({ args, read }) =>
      read.map((record) => (record instanceof RejectedOutcome ? record : { record, args })),
    );
    const outcomes = await writeCarefully(client, { ...writing, process: this.#parts.process }, asked);
    let at = 0;
    for (const body of bodies) {
      body.outcomes = outcomes.slice(at, at + body.read.length);
      at += body.read.length;
    }
    const isSurprise = outcomes.some((outcome, index) => outcome.kind !== "recorded" && outcome !== asked[index]);
    this.#carefulLeft = isSurprise ? carefulGroups : Math.max(0, this.#carefulLeft - 1);
  }

  async #note(client: pg.ClientBase, organizationId: string, bodies: readonly OpenBody[]): Promise<void> {
    const ids = bodies.flatMap(({ outcomes }) =>
      outcomes.flatMap((outcome) => (outcome.kind === "recorded" ? [outcome.record.id] : [])),
    );
    if (ids.length > 0) await client.query(noteAppended(organizationId, ids, this.#parts.process.now()));
  }

  async #makePartitions(client: pg.ClientBase, records: readonly PreparedRecord[]): Promise<void> {
    const unknown = this.#partitions.unknown(records, this.#parts.process.now());
    if (unknown.length > 0) await this.#partitions.make(client, unknown);
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

function* recordsOf(bodies: readonly OpenBody[]): Generator<PreparedRecord> {
  for (const { read } of bodies) {
    for (const record of read) if (!(record instanceof RejectedOutcome)) yield record;
  }
}

/** What a body is refused with as a whole, if it is. */
function orRefusal(read: () => void): Refusal | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

async function commit(client: pg.ClientBase, breakUp: () => void): Promise<void> {
  await client.query("COMMIT").catch((error: unknown) => {
    breakUp();
    throw lostCommitRefusal(error) ?? error;
  });
}

function resultOf({ args, outcomes }: OpenBody): AppendResult | Refusal {
  const result = new ResultWriter(args);
  for (const outcome of outcomes) result.add(outcome);
  return result.end();
}
