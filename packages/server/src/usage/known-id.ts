import type { AppendArgs } from "./append-result.ts";
import { refusedAsDropped } from "./dropped-record.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import type { FingerprintedRow } from "./record-columns.ts";
import { type RecordOutcome, RejectedOutcome } from "./record-outcome.ts";
import { RejectedRecord } from "./rejected-record.ts";

/** What becomes of a record whose id is recorded already: the same call again, or refused (USAGE_002, USAGE_004). */
export function outcomeOfKnownId(
  stored: FingerprintedRow,
  record: PreparedRecord,
  args: AppendArgs,
  keptFromMs: number,
): RecordOutcome {
  // One that retention has not come to yet is as gone as the others.
  if (stored.occurred_at < keptFromMs) return refusedAsDropped(record, keptFromMs);
  if (isSameCall(stored, record, args)) return { kind: "duplicate", record, row: stored };
  const rejection = new RejectedRecord("USAGE_002", `id ${record.idText} is already recorded with other content`, {
    id: "is already recorded with other content",
  });
  return new RejectedOutcome(record.idText, rejection);
}

function isSameCall(stored: FingerprintedRow, record: PreparedRecord, { importing }: AppendArgs): boolean {
  if (stored.entry === record.entry && Buffer.compare(stored.fingerprint, record.fingerprint) === 0) return true;
  if (importing?.tolerateSameCall !== true) return false;
  const { totals } = record;
  return (
    stored.source !== record.source || (stored.input_tokens === totals.input && stored.output_tokens === totals.output)
  );
}

/** A record with which a sum would leave 64 bits (USAGE_003). */
export const refusedAsTooMuch = (record: PreparedRecord): RejectedOutcome =>
  new RejectedOutcome(
    record.idText,
    new RejectedRecord(
      "USAGE_003",
      "the record would exceed what the ledger can count exactly in one hour of one series (2^63-1)",
    ),
  );
