import { randomUUID } from "node:crypto";
import type { Repricing } from "@llm-cost-ops/contract";
import { formatInstant, type Pico } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { enqueueJob } from "../jobs/job-queue.sql.ts";
import { Refusal } from "../refusal.ts";
import { readKeptFrom } from "../retention/kept-from.ts";
import type { StoreConnection } from "../store/connection.ts";
import { storeChange, storeRead, storeWrite } from "../store/operation.ts";
import { applyCorrections } from "../usage/corrections.sql.ts";
import type { CorrectionInput, RatingCursor, StoredUsage } from "../usage/corrections.ts";
import { loadAppliedCorrections, loadForRating } from "../usage/rating-walk.sql.ts";
import type { PriceLookup } from "./price-lookup.ts";
import { type RatedAgain, rateOrSayWhyNot } from "./rate-again.ts";
import {
  groupsToWire,
  mergeGroups,
  mergeSkipped,
  type RepricedGroup,
  type RepricingScope,
  type SkippedRecords,
} from "./repricing.ts";
import {
  bodyOf,
  type RepricingBody,
  type RepricingRow,
  readRow,
  type StoredStatus,
  setStatus,
  toWire,
} from "./repricing-row.sql.ts";
import { readPriceBookRevision, withPrices } from "./with-prices.sql.ts";

/** The kind of the job that finishes a repricing whose request did not. Payload: `{ id }`. */
export const repriceKind = "reprice";

/** How long the request that began a repricing has to finish it before a job looks after it. */
const requestMs = 120_000;

/** Bounds one read, so that other questions are answered in between. */
const pageRecords = 5_000;
/** Bounds one write transaction. */
const batchRecords = 500;

const cursorToText = (cursor: RatingCursor): RepricingBody["cursor"] => ({
  position: cursor.position,
  id: Buffer.from(cursor.id).toString("hex"),
});
const cursorFromText = (cursor: NonNullable<RepricingBody["cursor"]>): RatingCursor => ({
  position: cursor.position,
  id: Buffer.from(cursor.id, "hex"),
});

/** The next priced records of the scope. Reported costs are not usage, and voided records cost nothing any more. */
function loadScope(
  connection: StoreConnection,
  organizationId: string,
  { fromMs, toMs, provider, model }: RepricingScope,
  after: RatingCursor | undefined,
  limit: number,
) {
  return loadForRating(connection, organizationId, {
    which: "priced",
    limit,
    ...(fromMs === null ? {} : { fromMs }),
    ...(toMs === null ? {} : { toMs }),
    ...(provider === null ? {} : { provider }),
    ...(model === null ? {} : { model }),
    ...(after === undefined ? {} : { after }),
  });
}

type Change =
  | { readonly kind: "same" }
  | { readonly kind: "skipped"; readonly reason: SkippedRecords["reason"] }
  | (Pick<RatedAgain, "cost" | "rule" | "resolution"> & { readonly kind: "changed"; readonly before: Pico });

/**
 * What today's prices change of a record: its cost, or what caching saved alone, as where only the plain price is another
 * or nobody knew. A record keeps its currency, and its cost where there is no price now.
 */
function changeOf(lookup: PriceLookup, organizationId: string, usage: StoredUsage): Change {
  if (usage.cost === null) return { kind: "same" };
  const again = rateOrSayWhyNot(lookup, organizationId, usage);
  if (again.kind === "unpriced") return { kind: "skipped", reason: again.reason };
  if (again.cost.currency !== usage.currency) return { kind: "skipped", reason: "other_currency" };
  if (again.cost.total === usage.cost && again.cost.cacheSavings === usage.saving) return { kind: "same" };
  return { ...again, kind: "changed", before: usage.cost };
}

export interface ExaminedPage {
  readonly examined: number;
  readonly groups: readonly RepricedGroup[];
  readonly skipped: readonly SkippedRecords[];
  readonly priceBookRevision: number;
  readonly next?: RatingCursor;
}

interface Examined {
  readonly groups: readonly RepricedGroup[];
  readonly skipped: readonly SkippedRecords[];
}

/** What today's prices change of some records, summed. */
function examine(lookup: PriceLookup, organizationId: string, records: readonly StoredUsage[]): Examined {
  const skipped: SkippedRecords[] = [];
  const groups = records.flatMap((usage): RepricedGroup[] => {
    const again = changeOf(lookup, organizationId, usage);
    if (again.kind === "same") return [];
    if (again.kind === "skipped") {
      skipped.push({ reason: again.reason, records: 1 });
      return [];
    }
    return [
      {
        provider: usage.provider ?? again.resolution.provider,
        model: usage.resolvedModel ?? usage.model,
        day: formatInstant(usage.occurredAtMs).slice(0, 10),
        currency: again.cost.currency,
        records: 1,
        before: again.before,
        after: again.cost.total,
        sameCost: again.cost.total === again.before ? 1 : 0,
        savedBefore: usage.saving ?? 0n,
        savedAfter: again.cost.cacheSavings ?? 0n,
      },
    ];
  });
  return { groups: mergeGroups(groups), skipped: mergeSkipped(skipped) };
}

