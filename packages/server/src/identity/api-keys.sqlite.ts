import { randomUUID } from "node:crypto";
import type { ApiKey } from "@llm-cost-ops/contract";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { Secret } from "../secret.ts";
import { type SqliteThreads, type StoreThread, sqliteOperation } from "../sqlite/operation.ts";
import { type ApiKeys, defaultOrganization, type KeyUse } from "./api-keys.ts";
import { hashKey, makeKey, shownPart } from "./credential.ts";

interface KeyRow {
  readonly organization_id: string;
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly created_at: number;
  readonly last_used_at: number | null;
  readonly revoked_at: number | null;
}

const columns = "organization_id, id, name, prefix, created_at, last_used_at, revoked_at";
const revisionSetting = "api_key_revision";

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const fromRow = (row: KeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  organization_id: row.organization_id,
  prefix: row.prefix,
  created_at: new Date(row.created_at).toISOString(),
  last_used_at: iso(row.last_used_at),
  revoked_at: iso(row.revoked_at),
});

function bumpRevision({ db }: StoreThread): void {
  db.prepare("INSERT INTO settings VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1").run(
    revisionSetting,
  );
}

interface NewKey {
  readonly organizationId: string;
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly keyHash: string;
}

function insertKey(store: StoreThread, key: NewKey): ApiKey {
  const row = store.db
    .prepare(
      `INSERT INTO api_keys (organization_id, id, name, prefix, key_hash, created_at)
       VALUES (?, ?, ?, ?, ?, ?) RETURNING ${columns}`,
    )
    .get(key.organizationId, key.id, key.name, key.prefix, Buffer.from(key.keyHash, "hex"), store.now());
  bumpRevision(store);
  return fromRow(row as unknown as KeyRow);
}

const createApiKey = sqliteOperation("apiKeys.create", insertKey);

const listApiKeys = sqliteOperation("apiKeys.list", ({ db }, args: { organizationId: string }) =>
  db
    .prepare(`SELECT ${columns} FROM api_keys WHERE organization_id = ? ORDER BY created_at DESC, id`)
    .all(args.organizationId)
    .map((row) => fromRow(row as unknown as KeyRow)),
);

const revokeApiKey = sqliteOperation(
  "apiKeys.revoke",
  (store, { organizationId, id }: { organizationId: string; id: string }): ApiKey => {
    const { db } = store;
    const select = db.prepare(`SELECT ${columns} FROM api_keys WHERE organization_id = ? AND id = ?`);
    const row = select.get(organizationId, id) as unknown as KeyRow | undefined;
    if (row === undefined) throw new Refusal("NOT_FOUND", "There is no API key with this id.");
    if (row.revoked_at !== null) return fromRow(row);
    const { active } = db
      .prepare("SELECT count(*) AS active FROM api_keys WHERE organization_id = ? AND revoked_at IS NULL")
      .get(organizationId) as { active: number };
    if (active === 1) {
      throw new Refusal("CONFLICT", "This is the last active key of the organization: create another one first.");
    }
    db.prepare("UPDATE api_keys SET revoked_at = ? WHERE organization_id = ? AND id = ?").run(
      store.now(),
      organizationId,
      id,
    );
    bumpRevision(store);
    return fromRow({ ...row, revoked_at: store.now() });
  },
);

/** Inserts a first key: a given one unless it is known, a made one only where the organization has no key at all. */
const ensureFirstApiKey = sqliteOperation(
  "apiKeys.ensureFirst",
  (store, { key, given }: { key: NewKey; given: boolean }): boolean => {
    const { db } = store;
    const keyHash = Buffer.from(key.keyHash, "hex");
    const known = given
      ? db.prepare("SELECT 1 FROM api_keys WHERE key_hash = ?").get(keyHash)
      : db.prepare("SELECT 1 FROM api_keys WHERE organization_id = ? LIMIT 1").get(key.organizationId);
    if (known !== undefined) return false;
    insertKey(store, key);
    return true;
  },
);

const findApiKey = sqliteOperation("apiKeys.find", ({ db }, { keyHash }: { keyHash: string }): Caller | undefined => {
  const row = db
    .prepare("SELECT organization_id, id FROM api_keys WHERE key_hash = ? AND revoked_at IS NULL")
    .get(Buffer.from(keyHash, "hex")) as { organization_id: string; id: string } | undefined;
  return row && { organizationId: row.organization_id, keyId: row.id };
});

export const apiKeyRevision = sqliteOperation("apiKeys.revision", ({ db }, _args: Record<string, never>): number => {
  const row = db.prepare("SELECT value FROM settings WHERE key = ?").get(revisionSetting);
  return (row as { value: number } | undefined)?.value ?? 0;
});

const touchApiKeys = sqliteOperation("apiKeys.touch", ({ db }, { uses }: { uses: readonly KeyUse[] }): void => {
  const update = db.prepare(
    "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE organization_id = ? AND id = ?",
  );
  for (const use of uses) update.run(use.atMs, use.organizationId, use.keyId);
});

/** API keys on the embedded store. `prefix` begins the keys that it makes. */
export function sqliteApiKeys(threads: SqliteThreads, prefix: string): ApiKeys {
  const newKey = (organizationId: string, name: string, key: string): NewKey => ({
    organizationId,
    id: `key_${randomUUID()}`,
    name,
    prefix: shownPart(key, prefix),
    keyHash: hashKey(key),
  });
  return {
    async create(organizationId, name) {
      const key = makeKey(prefix);
      const made = await threads.write(createApiKey, newKey(organizationId, name, key));
      return { ...made, key };
    },
    list: (organizationId) => threads.read(listApiKeys, { organizationId }),
    revoke: (organizationId, id) => threads.write(revokeApiKey, { organizationId, id }),
    async ensureFirstKey(given) {
      const key = given?.reveal() ?? makeKey(prefix);
      const added = await threads.write(ensureFirstApiKey, {
        key: newKey(defaultOrganization, "administrator", key),
        given: given !== undefined,
      });
      return added && given === undefined ? new Secret(key) : undefined;
    },
    // On the writer, which is never busy for long: behind a slow question on the reader every request would wait for it.
    find: (keyHash) => threads.write(findApiKey, { keyHash }),
    revision: () => threads.write(apiKeyRevision, {}),
    touch: (uses) => threads.write(touchApiKeys, { uses }),
  };
}

export const apiKeyReads = [listApiKeys, apiKeyRevision] as const;
export const apiKeyWrites = [
  createApiKey,
  revokeApiKey,
  ensureFirstApiKey,
  touchApiKeys,
  findApiKey,
  apiKeyRevision,
] as const;
