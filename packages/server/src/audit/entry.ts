import { createHash } from "node:crypto";
import type { ActorKind } from "./actor.ts";

/** One entry of an organization's audit trail. */
export interface AuditEntry {
  readonly organizationId: string;
  /** 1 for the organization's first entry, and one more for each that follows. */
  readonly seq: number;
  /** UTC milliseconds. */
  readonly atMs: number;
  /** Such as `apiKeys.create`. */
  readonly action: string;
  readonly resourceType: string;
  readonly resourceId: string | null;
  readonly actorKind: ActorKind;
  readonly actorId: string | null;
  readonly actorName: string | null;
  readonly clientAddress: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly outcome: AuditOutcome;
  /** JSON, as it was stored. */
  readonly before: string | null;
  readonly after: string | null;
  readonly previousHash: Uint8Array;
  readonly hash: Uint8Array;
}

export type AuditOutcome = "success" | "refused";

/** What comes before an organization's first entry. */
export const noHash: Uint8Array = new Uint8Array(32);

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/**
 * The SHA-256 of everything that an entry says and of the hash before it, as a JSON list in this order. Whoever has an
 * export can compute it again with nothing but JSON and SHA-256.
 */
export function hashOf(entry: Omit<AuditEntry, "hash">): Uint8Array {
  const text = JSON.stringify([
    "llm-cost-ops audit entry 1",
    entry.organizationId,
    entry.seq,
    new Date(entry.atMs).toISOString(),
    entry.action,
    entry.resourceType,
    entry.resourceId,
    entry.actorKind,
    entry.actorId,
    entry.actorName,
    entry.clientAddress,
    entry.userAgent,
    entry.requestId,
    entry.outcome,
    entry.before,
    entry.after,
    hex(entry.previousHash),
  ]);
  return createHash("sha256").update(text).digest();
}
