import type { Pico } from "@llm-cost-ops/core";
import { noteInFeed } from "../feed/feed.sql.ts";
import { invariant } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { CorrectionInput } from "./corrections.ts";
import { createInterning, type TransactionInterning } from "./interning.sql.ts";
import { toLineText } from "./line-text.ts";
import { msOfUuidV7, uuidV7Maker } from "./record-id.ts";
import {
  byCorrectedRecord,
  effectiveCost,
  effectiveSaving,
  limbsFromPico,
  picoFromLimbs,
  stateBits,
  unknownName,
  usageStatusOf,
} from "./record-row.ts";
import {
  findLedgerRows,
  findSavingSteps,
  insertCorrections,
  type LedgerRow,
  type NewCorrection,
  recordKey,
  updateRecords,
} from "./record-store.sql.ts";
import { flushRollups } from "./rollups.sql.ts";
import { RollupChanges, type RollupShare } from "./rollups.ts";
import { type SavingStep, savingWithout } from "./saving-history.ts";

/** A record's own counts as a share of rollups; `sign` −1 for what leaves a series. Corrections' money is not in it. */
function shareOf(
  row: LedgerRow,
  seriesId: number,
  sign: 1 | -1,
  money: { readonly cost: Pico | null; readonly saving: Pico | null } = noMoney,
): RollupShare {
  const limbs = limbsFromPico((money.cost ?? 0n) * BigInt(sign));
  const saved = limbsFromPico((money.saving ?? 0n) * BigInt(sign));
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
    savedMilli: Number(saved.milli),
    savedPico: Number(saved.pico),
  };
}

const noMoney = { cost: null, saving: null } as const;
const noCounts = {
  requests: 0,
  errors: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
} as const;

/** What becomes of a record that is corrected. */
interface Mark {
  readonly record: LedgerRow;
  readonly state: number;
  readonly seriesId: number;
  /** Null where its rule stays. */
  readonly ruleId: number | null;
  readonly correctionId: Uint8Array;
  readonly currency: string | null;
  /** What caching saved on it now. */
  readonly saving: Pico | null;
}

/** Corrections of one transaction and the rollups that move with them, gathered so that few statements write them. */
class CorrectionWriter {
  readonly interning: TransactionInterning;
  readonly rollups = new RollupChanges();
  readonly #connection: StoreConnection;
  readonly #makeId = uuidV7Maker();
  readonly #nowMs: number;
  readonly #appended: NewCorrection[] = [];
  /** By record; what is said last holds. */
  readonly #marks = new Map<string, Mark>();
  /** By record, of those of which something is undone. */
  readonly #savingSteps: Map<string, SavingStep[]>;

  constructor(connection: StoreConnection, savingSteps = new Map<string, SavingStep[]>()) {
    this.#connection = connection;
    this.#savingSteps = savingSteps;
    this.#nowMs = connection.now();
    this.interning = createInterning(connection);
  }

  /** The record as it is after what was appended so far. */
  current(row: LedgerRow): LedgerRow {
    const mark = this.#marks.get(recordKey(row.id));
    if (mark === undefined) return row;
    const { state, seriesId, currency, correctionId } = mark;
    return { ...row, state, series_id: seriesId, currency, newest_correction_id: correctionId };
  }

  /** What caching saved on the record after what was appended so far; null where nobody knows. */
  savingOf(row: LedgerRow): Pico | null {
    const mark = this.#marks.get(recordKey(row.id));
    return mark === undefined ? effectiveSaving(row) : mark.saving;
  }

  /** What caching saved on the record once this repricing of it is undone; null where nobody knows. */
  savingWithout(row: LedgerRow, repricingId: string): Pico | null {
    const own = row.saved_milli === null ? null : picoFromLimbs(row.saved_milli, row.saved_pico ?? 0);
    const steps = this.#savingSteps.get(recordKey(row.id)) ?? [];
    return savingWithout(repricingId, { own, steps, isKnown: this.savingOf(row) !== null });
  }

