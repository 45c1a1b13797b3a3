import type { Explanation } from "@llm-cost-ops/contract";
import {
  type CostLine,
  cacheSavingFormula,
  costLineFormula,
  formatMoney,
  type PriceVersion,
  recomputeLine,
} from "@llm-cost-ops/core";
import { catalogueOrganization, type PriceVersionRow, priceVersionFromRow } from "../pricing/price-version-row.ts";
import { invariant } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { CorrectionReason } from "./corrections.ts";
import { explainSavings } from "./explain-savings.ts";
import { fromLineText } from "./line-text.ts";
import { formatUuid } from "./record-id.ts";
import { byCorrectedRecord, effectiveCost, originalCost, picoFromLimbs, toUsageRecord } from "./record-row.ts";
import type { LedgerRow } from "./record-store.sql.ts";
import { isOfOnePrice } from "./saving-history.ts";

interface OwnProof {
  readonly raw_usage: string | null;
  readonly lines: string | null;
  readonly price_rule: string | null;
}

interface CorrectionProof {
  readonly id: Uint8Array;
  readonly correction_reason: CorrectionReason;
  readonly cost_milli: number | null;
  readonly cost_pico: number | null;
  readonly currency: string | null;
  readonly price_version_id: string | null;
  readonly price_rule: string | null;
  readonly lines: string | null;
  readonly repricing_id: string | null;
  readonly received_at: number;
}

const withRule = "LEFT JOIN rules u ON u.organization_id = r.organization_id AND u.rule_id = r.rule_id";

/**
 * The whole proof of what a record costs: raw usage, how the model was found, the price version and the rule that chose
 * it, each line with its formula, what caching saved, and every correction. `verified` says that all lines were computed
 * again just now to the same digits, that they sum to the cost that they prove, that cost and corrections sum to the total,
 * and that the price version in force gives the saving.
 */
export async function explainRecord(connection: StoreConnection, row: LedgerRow): Promise<Explanation> {
  const { organization_id, id, occurred_at } = row;
  const own = await connection.get<OwnProof>(
    `SELECT r.raw_usage, r.lines, u.price_rule FROM records r ${withRule}
     WHERE r.organization_id = ? AND r.id = ? AND r.occurred_at = ?`,
    organization_id,
    id,
    occurred_at,
  );
  invariant(own !== undefined, "a record that was found is there");
  const corrections = await connection.all<CorrectionProof>(
    `SELECT r.id, r.correction_reason, r.cost_milli, r.cost_pico, s.currency, r.price_version_id, u.price_rule,
        r.lines, r.repricing_id, r.received_at
      FROM records r ${byCorrectedRecord} JOIN series s ON s.organization_id = r.organization_id AND s.series_id = r.series_id ${withRule}
      WHERE r.organization_id = ? AND r.corrects_id = ? AND r.occurred_at = ? ORDER BY r.id`,
    organization_id,
    id,
    occurred_at,
  );
  const lines = fromLineText(own.lines);
  const record = toUsageRecord(row);
  const currency = row.currency ?? "";
  const version = await findVersion(connection, row.organization_id, record.price_version);
  const steps = corrections.map(({ correction_reason, repricing_id }) => ({
    reason: correction_reason,
    repricingId: repricing_id,
  }));
  const savings = explainSavings(row, isOfOnePrice(steps) ? version : undefined);
  return {
    record,
    raw_usage: own.raw_usage === null ? null : (JSON.parse(own.raw_usage) as unknown),
    model_resolution:
      row.resolution_rule === null || row.resolution_detail === null
        ? null
        : { rule: row.resolution_rule, detail: row.resolution_detail },
    price: version === undefined ? null : priceOf(version),
    rule: own.price_rule,
    lines: lines.map((line) => wireLine(line, currency)),
    savings: savings.parts.map((part) => ({
      kind: part.kind,
      quantity: part.quantity,
      amount: formatMoney(part.saved),
      formula: cacheSavingFormula(part, currency),
    })),
    corrections: corrections.map((correction) => ({
      id: formatUuid(correction.id),
      reason: correction.correction_reason,
      amount: amountText(correction),
      currency: correction.cost_milli === null ? null : correction.currency,
      price_version: correction.price_version_id,
      rule: correction.price_rule,
      lines: fromLineText(correction.lines).map((line) => wireLine(line, correction.currency ?? currency)),
      repricing_id: correction.repricing_id,
      created_at: new Date(correction.received_at).toISOString(),
    })),
    original_cost: moneyOrNull(originalCost(row)),
    total_cost: record.total_cost,
    verified: isProved(row, lines, corrections) && savings.isProved,
  };
}

const moneyOrNull = (amount: bigint | null): string | null => (amount === null ? null : formatMoney(amount));

const amountText = ({ cost_milli, cost_pico }: CorrectionProof): string | null =>
  cost_milli === null ? null : formatMoney(picoFromLimbs(cost_milli, cost_pico ?? 0));

const wireLine = (line: CostLine, currency: string): Explanation["lines"][number] => ({
  kind: line.kind,
  quantity: line.quantity,
  rated_as: line.ratedAs,
  price: line.price,
  per: line.per,
  factors: line.factors.map(({ reason, factor }) => ({ reason, factor })),
  amount: formatMoney(line.amount),
  formula: costLineFormula(line, currency),
});

/** Whether the lines give their amounts when computed again; those of a stored cost must also sum to it. */
export function linesProve(lines: readonly CostLine[], total: bigint | null): boolean {
  if (!lines.every((line) => recomputeLine(line) === line.amount)) return false;
  return total === null || lines.reduce((sum, { amount }) => sum + amount, 0n) === total;
}

function isProved(row: LedgerRow, lines: readonly CostLine[], corrections: readonly CorrectionProof[]): boolean {
  const own = originalCost(row);
  const isRated = row.cost_status === "priced" && own !== null;
  if (!linesProve(lines, isRated ? own : null)) return false;
  let running = own;
  for (const correction of corrections) {
    if (correction.cost_milli !== null) {
      running = (running ?? 0n) + picoFromLimbs(correction.cost_milli, correction.cost_pico ?? 0);
    }
    // A correction's lines prove what the record costs from then on. Undoing and voiding have no lines of their own.
    const proof = fromLineText(correction.lines);
    if (proof.length > 0 && !linesProve(proof, running)) return false;
  }
  return running === effectiveCost(row);
}

async function findVersion(
  connection: StoreConnection,
  organizationId: string,
  versionId: string | null,
): Promise<PriceVersion | undefined> {
  if (versionId === null) return undefined;
  const row = await connection.get<PriceVersionRow>(
    "SELECT * FROM price_versions WHERE organization_id IN (?, ?) AND id = ? LIMIT 1",
    organizationId,
    catalogueOrganization,
    versionId,
  );
  return row === undefined ? undefined : priceVersionFromRow(row);
}

function priceOf(version: PriceVersion): Explanation["price"] {
  const dateOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  return {
    version: version.id,
    provider: version.provider,
    model: version.model,
    source: version.source.kind === "organization" ? "organization" : `catalogue ${version.source.catalogueVersion}`,
    currency: version.currency,
    valid_from: dateOf(version.validFromMs),
    valid_to: dateOf(version.validToMs),
  };
}
