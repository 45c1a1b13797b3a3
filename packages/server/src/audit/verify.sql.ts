import { type OfOrganization, storeRead } from "../store/operation.ts";
import { type ChainHead, readEntriesBehind } from "./audit-entries.sql.ts";
import { type Checkpoint, isSigned } from "./checkpoint.ts";
import { readCheckpoints } from "./checkpoints.sql.ts";
import { type AuditEntry, hashOf } from "./entry.ts";

/**
 * What does not fit in a trail, and at which entry first:
 * `changed` does not say any more what was hashed; `missing` is not there, though later ones are; `broken` does not
 * follow the entry before it; `cut` is not there, though a checkpoint has seen it; `rewritten` is not the one that a
 * checkpoint has seen. `forged` and `foreign_key` are checkpoints that prove nothing: not signed by their key, or by
 * another key than the installation's.
 */
export type TrailProblemKind = "changed" | "missing" | "broken" | "cut" | "rewritten" | "forged" | "foreign_key";

export interface TrailProblem {
  readonly kind: TrailProblemKind;
  readonly seq: number;
}

export interface CheckArgs extends OfOrganization {
  /** The last entry that was checked already. */
  readonly behind: ChainHead;
  readonly limit: number;
  /** A checkpoint that was kept outside, whose own signature was looked at before. */
  readonly outside: Checkpoint | null;
  /** The installation's key, if it has one yet. */
  readonly publicKey: Uint8Array | null;
}

export interface CheckedEntries {
  /** How many were read, and the last one that fits. */
  readonly entries: number;
  readonly head: ChainHead;
  readonly checkpoints: number;
  readonly isEnd: boolean;
  readonly problem: TrailProblem | null;
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

function entryProblem(entry: AuditEntry, behind: ChainHead): TrailProblem | null {
  const expected = behind.seq + 1;
  if (entry.seq !== expected) return { kind: "missing", seq: expected };
  if (!isSame(hashOf(entry), entry.hash)) return { kind: "changed", seq: entry.seq };
  return isSame(entry.previousHash, behind.hash) ? null : { kind: "broken", seq: entry.seq };
}

/**
 * Checks the entries behind one that fits, at most `limit` of them, and the checkpoints of these entries. It stops at the
 * first that does not fit. After the last entry no checkpoint may remain.
 */
export const checkEntries = storeRead<CheckArgs, CheckedEntries>("audit.check", async (connection, args) => {
  const { organizationId, limit, outside, publicKey } = args;
  const rows = await readEntriesBehind(connection, organizationId, args.behind.seq, limit);
  const isEnd = rows.length < limit;
  const last = rows.at(-1)?.seq ?? args.behind.seq;
  // A checkpoint of nothing, before the first entry, has the number 0.
  const kept = await readCheckpoints(connection, organizationId, args.behind.seq || -1, isEnd ? null : last);
  const checkpoints = [...kept, ...(outside === null ? [] : [outside])];
  let head = args.behind;
  let passed = 0;
  const result = (problem: TrailProblem | null): CheckedEntries => ({
    entries: rows.length,
    head,
    checkpoints: passed,
    isEnd,
    problem,
  });
  const checkpointProblem = (seq: number, hash: Uint8Array): TrailProblem | null => {
    for (const checkpoint of checkpoints) {
      if (checkpoint.seq !== seq) continue;
      if (checkpoint !== outside && !isSigned(checkpoint)) return { kind: "forged", seq };
      if (checkpoint !== outside && publicKey !== null && !isSame(checkpoint.publicKey, publicKey)) {
        return { kind: "foreign_key", seq };
      }
      if (!isSame(checkpoint.hash, hash)) return { kind: "rewritten", seq };
      passed += 1;
    }
    return null;
  };
  if (head.seq === 0) {
    const problem = checkpointProblem(0, head.hash);
    if (problem !== null) return result(problem);
  }
  for (const entry of rows) {
    const problem = entryProblem(entry, head) ?? checkpointProblem(entry.seq, entry.hash);
    if (problem !== null) return result(problem);
    head = { seq: entry.seq, hash: entry.hash };
  }
  const seen = isEnd && checkpoints.some(({ seq }) => seq > head.seq);
  return result(seen ? { kind: "cut", seq: head.seq + 1 } : null);
});