  /** Appends one correction, with its share of the rollups, and says what becomes of the record. */
  append(
    record: LedgerRow,
    correction: Omit<NewCorrection, "id" | "record" | "counts" | "saved" | "state"> & {
      readonly takesCounts: boolean;
      readonly currency: string | null;
      /** What caching saved on the record from now on; null where nobody knows. */
      readonly saving: Pico | null;
    },
    state: number,
  ): void {
    const { seriesId, ruleId, amount, takesCounts, saving } = correction;
    const savingBefore = this.savingOf(record);
    const saved = saving === null && savingBefore === null ? null : (saving ?? 0n) - (savingBefore ?? 0n);
    const newest = record.newest_correction_id;
    // A record's newest correction has its greatest id, also where another process made the one before.
    const id = this.#makeId(newest === null ? this.#nowMs : Math.max(this.#nowMs, msOfUuidV7(newest) + 1));
    const counts = takesCounts ? shareOf(record, seriesId, -1) : noCounts;
    const ownState = savingBefore === null ? stateBits.savingUnknown : 0;
    this.#appended.push({ ...correction, id, record, counts, saved, state: ownState });
    const { reason, repricingId } = correction;
    this.#savingSteps
      .get(recordKey(record.id))
      ?.push({ reason, repricingId, moved: saved, wasKnown: savingBefore !== null });
    const limbs = amount === null ? undefined : limbsFromPico(amount);
    const savedLimbs = saved === null ? undefined : limbsFromPico(saved);
    this.rollups.add({
      organizationId: record.organization_id,
      seriesId,
      userId: record.user_id,
      occurredAtMs: record.occurred_at,
      ...counts,
      costMilli: Number(limbs?.milli ?? 0n),
      costPico: Number(limbs?.pico ?? 0n),
      savedMilli: Number(savedLimbs?.milli ?? 0n),
      savedPico: Number(savedLimbs?.pico ?? 0n),
    });
    const key = recordKey(record.id);
    this.#marks.set(key, {
      record,
      state: saving === null ? state | stateBits.savingUnknown : state & ~stateBits.savingUnknown,
      seriesId,
      ruleId: correction.reason === "late_price" ? ruleId : (this.#marks.get(key)?.ruleId ?? null),
      correctionId: id,
      currency: correction.currency,
      saving,
    });
  }

  async flush(): Promise<void> {
    await insertCorrections(this.#connection, this.#appended);
    const alike = new Map<string, Mark[]>();
    for (const mark of this.#marks.values()) {
      const key = `${mark.state} ${mark.seriesId} ${mark.ruleId}`;
      const group = alike.get(key);
      if (group === undefined) alike.set(key, [mark]);
      else group.push(mark);
    }
    for (const group of alike.values()) {
      const { state, seriesId, ruleId } = group[0] as Mark;
      await updateRecords(
        this.#connection,
        group.map(({ record }) => record),
        "state = ?, series_id = ?, rule_id = coalesce(?, rule_id), updated_at = ?",
        state,
        seriesId,
        ruleId,
        this.#nowMs,
      );
    }
    await flushRollups(this.#connection, this.rollups);
    const corrected = [...this.#marks.values()].map(({ record }) => record);
    const [first] = corrected;
    if (first === undefined) return;
    await noteInFeed(
      this.#connection,
      first.organization_id,
      "updated",
      corrected.map(({ id }) => id),
    );
  }
}

/**
 * Appends corrections of stored records and moves the rollups with them. Call it inside a write operation: everything
 * is part of that operation's transaction. A record that is gone from what the correction was computed on (voided since,
 * or priced since for `late_price`) is left as it is; the number of corrections that were appended is returned.
 */
export async function applyCorrections(
  connection: StoreConnection,
  organizationId: string,
  corrections: readonly CorrectionInput[],
): Promise<number> {
  const ids = corrections.map(({ recordId }) => recordId);
  const rows = await findLedgerRows(connection, organizationId, ids);
  const undone = corrections.flatMap(({ recordId, saving }) =>
    saving === "as before" ? (rows.get(recordKey(recordId)) ?? []) : [],
  );
  const writer = new CorrectionWriter(connection, await findSavingSteps(connection, undone));
  let applied = 0;
  for (const correction of corrections) {
    const found = rows.get(recordKey(correction.recordId));
    invariant(found !== undefined, "a correction names a record that exists");
    const row = writer.current(found);
    if ((row.state & stateBits.voided) !== 0) continue;
    const isLate = correction.reason === "late_price";
    if (isLate !== ((row.state & stateBits.waitsForPrice) !== 0)) continue;
    const written = await writtenCorrection(writer, row, correction);
    if (isLate) await applyLatePrice(writer, row, correction, written);
    else applyDifference(writer, row, written);
    applied += 1;
  }
  await writer.flush();
  return applied;
}

type Written = Awaited<ReturnType<typeof writtenCorrection>>;

async function writtenCorrection(writer: CorrectionWriter, row: LedgerRow, correction: CorrectionInput) {
  return {
    reason: correction.reason,
    amount: correction.amount,
    currency: correction.currency,
    priceVersionId: correction.priceVersionId,
    ruleId: await writer.interning.ruleId({
      organizationId: row.organization_id,
      resolutionRule: correction.resolution?.rule ?? row.resolution_rule,
      resolutionDetail: correction.resolution?.detail ?? row.resolution_detail,
      priceRule: correction.rule,
    }),
    lines: toLineText(correction.lines),
    saving: savingAfter(writer, row, correction),
    repricingId: correction.repricingId,
    takesCounts: false,
  };
}

function savingAfter(writer: CorrectionWriter, row: LedgerRow, { saving, repricingId }: CorrectionInput): Pico | null {
  if (saving !== "as before") return saving;
  invariant(repricingId !== null, "what is undone is a repricing");
  return writer.savingWithout(row, repricingId);
}

function applyDifference(writer: CorrectionWriter, row: LedgerRow, written: Written): void {
  invariant(written.currency === row.currency, "a correction keeps its record's currency");
  writer.append(row, { ...written, seriesId: row.series_id }, row.state | stateBits.corrected);
}

/** The record leaves its unpriced series for the priced one, where the correction carries its whole cost. */
async function applyLatePrice(
  writer: CorrectionWriter,
  row: LedgerRow,
  { resolution, currency }: CorrectionInput,
  written: Written,
): Promise<void> {
  const { provider } = row;
  const seriesId = await writer.interning.seriesId({
    organizationId: row.organization_id,
    provider: provider === unknownName && resolution !== undefined ? resolution.provider : provider,
    model: row.model,
    resolvedModel: resolution?.model ?? row.resolved_model,
    projectId: row.project_id,
    serviceTier: row.service_tier,
    region: row.region ?? resolution?.region ?? null,
    currency,
    costStatus: "priced",
    tags: row.tags,
    apiKeyId: row.api_key_id,
    usageStatus: usageStatusOf(row),
  });
  writer.rollups.add(shareOf(row, row.series_id, -1));
  writer.rollups.add(shareOf(row, seriesId, 1));
  const state = (row.state | stateBits.corrected) & ~stateBits.waitsForPrice;
  writer.append(row, { ...written, seriesId }, state);
}

/**
 * Voids a record: one correction takes back its cost and its counts, and the record says `void` from then on. A record
 * that is void already stays as it is.
 */
export async function voidLedgerRow(connection: StoreConnection, row: LedgerRow): Promise<void> {
  if ((row.state & stateBits.voided) !== 0) return;
  const writer = new CorrectionWriter(connection);
  const cost = effectiveCost(row);
  writer.append(
    row,
    {
      reason: "void",
      amount: cost === null ? null : -cost,
      currency: row.currency,
      seriesId: row.series_id,
      priceVersionId: null,
      ruleId: null,
      lines: null,
      saving: writer.savingOf(row) === null ? null : 0n,
      repricingId: null,
      takesCounts: true,
    },
    (row.state | stateBits.corrected | stateBits.voided) & ~stateBits.waitsForPrice,
  );
  await writer.flush();
}

/** Moves a record and its corrections to the series of other tags, and its rollups with it; sets its metadata. */
export async function relabelLedgerRow(
  connection: StoreConnection,
  row: LedgerRow,
  labels: { readonly tags: string; readonly metadata: string | null },
): Promise<void> {
  await updateRecords(connection, [row], "metadata = ?, updated_at = ?", labels.metadata, connection.now());
  if (labels.tags === row.tags) return;
  const seriesId = await createInterning(connection).seriesId({
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
    apiKeyId: row.api_key_id,
    usageStatus: usageStatusOf(row),
  });
  const isVoid = (row.state & stateBits.voided) !== 0;
  // A voided record and its correction cancel out: in neither series does anything of them remain to be moved.
  if (!isVoid) {
    const rollups = new RollupChanges();
    const money = { cost: effectiveCost(row), saving: effectiveSaving(row) };
    rollups.add(shareOf(row, row.series_id, -1, money));
    rollups.add(shareOf(row, seriesId, 1, money));
    await flushRollups(connection, rollups);
  }
  await updateRecords(connection, [row], "series_id = ?", seriesId);
  await connection.run(
    `UPDATE records ${byCorrectedRecord} SET series_id = ?
     WHERE organization_id = ? AND corrects_id = ? AND occurred_at = ?`,
    seriesId,
    row.organization_id,
    row.id,
    row.occurred_at,
  );
}
