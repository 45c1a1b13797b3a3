import type { AuditCheckpoint, AuditEntry as WireEntry } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import type { Checkpoint } from "./checkpoint.ts";
import type { AuditEntry } from "./entry.ts";
import { hex } from "./entry.ts";
import type { TrailProblem } from "./verify.sql.ts";

const read = (text: string | null): unknown => (text === null ? null : (JSON.parse(text) as unknown));

export function toWire(entry: AuditEntry): WireEntry {
  const isUser = entry.actorKind === "user";
  return {
    organization_id: entry.organizationId,
    seq: entry.seq,
    timestamp: formatInstant(entry.atMs),
    action: entry.action,
    resource_type: entry.resourceType,
    resource_id: entry.resourceId,
    actor_kind: entry.actorKind,
    actor_id: entry.actorId,
    actor_name: entry.actorName,
    user_id: isUser ? entry.actorId : null,
    user_email: isUser ? entry.actorName : null,
    client_address: entry.clientAddress,
    user_agent: entry.userAgent,
    request_id: entry.requestId,
    outcome: entry.outcome,
    before: read(entry.before),
    after: read(entry.after),
    previous_hash: hex(entry.previousHash),
    hash: hex(entry.hash),
  };
}

/** A problem in words that say what was found and what it means. */
export function sayProblem({ kind, seq }: TrailProblem, isOfOutside: boolean): string {
  const checkpoint = isOfOutside ? "the given checkpoint" : "a checkpoint";
  switch (kind) {
    case "missing":
      return `Entry ${seq} is not there, though later ones are: it was removed.`;
    case "changed":
      return `Entry ${seq} does not have the content that it was hashed with: it was changed or moved.`;
    case "broken":
      return `Entry ${seq} does not follow the entry before it: one of the two was changed and hashed again.`;
    case "rewritten":
      return `Entry ${seq} is not the one that ${checkpoint} has seen: the trail was rewritten up to there.`;
    case "cut":
      return `Entry ${seq} is not there, though a checkpoint has seen the trail go further: its end was cut off.`;
    case "forged":
      return `The signature of ${checkpoint} of entry ${seq} is not right: it was changed after it was signed.`;
    case "foreign_key":
      return `The key of ${checkpoint} of entry ${seq} is not this installation's: it, or the key here, is not the true one.`;
    default:
      return kind satisfies never;
  }
}

const checkpointFormat = "llm-cost-ops-audit-checkpoint-1";

export const checkpointToWire = (checkpoint: Checkpoint): AuditCheckpoint => ({
  format: checkpointFormat,
  organization_id: checkpoint.organizationId,
  seq: checkpoint.seq,
  hash: hex(checkpoint.hash),
  time: new Date(checkpoint.atMs).toISOString(),
  public_key: Buffer.from(checkpoint.publicKey).toString("base64"),
  signature: Buffer.from(checkpoint.signature).toString("base64"),
});

export const checkpointFromWire = (wire: AuditCheckpoint): Checkpoint => ({
  organizationId: wire.organization_id,
  seq: wire.seq,
  hash: Buffer.from(wire.hash, "hex"),
  atMs: Date.parse(wire.time),
  publicKey: Buffer.from(wire.public_key, "base64"),
  signature: Buffer.from(wire.signature, "base64"),
});
