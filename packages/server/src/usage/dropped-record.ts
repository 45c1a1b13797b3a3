import { formatInstant } from "@llm-cost-ops/core";
import type { PreparedRecord } from "./prepare-record.ts";
import { RejectedOutcome } from "./record-outcome.ts";
import { RejectedRecord } from "./rejected-record.ts";

/** What becomes of a record of a time of which no records are kept (USAGE_004); undefined where its time is kept. */
export function refusedAsTooOld(record: PreparedRecord, keptFromMs: number): RejectedOutcome | undefined {
  if (record.occurredAtMs >= keptFromMs) return undefined;
  const problem = `lies before ${formatInstant(keptFromMs)}, since when records are kept`;
  return new RejectedOutcome(
    record.idText,
    new RejectedRecord("USAGE_004", `occurred_at ${problem}`, { occurred_at: problem }),
  );
}

/** What becomes of a record whose id was recorded at such a time: nobody can tell any more whether it is the same call. */
export function refusedAsDropped(record: PreparedRecord, keptFromMs: number): RejectedOutcome {
  const problem = `was recorded before ${formatInstant(keptFromMs)}, since when records are kept`;
  return new RejectedOutcome(
    record.idText,
    new RejectedRecord("USAGE_004", `id ${record.idText} ${problem}`, { id: problem }),
  );
}
