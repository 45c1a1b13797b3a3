import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Pico, Quantities } from "@llm-cost-ops/core";
import { invariant } from "../refusal.ts";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import type {
  AppliedCorrection,
  CorrectionInput,
  CorrectionReason,
  RatingSelection,
  StoredUsage,
} from "./corrections.ts";
import { interningOf } from "./interning.sqlite.ts";
import { toLineText } from "./line-text.ts";
import { withRequest } from "./measure-usage.ts";
import { uuidV7Maker } from "./record-id.ts";
import {
  byCorrectedRecord,
  effectiveCost,
  entryCodes,
  limbsFromPico,
  picoFromLimbs,
  type RecordRow,
  recordColumns,
  recordSource,
  stateBits,
  unknownName,
} from "./record-row.ts";
import { flushRollups } from "./rollups.sqlite.ts";
import { RollupChanges, type RollupShare } from "./rollups.ts";

/** A stored record with the numbers of its series and its rule. */
export interface LedgerRow extends RecordRow {
  readonly series_id: number;
  readonly resolution_rule: string | null;
  readonly resolution_detail: string | null;
}

const ledgerColumns = `${recordColumns}, r.series_id,
  (SELECT resolution_rule FROM rules u WHERE u.organization_id = r.organization_id AND u.rule_id = r.rule_id) AS resolution_rule,
  (SELECT resolution_detail FROM rules u WHERE u.organization_id = r.organization_id AND u.rule_id = r.rule_id) AS resolution_detail`;

interface Statements {
  readonly find: StatementSync;
  readonly waiting: StatementSync;
  readonly priced: StatementSync;
  readonly insert: StatementSync;
  readonly mark: StatementSync;
  readonly ofRepricing: StatementSync;
  readonly previousPrice: StatementSync;
  readonly makeId: (now: number) => Uint8Array;
}

const statementsKey = Symbol("corrections");

const statementsOf = (store: StoreThread): Statements =>
  threadState(store, statementsKey, () => prepareStatements(store.db));

/** Bound by organization, repricing, last id and limit. Ids follow the order of appending, so it can be read on from one. */
export const correctionsOfRepricing = `
  SELECT c.id, c.corrects_id, c.correction_reason, c.cost_milli, c.cost_pico, s.currency, c.occurred_at
  FROM records c INDEXED BY records_by_repricing
  JOIN series s ON s.organization_id = c.organization_id AND s.series_id = c.series_id
  WHERE c.organization_id = ?1 AND c.repricing_id = ?2 AND c.id > ?3
  ORDER BY c.id LIMIT ?4`;

function prepareStatements(db: DatabaseSync): Statements {
  const insertColumns = `organization_id, id, entry, state, series_id, user_id, occurred_at, received_at, requests,
    input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_milli, cost_pico,
    price_version_id, rule_id, quantities, lines, usage_status, is_error, is_stream, source, fingerprint,
    corrects_id, correction_reason, repricing_id`;
  return {
    find: db.prepare(`SELECT ${ledgerColumns} FROM ${recordSource} WHERE r.organization_id = ? AND r.id = ?`),
    waiting: db.prepare(`SELECT ${ledgerColumns} FROM ${recordSource}
      WHERE r.organization_id = ?1 AND (r.state & ${stateBits.waitsForPrice}) <> 0 AND (r.series_id, r.id) > (?2, ?3)
      ORDER BY r.series_id, r.id LIMIT ?4`),
    priced: db.prepare(`SELECT ${ledgerColumns} FROM ${recordSource}
      WHERE r.organization_id = ?1 AND (r.occurred_at, r.id) > (?2, ?3) AND r.occurred_at < ?4
        AND r.entry = ${entryCodes.usage} AND s.cost_status = 'priced' AND (r.state & ${stateBits.voided}) = 0
        AND (?5 IS NULL OR s.provider = ?5) AND (?6 IS NULL OR s.model = ?6 OR s.resolved_model = ?6)
      ORDER BY r.occurred_at, r.id LIMIT ?7`),
    insert: db.prepare(
      `INSERT INTO records (${insertColumns}) VALUES (${insertColumns
        .split(",")
        .map(() => "?")
        .join(", ")})`,
    ),
    mark: db.prepare(
      "UPDATE records SET state = ?, series_id = ?, rule_id = coalesce(?, rule_id), updated_at = ? WHERE organization_id = ? AND id = ?",
    ),
    ofRepricing: db.prepare(correctionsOfRepricing),
    previousPrice: db.prepare(`SELECT price_version_id FROM (
        SELECT id, price_version_id, 1 AS is_correction FROM records ${byCorrectedRecord}
          WHERE organization_id = ?1 AND corrects_id = ?2 AND id < ?3
        UNION ALL
        SELECT id, price_version_id, 0 FROM records WHERE organization_id = ?1 AND id = ?2)
      WHERE price_version_id IS NOT NULL ORDER BY is_correction DESC, id DESC LIMIT 1`),
    makeId: uuidV7Maker(),
  };
}

