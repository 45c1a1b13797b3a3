import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { Refusal } from "../refusal.ts";
import { type SealingKey, seal, unseal } from "../seal.ts";
import type { Secret } from "../secret.ts";
import type { Store } from "../store/operation.ts";
import { type AuditEvent, type ChainHead, recordEvent } from "./audit-entries.sql.ts";
import { type Checkpoint, isSigned, signCheckpoint } from "./checkpoint.ts";
import {
  keepCheckpoint,
  keepSigningKey,
  readSigningKey,
  readTrailHead,
  type StoredSigningKey,
  sealSigningKey,
} from "./checkpoints.sql.ts";
import { noHash } from "./entry.ts";
import { checkEntries, type TrailProblem } from "./verify.sql.ts";

/** What an organization's trail is found to be. */
export interface TrailCheck {
  readonly entries: number;
  /** The last entry that fits. */
  readonly head: ChainHead;
  /** How many checkpoints agree, the one from outside among them. */
  readonly checkpoints: number;
  /** The first entry that does not fit; null where all do. */
  readonly problem: (TrailProblem & { readonly isOfOutside: boolean }) | null;
}

/** The audit trail beside the entries themselves: events that change nothing, checkpoints, and the check of it all. */
export interface AuditTrail {
  /** Leaves an entry for what has no transaction of its own, such as a refused sign-in. */
  record(event: AuditEvent): Promise<void>;
  /** Signs what the trail is now and keeps that. Refuses with CONFLICT where the signing key cannot be opened. */
  checkpoint(organizationId: string): Promise<Checkpoint>;
  /** Reads the whole trail again, page by page; `outside` is a checkpoint that was kept elsewhere. */
  verify(organizationId: string, outside?: Checkpoint): Promise<TrailCheck>;
}

const entriesPerRead = 500;
const sealingFor = (secretKey: Secret | undefined): SealingKey | undefined =>
  secretKey && { secret: secretKey.reveal(), purpose: "audit signing key" };

const openedKey = (key: StoredSigningKey, sealing: SealingKey | undefined): Uint8Array | undefined =>
  key.isSealed ? sealing && unseal(key.privateKey, sealing) : key.privateKey;

const whyShut = (sealing: SealingKey | undefined): string =>
  `The key that signs checkpoints is sealed and cannot be opened: COST_OPS_SECRET_KEY is ${sealing ? "another one" : "not set"}.`;

/** Why the key that signs checkpoints cannot be used with this secret key, as a sentence; undefined where it can. */
export function signingKeyProblem(key: StoredSigningKey, secretKey: Secret | undefined): string | undefined {
  const sealing = sealingFor(secretKey);
  return openedKey(key, sealing) === undefined ? whyShut(sealing) : undefined;
}

export function createAuditTrail(parts: {
  readonly store: Store;
  /** What the private key is sealed with; without it the key lies open in the database. */
  readonly secretKey: Secret | undefined;
  /** UTC milliseconds. */
  readonly now: () => number;
}): AuditTrail {
  const { store, secretKey, now } = parts;
  const sealing = sealingFor(secretKey);

  const ensureKey = async (): Promise<StoredSigningKey> => {
    const known = await store.run(readSigningKey, {});
    if (known !== undefined) return known;
    const made = generateKeyPairSync("ed25519");
    const open = made.privateKey.export({ format: "der", type: "pkcs8" });
    return store.run(keepSigningKey, {
      publicKey: made.publicKey.export({ format: "der", type: "spki" }),
      privateKey: sealing === undefined ? open : seal(open, sealing),
      isSealed: sealing !== undefined,
    });
  };

  /** Opens the private key; one that lies open is sealed as soon as there is something to seal it with. */
  const openKey = async (key: StoredSigningKey): Promise<KeyObject> => {
    const der = openedKey(key, sealing);
    if (der === undefined) throw new Refusal("CONFLICT", whyShut(sealing));
    if (!key.isSealed && sealing !== undefined) {
      await store.run(sealSigningKey, { ...key, privateKey: seal(der, sealing), isSealed: true });
    }
    return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  };

  return {
    record: (event) => store.run(recordEvent, event),

    async checkpoint(organizationId) {
      const key = await ensureKey();
      const privateKey = await openKey(key);
      const head = await store.run(readTrailHead, { organizationId });
      const { publicKey } = key;
      const checkpoint = signCheckpoint({ organizationId, ...head, atMs: now(), publicKey }, privateKey);
      await store.run(keepCheckpoint, { organizationId, checkpoint });
      return checkpoint;
    },

    async verify(organizationId, outside) {
      const key = await store.run(readSigningKey, {});
      const publicKey = key?.publicKey ?? null;
      // What proves nothing is told in the end: the trail itself may have a problem that comes first.
      const doubt = outside && outsideProblem(outside, organizationId, publicKey);
      const trusted = doubt === undefined ? (outside ?? null) : null;
      let head: ChainHead = { seq: 0, hash: noHash };
      let entries = 0;
      let checkpoints = 0;
      for (;;) {
        const page = await store.run(checkEntries, {
          organizationId,
          behind: head,
          limit: entriesPerRead,
          outside: trusted,
          publicKey,
        });
        entries += page.entries;
        checkpoints += page.checkpoints;
        head = page.head;
        if (page.problem !== null) {
          const isOfOutside = page.problem.seq === trusted?.seq && page.problem.kind === "rewritten";
          return { entries, head, checkpoints, problem: { ...page.problem, isOfOutside } };
        }
        if (page.isEnd) {
          return { entries, head, checkpoints, problem: doubt === undefined ? null : { ...doubt, isOfOutside: true } };
        }
      }
    },
  };
}

/** Why a checkpoint from outside proves nothing. Refuses one of another organization, which is a mistake of the asker. */
function outsideProblem(
  outside: Checkpoint,
  organizationId: string,
  publicKey: Uint8Array | null,
): TrailProblem | undefined {
  if (outside.organizationId !== organizationId) {
    throw new Refusal("VALIDATION_ERROR", "The checkpoint is of another organization.", {
      fieldErrors: { checkpoint: "is of another organization" },
    });
  }
  if (!isSigned(outside)) return { kind: "forged", seq: outside.seq };
  if (publicKey === null || Buffer.compare(outside.publicKey, publicKey) !== 0) {
    return { kind: "foreign_key", seq: outside.seq };
  }
  return undefined;
}
