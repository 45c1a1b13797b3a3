import type { Repricing } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { groupsToWire, RepricingScope, SkippedRecords } from "./repricing.ts";

/** `applying` and `undoing` show as the status before, until the last correction is on disk. */
export type StoredStatus = "previewed" | "applying" | "applied" | "undoing" | "undone";

export interface RepricingRow {
  readonly organization_id: string;
  readonly id: string;
  readonly status: StoredStatus;
  readonly body: string;
  readonly created_at: number;
  readonly created_by: string;
  readonly applied_at: number | null;
  readonly undone_at: number | null;
}

type WireGroups = ReturnType<typeof groupsToWire>;

export interface RepricingBody extends Omit<WireGroups, "records_same_cost"> {
  /** Absent in previews that were stored before what caching saved was compared, whose sums are without it too. */
  readonly records_same_cost?: number;
  readonly scope: RepricingScope;
  readonly reason: string | null;
  readonly records_examined: number;
  /** Absent in previews that were stored before skipped records were counted. */
  readonly skipped?: readonly SkippedRecords[];
  /** The price book of the preview; another one would make another difference. */
  readonly priceBookRevision: number;
  /** How far the corrections have come. */
  readonly cursor: { readonly position: number; readonly id: string } | null;
}

export const bodyOf = (row: RepricingRow): RepricingBody => JSON.parse(row.body) as RepricingBody;

const wireStatus = {
  previewed: "previewed",
  applying: "previewed",
  applied: "applied",
  undoing: "applied",
  undone: "undone",
} as const satisfies Record<StoredStatus, Repricing["status"]>;

const instantOrNull = (ms: number | null): string | null => (ms === null ? null : formatInstant(ms));

const withSavings = <Row extends object>(row: Row): Row & Pick<Repricing["by_currency"][number], "savings"> => ({
  savings: null,
  ...row,
});

/** As it goes over the wire. */
export function toWire(row: RepricingRow): Repricing {
  const body = bodyOf(row);
  return {
    id: row.id,
    status: wireStatus[row.status],
    created_at: formatInstant(row.created_at),
    applied_at: instantOrNull(row.applied_at),
    undone_at: instantOrNull(row.undone_at),
    created_by: row.created_by,
    reason: body.reason,
    range: { start: instantOrNull(body.scope.fromMs), end: instantOrNull(body.scope.toMs) },
    provider: body.scope.provider,
    model: body.scope.model,
    records_examined: body.records_examined,
    records_changed: body.records_changed,
    skipped: [...(body.skipped ?? [])],
    records_same_cost: body.records_same_cost ?? 0,
    by_currency: body.by_currency.map(withSavings),
    difference: body.difference.map(withSavings),
  };
}

/** The row, or the refusal that there is none. */
export async function readRow(connection: StoreConnection, organizationId: string, id: string): Promise<RepricingRow> {
  const row = await connection.get<RepricingRow>(
    "SELECT * FROM repricings WHERE organization_id = ? AND id = ?",
    organizationId,
    id,
  );
  if (row === undefined) throw new Refusal("NOT_FOUND", `There is no repricing ${id}.`);
  return row;
}

export async function setStatus(
  connection: StoreConnection,
  row: RepricingRow,
  status: StoredStatus,
  body: RepricingBody,
): Promise<void> {
  await connection.run(
    "UPDATE repricings SET status = ?, body = ? WHERE organization_id = ? AND id = ?",
    status,
    JSON.stringify(body),
    row.organization_id,
    row.id,
  );
}