/** The record under 16 bytes, corrections excluded. */
export function findLedgerRow(store: StoreThread, organizationId: string, id: Uint8Array): LedgerRow | undefined {
  const row = statementsOf(store).find.get(organizationId, id) as unknown as LedgerRow | undefined;
  return row?.entry === entryCodes.correction ? undefined : row;
}

/** A record's own counts as a share of rollups; `sign` −1 for what leaves a series. Corrections' money is not in it. */
function shareOf(row: LedgerRow, seriesId: number, sign: 1 | -1, money: Pico | null): RollupShare {
  const limbs = limbsFromPico(money === null ? 0n : money * BigInt(sign));
  return {
    organizationId: row.organization_id,
    seriesId,
    userId: row.user_id,
    occurredAtMs: row.occurred_at,
    requests: sign * row.requests,
    errors: sign * row.is_error * row.requests,
    inputTokens: sign * row.input_tokens,
    outputTokens: sign * row.output_tokens,
    cachedTokens: sign * row.cached_tokens,
    cacheWriteTokens: sign * row.cache_write_tokens,
    reasoningTokens: sign * row.reasoning_tokens,
    costMilli: Number(limbs.milli),
    costPico: Number(limbs.pico),
  };
}

const noCounts = {
  requests: 0,
  errors: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
} as const;

/** What a correction row holds beside the record that it corrects. */
interface CorrectionRow {
  readonly reason: CorrectionReason;
  readonly amount: Pico | null;
  readonly seriesId: number;
  readonly priceVersionId: string | null;
  readonly ruleId: number | null;
  readonly lines: string | null;
  readonly repricingId: string | null;
  /** Whether the counts are taken back as well. */
  readonly takesCounts: boolean;
}

/** Appends one correction row and adds its share to the rollups. */
function appendCorrection(store: StoreThread, rollups: RollupChanges, row: LedgerRow, correction: CorrectionRow): void {
  const { insert, makeId } = statementsOf(store);
  const now = store.now();
  const limbs = correction.amount === null ? null : limbsFromPico(correction.amount);
  const counts = correction.takesCounts ? shareOf(row, correction.seriesId, -1, null) : noCounts;
  insert.run(
    row.organization_id,
    makeId(now),
    entryCodes.correction,
    0,
    correction.seriesId,
    row.user_id,
    row.occurred_at,
    now,
    counts.requests,
    counts.inputTokens,
    counts.outputTokens,
    counts.cachedTokens,
    counts.cacheWriteTokens,
    counts.reasoningTokens,
    limbs?.milli ?? null,
    limbs?.pico ?? null,
    correction.priceVersionId,
    correction.ruleId,
    "{}",
    correction.lines,
    row.usage_status,
    row.is_error,
    row.is_stream,
    row.source,
    new Uint8Array(0),
    row.id,
    correction.reason,
    correction.repricingId,
  );
  rollups.add({
    organizationId: row.organization_id,
    seriesId: correction.seriesId,
    userId: row.user_id,
    occurredAtMs: row.occurred_at,
    ...counts,
    costMilli: Number(limbs?.milli ?? 0n),
    costPico: Number(limbs?.pico ?? 0n),
  });
}

/**
 * Appends corrections of stored records and moves the rollups with them. Call it inside a write operation: everything
 * is part of that operation's transaction. A record that is gone from what the correction was computed on (voided since,
 * or priced since for `late_price`) is left as it is; the number of corrections that were appended is returned.
 */