/** Compares one page of records with what today's price book makes of them. A record keeps its currency. */
export const examinePage = storeRead(
  "pricing.repricings.examine",
  async (
    connection,
    {
      organizationId,
      scope,
      after,
    }: { readonly organizationId: string; readonly scope: RepricingScope; readonly after?: RatingCursor },
  ): Promise<ExaminedPage> => {
    const { records, next } = await loadScope(connection, organizationId, scope, after, pageRecords);
    const examined = await withPrices(connection, organizationId, (lookup, revision) => ({
      ...examine(lookup, organizationId, records),
      priceBookRevision: revision,
    }));
    return { ...examined, examined: records.length, ...(next === undefined ? {} : { next }) };
  },
);

export interface Preview {
  readonly organizationId: string;
  readonly scope: RepricingScope;
  readonly createdBy: string;
  readonly reason: string | null;
  readonly examined: number;
  readonly groups: readonly RepricedGroup[];
  readonly skipped: readonly SkippedRecords[];
  readonly priceBookRevision: number;
}

/** Stores a preview. Answers undefined, storing nothing, when the prices changed while it was computed. */
export const savePreview = storeChange(
  "pricing.repricings.save",
  async (connection, preview: Preview): Promise<Repricing | undefined> => {
    const { organizationId, scope, createdBy, reason, examined, groups, skipped, priceBookRevision } = preview;
    if ((await readPriceBookRevision(connection)) !== priceBookRevision) return undefined;
    const keptFromMs = await readKeptFrom(connection);
    const body: RepricingBody = {
      ...groupsToWire(groups),
      // The range says of which records the totals are: none of before is there to be repriced.
      scope: keptFromMs === 0 ? scope : { ...scope, fromMs: Math.max(scope.fromMs ?? 0, keptFromMs) },
      reason,
      records_examined: examined,
      skipped,
      priceBookRevision,
      cursor: null,
    };
    const id = `repricing_${randomUUID().replaceAll("-", "")}`;
    await connection.run(
      "INSERT INTO repricings (organization_id, id, status, body, created_at, created_by) VALUES (?, ?, 'previewed', ?, ?, ?)",
      organizationId,
      id,
      JSON.stringify(body),
      connection.now(),
      createdBy,
    );
    const saved = toWire(await readRow(connection, organizationId, id));
    await recordChange(connection, {
      organizationId,
      action: "repricings.create",
      resource: { type: "repricing", id },
      // What it would change model by model is in the repricing itself.
      after: { ...saved, difference: undefined },
    });
    return saved;
  },
);

export interface Named {
  readonly organizationId: string;
  readonly id: string;
}

export const getRepricing = storeRead("pricing.repricings.get", async (connection, { organizationId, id }: Named) =>
  toWire(await readRow(connection, organizationId, id)),
);

export interface RepricingPage {
  readonly organizationId: string;
  readonly before?: string;
  readonly offset: number;
  readonly limit: number;
}

export const listRepricings = storeRead(
  "pricing.repricings.list",
  async (connection, { organizationId, before, offset, limit }: RepricingPage): Promise<readonly Repricing[]> => {
    const last = before === undefined ? undefined : await readRow(connection, organizationId, before);
    const rows = await connection.all<RepricingRow>(
      `SELECT * FROM repricings WHERE organization_id = ? AND (created_at, id) < (?, ?)
       ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`,
      organizationId,
      last?.created_at ?? Number.MAX_SAFE_INTEGER,
      last?.id ?? "",
      limit + 1,
      offset,
    );
    return rows.map(toWire);
  },
);

const steps = {
  apply: { from: "previewed", during: "applying", to: "applied" },
  undo: { from: "applied", during: "undoing", to: "undone" },
} as const satisfies Record<string, { from: StoredStatus; during: StoredStatus; to: StoredStatus }>;
export type RepricingStep = keyof typeof steps;

/**
 * Begins to apply a preview, or to undo what was applied, and queues the job that would finish it. One that has begun
 * already goes on. Refuses with REPRICING_001 any other order, and a preview that other prices have overtaken.
 */
