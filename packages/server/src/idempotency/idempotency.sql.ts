import type { StoreConnection } from "../store/connection.ts";
import { type Store, storeWrite } from "../store/operation.ts";
import {
  type Attempt,
  type Attempts,
  type Claim,
  type ClaimAnswer,
  type KeptAnswer,
  keptMs,
  leaseMs,
} from "./attempts.ts";
import { together } from "./together.ts";

/** Each claim deletes up to so many expired keys, more than it adds, so that they never pile up. */
const deletedMax = 16;

const gzipped = 1;
const sealed = 2;

interface KeyRow {
  readonly operation: string;
  readonly body_hash: Uint8Array | null;
  readonly leased_until: number;
  readonly status: number | null;
  readonly content_type: string | null;
  readonly answer: Uint8Array | null;
  readonly answer_bits: number;
  readonly created_at: number;
  readonly expires_at: number;
}

const ofRequests = "it remembers requests; what they change is told by itself";

interface Several<Item> {
  readonly organizationId: string;
  readonly items: readonly Item[];
}

export const claimKeys = storeWrite(
  "idempotency.claim",
  async (db, { items }: Several<Claim>): Promise<readonly ClaimAnswer[]> => {
    const answers: ClaimAnswer[] = [];
    for (const claim of items) answers.push(await claimKey(db, claim));
    return answers;
  },
  ofRequests,
);

async function claimKey(db: StoreConnection, claim: Claim): Promise<ClaimAnswer> {
  await deleteExpired(db, claim);
  const { organizationId, keyHash, attemptId, bodyHash, nowMs } = claim;
  const found = await db.get<KeyRow>(
    `SELECT operation, body_hash, leased_until, status, content_type, answer, answer_bits, created_at, expires_at
     FROM idempotency_keys WHERE organization_id = ? AND key_hash = ?`,
    organizationId,
    keyHash,
  );
  const isOver = found !== undefined && found.leased_until <= nowMs;
  if (found === undefined || (isOver && found.expires_at <= nowMs)) {
    await db.run(
      `INSERT INTO idempotency_keys (organization_id, key_hash, operation, body_hash, attempt_id, leased_until,
         status, content_type, answer, answer_bits, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, NULL, 0, ?, ?)
       ON CONFLICT (organization_id, key_hash) DO UPDATE SET operation = excluded.operation,
         body_hash = excluded.body_hash, attempt_id = excluded.attempt_id, leased_until = excluded.leased_until,
         status = NULL, content_type = NULL, answer = NULL, answer_bits = 0,
         created_at = excluded.created_at, expires_at = excluded.expires_at`,
      organizationId,
      keyHash,
      claim.operation,
      bodyHash,
      attemptId,
      nowMs + leaseMs,
      nowMs,
      nowMs + keptMs,
    );
    return { kind: "run" };
  }
  if (found.operation !== claim.operation || differ(found.body_hash, bodyHash)) return { kind: "other_request" };
  if (found.status !== null && found.body_hash !== null) {
    return { kind: "answered", bodyHash: found.body_hash, answer: fromRow(found, found.status) };
  }
  if (!isOver) return { kind: "in_flight", leasedUntilMs: found.leased_until };
  if (!claim.runsAgain) {
    return { kind: "unknown_outcome", startedAtMs: found.created_at, expiresAtMs: found.expires_at };
  }
  await db.run(
    `UPDATE idempotency_keys SET attempt_id = ?, leased_until = ?, body_hash = ?
     WHERE organization_id = ? AND key_hash = ?`,
    attemptId,
    nowMs + leaseMs,
    bodyHash,
    organizationId,
    keyHash,
  );
  return { kind: "run" };
}

interface Finish extends Attempt {
  readonly bodyHash: Uint8Array;
  readonly answer: KeptAnswer;
}

export const finishKeys = storeWrite(
  "idempotency.finish",
  async (db, { organizationId, items }: Several<Finish>): Promise<readonly undefined[]> => {
    for (const { keyHash, attemptId, bodyHash, answer } of items) {
      await db.run(
        `UPDATE idempotency_keys SET body_hash = ?, leased_until = 0, status = ?, content_type = ?, answer = ?,
           answer_bits = ?
         WHERE organization_id = ? AND key_hash = ? AND attempt_id = ?`,
        bodyHash,
        answer.status,
        answer.contentType,
        answer.body,
        (answer.isGzipped ? gzipped : 0) | (answer.isSealed ? sealed : 0),
        organizationId,
        keyHash,
        attemptId,
      );
    }
    return items.map(() => undefined);
  },
  ofRequests,
);

export const releaseKey = storeWrite(
  "idempotency.release",
  async (db, { organizationId, keyHash, attemptId }: Attempt): Promise<void> => {
    await db.run(
      "DELETE FROM idempotency_keys WHERE organization_id = ? AND key_hash = ? AND attempt_id = ? AND status IS NULL",
      organizationId,
      keyHash,
      attemptId,
    );
  },
  ofRequests,
);

export const renewKey = storeWrite(
  "idempotency.renew",
  async (db, { organizationId, keyHash, attemptId, nowMs }: Attempt & { nowMs: number }): Promise<void> => {
    await db.run(
      `UPDATE idempotency_keys SET leased_until = ?
       WHERE organization_id = ? AND key_hash = ? AND attempt_id = ? AND status IS NULL`,
      nowMs + leaseMs,
      organizationId,
      keyHash,
      attemptId,
    );
  },
  ofRequests,
);

export const idempotencyOperations = [claimKeys, finishKeys, releaseKey, renewKey] as const;

/** Keys in the database of the ledger. Requests at once share the commits of their claims, and those of their ends. */
export function storedAttempts(store: Store): Attempts {
  const claim = together<Claim, ClaimAnswer>((organizationId, items) =>
    store.run(claimKeys, { organizationId, items }),
  );
  const finish = together<Finish, undefined>((organizationId, items) =>
    store.run(finishKeys, { organizationId, items }),
  );
  return {
    claim,
    finish: (attempt, bodyHash, answer) => finish({ ...attempt, bodyHash, answer }),
    release: (attempt) => store.run(releaseKey, attempt),
    renew: (attempt, nowMs) => store.run(renewKey, { ...attempt, nowMs }),
  };
}

async function deleteExpired(db: StoreConnection, { organizationId, nowMs }: Claim): Promise<void> {
  await db.run(
    `DELETE FROM idempotency_keys WHERE organization_id = ?1 AND key_hash IN (
       SELECT key_hash FROM idempotency_keys
       WHERE organization_id = ?1 AND expires_at <= ?2 AND leased_until <= ?2 ORDER BY expires_at LIMIT ${deletedMax})`,
    organizationId,
    nowMs,
  );
}

const differ = (left: Uint8Array | null, right: Uint8Array | null): boolean =>
  left !== null && right !== null && Buffer.compare(left, right) !== 0;

const fromRow = (row: KeyRow, status: number): KeptAnswer => ({
  status,
  contentType: row.content_type,
  body: row.answer,
  isGzipped: (row.answer_bits & gzipped) !== 0,
  isSealed: (row.answer_bits & sealed) !== 0,
});