export function applyCorrections(
  store: StoreThread,
  organizationId: string,
  corrections: readonly CorrectionInput[],
): number {
  const rollups = new RollupChanges();
  let applied = 0;
  for (const correction of corrections) {
    const row = findLedgerRow(store, organizationId, correction.recordId);
    invariant(row !== undefined, "a correction names a record that exists");
    if ((row.state & stateBits.voided) !== 0) continue;
    const isLate = correction.reason === "late_price";
    if (isLate !== ((row.state & stateBits.waitsForPrice) !== 0)) continue;
    if (isLate) applyLatePrice(store, rollups, row, correction);
    else applyDifference(store, rollups, row, correction);
    applied += 1;
  }
  flushRollups(store, rollups);
  return applied;
}

function applyDifference(
  store: StoreThread,
  rollups: RollupChanges,
  row: LedgerRow,
  correction: CorrectionInput,
): void {
  invariant(correction.currency === row.currency, "a correction keeps its record's currency");
  const { mark } = statementsOf(store);
  appendCorrection(store, rollups, row, { ...writtenCorrection(store, row, correction), seriesId: row.series_id });
  mark.run(row.state | stateBits.corrected, row.series_id, null, store.now(), row.organization_id, row.id);
}

/** The record leaves its unpriced series for the priced one, where the correction carries its whole cost. */
function applyLatePrice(store: StoreThread, rollups: RollupChanges, row: LedgerRow, correction: CorrectionInput): void {
  const { resolution } = correction;
  const { provider } = row;
  const seriesId = interningOf(store).seriesId({
    organizationId: row.organization_id,
    provider: provider === unknownName && resolution !== undefined ? resolution.provider : provider,
    model: row.model,
    resolvedModel: resolution?.model ?? row.resolved_model,
    projectId: row.project_id,
    serviceTier: row.service_tier,
    region: row.region ?? resolution?.region ?? null,
    currency: correction.currency,
    costStatus: "priced",
    tags: row.tags,
  });
  rollups.add(shareOf(row, row.series_id, -1, null));
  rollups.add(shareOf(row, seriesId, 1, null));
  const written = writtenCorrection(store, row, correction);
  appendCorrection(store, rollups, row, { ...written, seriesId });
  const state = (row.state | stateBits.corrected) & ~stateBits.waitsForPrice;
  statementsOf(store).mark.run(state, seriesId, written.ruleId, store.now(), row.organization_id, row.id);
}

function writtenCorrection(
  store: StoreThread,
  row: LedgerRow,
  correction: CorrectionInput,
): Omit<CorrectionRow, "seriesId"> {
  return {
    reason: correction.reason,
    amount: correction.amount,
    priceVersionId: correction.priceVersionId,
    ruleId: interningOf(store).ruleId({
      organizationId: row.organization_id,
      resolutionRule: correction.resolution?.rule ?? row.resolution_rule,
      resolutionDetail: correction.resolution?.detail ?? row.resolution_detail,
      priceRule: correction.rule,
    }),
    lines: toLineText(correction.lines),
    repricingId: correction.repricingId,
    takesCounts: false,
  };
}

/**
 * Voids a record: one correction takes back its cost and its counts, and the record says `void` from then on. A record
 * that is void already stays as it is.
 */
export function voidLedgerRow(store: StoreThread, row: LedgerRow): void {
  if ((row.state & stateBits.voided) !== 0) return;
  const rollups = new RollupChanges();
  const cost = effectiveCost(row);
  appendCorrection(store, rollups, row, {
    reason: "void",
    amount: cost === null ? null : -cost,
    seriesId: row.series_id,
    priceVersionId: null,
    ruleId: null,
    lines: null,
    repricingId: null,
    takesCounts: true,
  });
  flushRollups(store, rollups);
  const state = (row.state | stateBits.corrected | stateBits.voided) & ~stateBits.waitsForPrice;
  statementsOf(store).mark.run(state, row.series_id, null, store.now(), row.organization_id, row.id);
}

const noBytes = new Uint8Array(0);

/**
 * The stored records of a selection, at most `limit`, in a stable order: those that wait by series, priced ones by time.
 * Read on with the last one's `cursor`. Voided records, reported costs and corrections are not among them.
 */