export const beginStep = storeChange(
  "pricing.repricings.begin",
  async (connection, { organizationId, id, step }: Named & { readonly step: RepricingStep }): Promise<void> => {
    const row = await readRow(connection, organizationId, id);
    const { from, during } = steps[step];
    if (row.status === during) return;
    if (row.status !== from) {
      throw new Refusal("REPRICING_001", `Repricing ${id} is ${row.status}, so it cannot be ${steps[step].to}.`);
    }
    const body = bodyOf(row);
    if (step === "apply" && body.priceBookRevision !== (await readPriceBookRevision(connection))) {
      throw new Refusal("REPRICING_001", `Prices have changed since repricing ${id} was previewed; preview it again.`);
    }
    if (step === "apply" && body.records_same_cost === undefined) {
      throw new Refusal("REPRICING_001", `Repricing ${id} was previewed without what caching saved; preview it again.`);
    }
    await refuseOfDropped(connection, id, step, body);
    await setStatus(connection, row, during, { ...body, cursor: null });
    const runAtMs = connection.now() + requestMs;
    await enqueueJob(connection, { organizationId, kind: repriceKind, payload: { id }, runAtMs });
    await recordChange(connection, {
      organizationId,
      action: `repricings.${step}`,
      resource: { type: "repricing", id },
      before: { status: row.status },
      after: { status: during, records_changed: body.records_changed, by_currency: body.by_currency },
    });
  },
);

/** Of what is no longer kept nothing can be applied or undone, and the totals would not be those of what was. */
async function refuseOfDropped(
  connection: StoreConnection,
  id: string,
  step: RepricingStep,
  { difference }: RepricingBody,
): Promise<void> {
  const keptFromMs = await readKeptFrom(connection);
  if (!difference.some(({ day }) => Date.parse(day) < keptFromMs)) return;
  throw new Refusal(
    "REPRICING_001",
    `Repricing ${id} is about records of before ${formatInstant(keptFromMs)}, which are no longer kept${step === "apply" ? "; preview it again" : ""}.`,
  );
}

interface Batch {
  readonly corrections: readonly CorrectionInput[];
  /** Where the next batch begins; absent when this was the last. */
  readonly next?: RatingCursor;
}

async function applyBatch(connection: StoreConnection, row: RepricingRow, body: RepricingBody): Promise<Batch> {
  const after = body.cursor === null ? undefined : cursorFromText(body.cursor);
  const { records, next } = await loadScope(connection, row.organization_id, body.scope, after, batchRecords);
  const corrections = await withPrices(connection, row.organization_id, (lookup) =>
    records.flatMap((usage): CorrectionInput[] => {
      const again = changeOf(lookup, row.organization_id, usage);
      if (again.kind !== "changed") return [];
      return [
        {
          recordId: usage.id,
          reason: "reprice",
          amount: again.cost.total - again.before,
          currency: again.cost.currency,
          priceVersionId: again.cost.priceVersionId,
          rule: again.rule,
          lines: again.cost.lines,
          saving: again.cost.cacheSavings,
          repricingId: row.id,
        },
      ];
    }),
  );
  return next === undefined ? { corrections } : { corrections, next };
}

async function undoBatch(connection: StoreConnection, row: RepricingRow, body: RepricingBody): Promise<Batch> {
  const page = { limit: batchRecords, ...(body.cursor === null ? {} : { after: cursorFromText(body.cursor) }) };
  const applied = await loadAppliedCorrections(connection, row.organization_id, row.id, page);
  const corrections = applied
    // What an undoing has appended already carries the repricing's id as well.
    .filter(({ reason }) => reason === "reprice")
    .map(
      (one): CorrectionInput => ({
        recordId: one.recordId,
        reason: "reprice_undo",
        amount: -one.amount,
        currency: one.currency,
        priceVersionId: one.previousPriceVersionId,
        rule: `Repricing ${row.id} was undone: the record costs what it did before.`,
        lines: [],
        saving: "as before",
        repricingId: row.id,
      }),
    );
  const last = applied.at(-1);
  return last === undefined || applied.length < batchRecords ? { corrections } : { corrections, next: last.cursor };
}

/**
 * Writes the next batch of a repricing that has begun. The corrections and how far they have come are one transaction,
 * so each record is corrected exactly once, whoever goes on after a crash. Answers whether nothing is left to do.
 */
export const advanceStep = storeWrite(
  "pricing.repricings.advance",
  async (connection, { organizationId, id }: Named): Promise<{ readonly finished: boolean }> => {
    const row = await readRow(connection, organizationId, id);
    const applying = row.status === "applying";
    if (!applying && row.status !== "undoing") return { finished: true };
    const body = bodyOf(row);
    const { corrections, next } = await (applying ? applyBatch : undoBatch)(connection, row, body);
    await applyCorrections(connection, organizationId, corrections);
    const status = next !== undefined ? row.status : applying ? "applied" : "undone";
    await setStatus(connection, row, status, { ...body, cursor: next === undefined ? null : cursorToText(next) });
    if (next !== undefined) return { finished: false };
    const column = applying ? "applied_at" : "undone_at";
    await connection.run(
      `UPDATE repricings SET ${column} = ? WHERE organization_id = ? AND id = ?`,
      connection.now(),
      organizationId,
      id,
    );
    return { finished: true };
  },
  "it goes on with a step whose beginning is told",
);
