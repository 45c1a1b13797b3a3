import type { StoreConnection } from "../store/connection.ts";
import { installationRead, installationWrite, type OfOrganization, storeRead, storeWrite } from "../store/operation.ts";
import { type ChainHead, readHead } from "./audit-entries.sql.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** The installation's key for checkpoints, as it is stored. */
export interface StoredSigningKey {
  readonly publicKey: Uint8Array;
  /** PKCS #8, sealed where `isSealed`. */
  readonly privateKey: Uint8Array;
  readonly isSealed: boolean;
}

interface KeyRow {
  readonly public_key: Uint8Array;
  readonly private_key: Uint8Array;
  readonly is_sealed: number;
}

const onlyKey = 1;

async function readKey(connection: StoreConnection): Promise<StoredSigningKey | undefined> {
  const row = await connection.get<KeyRow>(
    "SELECT public_key, private_key, is_sealed FROM audit_signing_key WHERE id = ?",
    onlyKey,
  );
  return row && { publicKey: row.public_key, privateKey: row.private_key, isSealed: row.is_sealed === 1 };
}

export const readSigningKey = installationRead<Record<never, never>, StoredSigningKey | undefined>(
  "audit.signingKey",
  readKey,
);

const partOfTrail = "it is a part of the audit trail itself";

/** Keeps a key where there is none yet; gives the one that holds from now on. */
export const keepSigningKey = installationWrite<StoredSigningKey, StoredSigningKey>(
  "audit.keepSigningKey",
  async (connection, key) => {
    await connection.run(
      `INSERT INTO audit_signing_key (id, public_key, private_key, is_sealed, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
      onlyKey,
      key.publicKey,
      key.privateKey,
      key.isSealed ? 1 : 0,
      connection.now(),
    );
    return (await readKey(connection)) ?? key;
  },
  partOfTrail,
);

/** Puts the sealed form of a private key in the place of the open one. */
export const sealSigningKey = installationWrite<StoredSigningKey, void>(
  "audit.sealSigningKey",
  async (connection, { publicKey, privateKey }) => {
    await connection.run(
      "UPDATE audit_signing_key SET private_key = ?, is_sealed = 1 WHERE id = ? AND public_key = ? AND is_sealed = 0",
      privateKey,
      onlyKey,
      publicKey,
    );
  },
  partOfTrail,
);

export const readTrailHead = storeRead<OfOrganization, ChainHead>("audit.head", (connection, { organizationId }) =>
  readHead(connection, organizationId),
);

/** Keeps a checkpoint, unless there is one of the same entry already. */
export const keepCheckpoint = storeWrite<OfOrganization & { readonly checkpoint: Checkpoint }, void>(
  "audit.keepCheckpoint",
  async (connection, { organizationId, checkpoint }) => {
    await connection.run(
      `INSERT INTO audit_checkpoints (organization_id, seq, hash, made_at, public_key, signature)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (organization_id, seq) DO NOTHING`,
      organizationId,
      checkpoint.seq,
      checkpoint.hash,
      checkpoint.atMs,
      checkpoint.publicKey,
      checkpoint.signature,
    );
  },
  partOfTrail,
);

/** The organizations whose trails have grown since their last checkpoint. */
export const listUnsignedTrails = installationRead<Record<never, never>, readonly string[]>(
  "audit.unsigned",
  async (connection) => {
    const rows = await connection.all<{ readonly organization_id: string }>(
      `SELECT organization_id FROM organizations
       WHERE (SELECT max(seq) FROM audit_entries WHERE audit_entries.organization_id = organizations.organization_id)
         > COALESCE((SELECT max(seq) FROM audit_checkpoints
                     WHERE audit_checkpoints.organization_id = organizations.organization_id), 0)
       ORDER BY organization_id`,
    );
    return rows.map((row) => row.organization_id);
  },
);

interface CheckpointRow {
  readonly organization_id: string;
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly made_at: number;
  readonly public_key: Uint8Array;
  readonly signature: Uint8Array;
}

/** The kept checkpoints of entries behind `after`, up to `upTo` where that is a number, in their order. */
export async function readCheckpoints(
  connection: StoreConnection,
  organizationId: string,
  after: number,
  upTo: number | null,
): Promise<readonly Checkpoint[]> {
  const rows = await connection.all<CheckpointRow>(
    `SELECT organization_id, seq, hash, made_at, public_key, signature FROM audit_checkpoints
     WHERE organization_id = ? AND seq > ? AND (CAST(? AS INTEGER) IS NULL OR seq <= ?) ORDER BY seq LIMIT 1000`,
    organizationId,
    after,
    upTo,
    upTo,
  );
  return rows.map((row) => ({
    organizationId: row.organization_id,
    seq: row.seq,
    hash: row.hash,
    atMs: row.made_at,
    publicKey: row.public_key,
    signature: row.signature,
  }));
}