export function loadForRating(
  store: StoreThread,
  organizationId: string,
  selection: RatingSelection,
): readonly StoredUsage[] {
  const { waiting, priced } = statementsOf(store);
  const { after, limit } = selection;
  const isWaiting = selection.which === "waiting";
  const rows = isWaiting
    ? waiting.all(organizationId, after?.position ?? -1, after?.id ?? noBytes, limit)
    : priced.all(
        organizationId,
        after?.position ?? (selection.fromMs ?? 0) - 1,
        after?.id ?? new Uint8Array(17).fill(0xff),
        selection.toMs ?? Number.MAX_SAFE_INTEGER,
        selection.provider ?? null,
        selection.model ?? null,
        limit,
      );
  return (rows as unknown as LedgerRow[]).map((row) => ({
    id: row.id,
    provider: row.provider === unknownName ? undefined : row.provider,
    model: row.model,
    resolvedModel: row.resolved_model,
    serviceTier: row.service_tier,
    region: row.region,
    occurredAtMs: row.occurred_at,
    quantities: withRequest(JSON.parse(row.quantities) as Quantities),
    cost: effectiveCost(row),
    currency: row.currency,
    priceVersionId: row.corrected_price_version_id ?? row.price_version_id,
    cursor: { position: isWaiting ? row.series_id : row.occurred_at, id: row.id },
  }));
}

/** The corrections that a repricing appended, in the order of their ids, at most `limit`; read on with the last one's `cursor`. */
export function loadAppliedCorrections(
  store: StoreThread,
  organizationId: string,
  repricingId: string,
  page: { readonly after?: AppliedCorrection["cursor"]; readonly limit: number },
): readonly AppliedCorrection[] {
  const { ofRepricing, previousPrice } = statementsOf(store);
  const rows = ofRepricing.all(
    organizationId,
    repricingId,
    page.after?.id ?? noBytes,
    page.limit,
  ) as unknown as readonly {
    readonly id: Uint8Array;
    readonly corrects_id: Uint8Array;
    readonly correction_reason: CorrectionReason;
    readonly cost_milli: number;
    readonly cost_pico: number;
    readonly currency: string;
    readonly occurred_at: number;
  }[];
  return rows.map((row) => {
    const previous = previousPrice.get(organizationId, row.corrects_id, row.id) as
      | { price_version_id: string }
      | undefined;
    return {
      id: row.id,
      recordId: row.corrects_id,
      reason: row.correction_reason,
      amount: picoFromLimbs(row.cost_milli, row.cost_pico),
      currency: row.currency,
      previousPriceVersionId: previous?.price_version_id ?? null,
      cursor: { position: row.occurred_at, id: row.id },
    };
  });
}

/** Moves a record and its corrections to the series of other tags, and its rollups with it; sets its metadata. */
export function relabelLedgerRow(
  store: StoreThread,
  row: LedgerRow,
  labels: { readonly tags: string; readonly metadata: string | null },
): void {
  const { db } = store;
  const now = store.now();
  db.prepare("UPDATE records SET metadata = ?, updated_at = ? WHERE organization_id = ? AND id = ?").run(
    labels.metadata,
    now,
    row.organization_id,
    row.id,
  );
  if (labels.tags === row.tags) return;
  const seriesId = interningOf(store).seriesId({
    organizationId: row.organization_id,
    provider: row.provider,
    model: row.model,
    resolvedModel: row.resolved_model,
    projectId: row.project_id,
    serviceTier: row.service_tier,
    region: row.region,
    currency: row.currency,
    costStatus: row.cost_status,
    tags: labels.tags,
  });
  const rollups = new RollupChanges();
  const isVoid = (row.state & stateBits.voided) !== 0;
  // A voided record and its correction cancel out: in neither series does anything of them remain to be moved.
  if (!isVoid) {
    const cost = effectiveCost(row);
    rollups.add(shareOf(row, row.series_id, -1, cost));
    rollups.add(shareOf(row, seriesId, 1, cost));
  }
  flushRollups(store, rollups);
  const move = "SET series_id = ? WHERE organization_id = ? AND";
  db.prepare(`UPDATE records ${move} id = ?`).run(seriesId, row.organization_id, row.id);
  db.prepare(`UPDATE records ${byCorrectedRecord} ${move} corrects_id = ?`).run(seriesId, row.organization_id, row.id);
}
