import { randomUUID } from "node:crypto";
import type { ApiKey, KeptQuantityLimits } from "@llm-cost-ops/contract";
import { type Permission, permissions } from "@llm-cost-ops/contract/permissions";
import { recordChange } from "../audit/audit-entries.sql.ts";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { Secret } from "../secret.ts";
import type { StoreConnection } from "../store/connection.ts";
import {
  installationChange,
  installationRead,
  installationWrite,
  type OfOrganization,
  promptRead,
  type Store,
  storeChange,
  storeRead,
} from "../store/operation.ts";
import { forgetViewsOfEndedKeys } from "../views/view-owners.sql.ts";
import { accessChanged, accessGranted, readAccessRevision } from "./access-revision.sql.ts";
import {
  type ApiKeys,
  defaultOrganization,
  type FoundKey,
  type KeyChange,
  type KeyUse,
  type NewApiKey,
} from "./api-keys.ts";
import { hashKey, makeKey, shownPart, testKeyPrefix } from "./credential.ts";
import { keyPermissions, requireRevocableKey, requireWithin } from "./key-scope.ts";
import { isScopeWithin, type RecordScope } from "./record-scope.ts";

interface KeyRow {
  readonly organization_id: string;
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly created_at: number;
  readonly last_used_at: number | null;
  readonly revoked_at: number | null;
  readonly scopes: string | null;
  readonly project_id: string | null;
  readonly expires_at: number | null;
  readonly rotated_from: string | null;
  readonly limits: string | null;
}

const columns = `organization_id, id, name, prefix, created_at, last_used_at, revoked_at, scopes, project_id, expires_at,
  rotated_from, limits`;

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** Names that this version does not know are left out: they can allow nothing here. */
function readScopes(text: string | null): readonly Permission[] | null {
  if (text === null) return null;
  const names = JSON.parse(text) as readonly string[];
  return permissions.filter((permission) => names.includes(permission));
}

const readLimits = (text: string | null): KeptQuantityLimits | null =>
  text === null ? null : (JSON.parse(text) as KeptQuantityLimits);

const environmentOf = ({ prefix }: KeyRow): ApiKey["environment"] =>
  prefix.startsWith(testKeyPrefix) ? "test" : "live";

const fromRow = (row: KeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  organization_id: row.organization_id,
  prefix: row.prefix,
  environment: environmentOf(row),
  scopes: [...keyPermissions({ scopes: readScopes(row.scopes), projectId: row.project_id })],
  project_id: row.project_id,
  limits: readLimits(row.limits),
  created_at: new Date(row.created_at).toISOString(),
  last_used_at: iso(row.last_used_at),
  expires_at: iso(row.expires_at),
  revoked_at: iso(row.revoked_at),
  rotated_from: row.rotated_from,
});

const isActive = (row: KeyRow, nowMs: number): boolean =>
  row.revoked_at === null && (row.expires_at === null || row.expires_at > nowMs);

/** A key of a project makes keys of that project alone. */
const mayWriteKeys = ({ scopes, project_id }: KeyRow): boolean =>
  project_id === null && (readScopes(scopes)?.includes("keys:write") ?? true);

interface Limited extends OfOrganization {
  readonly within: RecordScope | undefined;
}

interface NamedKey extends Limited {
  readonly id: string;
}

export interface KeyCredential {
  readonly id: string;
  readonly prefix: string;
  /** SHA-256 in hexadecimal. */
  readonly keyHash: string;
}

/** Keeps a new key, in the transaction of its caller. */
export async function insertKey(
  connection: StoreConnection,
  args: OfOrganization & { readonly key: NewApiKey; readonly credential: KeyCredential; readonly rotatedFrom?: string },
): Promise<ApiKey> {
  const { organizationId, key, credential } = args;
  const row = await connection.get<KeyRow>(
    `INSERT INTO api_keys (organization_id, id, name, prefix, key_hash, created_at, scopes, project_id, expires_at,
       rotated_from, limits)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING ${columns}`,
    organizationId,
    credential.id,
    key.name,
    credential.prefix,
    Buffer.from(credential.keyHash, "hex"),
    connection.now(),
    key.scopes === null ? null : JSON.stringify(key.scopes),
    key.projectId,
    key.expiresAtMs,
    args.rotatedFrom ?? null,
    key.limits === undefined ? null : JSON.stringify(key.limits),
  );
  await accessGranted(connection);
  return fromRow(row as KeyRow);
}

/** Keys of other projects than `within` names do not exist for whoever is limited to these. */
const isVisible = ({ project_id }: KeyRow, within: RecordScope | undefined): boolean =>
  isScopeWithin(project_id === null ? undefined : { projects: [project_id] }, within);

async function getKey(connection: StoreConnection, { organizationId, id, within }: NamedKey): Promise<KeyRow> {
  const row = await connection.get<KeyRow>(
    `SELECT ${columns} FROM api_keys WHERE organization_id = ? AND id = ?`,
    organizationId,
    id,
  );
  if (row === undefined || !isVisible(row, within)) {
    throw new Refusal("NOT_FOUND", "There is no API key with this id.");
  }
  return row;
}

const keyResource = (id: string) => ({ type: "api_key", id });

/** Keeps a new key and tells of it. */
async function createKey(connection: StoreConnection, args: Parameters<typeof insertKey>[1]): Promise<ApiKey> {
  const made = await insertKey(connection, args);
  const { organizationId } = args;
  await recordChange(connection, {
    organizationId,
    action: "apiKeys.create",
    resource: keyResource(made.id),
    after: made,
  });
  return made;
}

const createApiKey = storeChange("apiKeys.create", createKey);

const selectKeys = (connection: StoreConnection, organizationId: string) =>
  connection.all<KeyRow>(
    `SELECT ${columns} FROM api_keys WHERE organization_id = ? ORDER BY created_at DESC, id`,
    organizationId,
  );

const listApiKeys = storeRead("apiKeys.list", async (connection, { organizationId, within }: Limited) =>
  (await selectKeys(connection, organizationId)).filter((row) => isVisible(row, within)).map(fromRow),
);

interface Rotation extends OfOrganization {
  readonly caller: Caller;
  readonly id: string;
  readonly overlapMs: number;
  /** One for each kind of key: which one the old key is shows in the transaction. */
  readonly credentials: Readonly<Record<ApiKey["environment"], KeyCredential>>;
}

/**
 * When a key ends by what its maker said. A rotation ends it sooner, but hands its end on to the key that takes its
 * place, which may have been rotated in its turn.
 */
function givenEnd(key: KeyRow, keys: readonly KeyRow[]): number | null {
  const ends = keys.filter((one) => one.rotated_from === key.id).map((one) => givenEnd(one, keys));
  if (ends.length === 0) return key.expires_at;
  return ends.reduce((latest, end) => (latest === null || end === null ? null : Math.max(latest, end)));
}

const rotateApiKey = storeChange("apiKeys.rotate", async (connection, args: Rotation): Promise<ApiKey> => {
  const { organizationId, id } = args;
  const old = await getKey(connection, { organizationId, id, within: args.caller.records });
  const nowMs = connection.now();
  const { name, project_id: projectId } = old;
  const expiresAtMs = givenEnd(old, await selectKeys(connection, organizationId));
  const limits = readLimits(old.limits) ?? undefined;
  const key: NewApiKey = { name, scopes: readScopes(old.scopes), projectId, expiresAtMs, limits };
  // Or else whoever may write keys could get hold of one that may do everything, or for ever.
  requireWithin(args.caller, key);
  if (!isActive(old, nowMs)) throw new Refusal("CONFLICT", "The key is revoked or expired: create another one.");
  await connection.run(
    "UPDATE api_keys SET expires_at = ? WHERE organization_id = ? AND id = ?",
    Math.min(old.expires_at ?? Number.MAX_SAFE_INTEGER, nowMs + args.overlapMs),
    organizationId,
    id,
  );
  // The old one ends sooner than anybody remembers.
  await accessChanged(connection);
  const credential = args.credentials[environmentOf(old)];
  const made = await insertKey(connection, { organizationId, key, credential, rotatedFrom: id });
  await recordChange(connection, {
    organizationId,
    action: "apiKeys.rotate",
    resource: keyResource(id),
    before: fromRow(old),
    after: made,
  });
  return made;
});

interface Change extends OfOrganization {
  readonly caller: Caller;
  readonly id: string;
  readonly change: KeyChange;
}

const updateApiKey = storeChange("apiKeys.update", async (connection, args: Change): Promise<ApiKey> => {
  const { organizationId, id, caller, change } = args;
  const row = await getKey(connection, { organizationId, id, within: caller.records });
  const { name = row.name } = change;
  const limits = change.limits === undefined ? readLimits(row.limits) : change.limits;
  const { project_id: projectId, expires_at: expiresAtMs } = row;
  // Or else a key could lift its own limits.
  requireWithin(caller, { scopes: readScopes(row.scopes), projectId, expiresAtMs, limits: limits ?? undefined });
  if (!isActive(row, connection.now())) throw new Refusal("CONFLICT", "The key is revoked or expired.");
  const next: KeyRow = { ...row, name, limits: limits === null ? null : JSON.stringify(limits) };
  if (next.name === row.name && next.limits === row.limits) return fromRow(row);
  await connection.run(
    "UPDATE api_keys SET name = ?, limits = ? WHERE organization_id = ? AND id = ?",
    next.name,
    next.limits,
    organizationId,
    id,
  );
  await accessChanged(connection);
  const changed = fromRow(next);
  await recordChange(connection, {
    organizationId,
    action: "apiKeys.update",
    resource: keyResource(id),
    before: fromRow(row),
    after: changed,
  });
  return changed;
});

const revokeApiKey = storeChange(
  "apiKeys.revoke",
  async (
    connection,
    { organizationId, id, caller }: OfOrganization & { readonly id: string; readonly caller: Caller },
  ): Promise<ApiKey> => {
    const row = await getKey(connection, { organizationId, id, within: caller.records });
    requireRevocableKey(caller, { scopes: readScopes(row.scopes), projectId: row.project_id });
    if (row.revoked_at !== null) return fromRow(row);
    const nowMs = connection.now();
    const isMaker = (key: KeyRow): boolean => isActive(key, nowMs) && mayWriteKeys(key);
    if (isMaker(row)) {
      const keys = await selectKeys(connection, organizationId);
      if (!keys.some((key) => key.id !== id && isMaker(key))) {
        const message = "This is the last active key of the organization that may make keys: create another one first.";
        throw new Refusal("CONFLICT", message);
      }
    }
    await connection.run(
      "UPDATE api_keys SET revoked_at = ? WHERE organization_id = ? AND id = ?",
      nowMs,
      organizationId,
      id,
    );
    await forgetViewsOfEndedKeys(connection, organizationId);
    await accessChanged(connection);
    const revoked = fromRow({ ...row, revoked_at: nowMs });
    await recordChange(connection, {
      organizationId,
      action: "apiKeys.revoke",
      resource: keyResource(id),
      before: fromRow(row),
      after: revoked,
    });
    return revoked;
  },
);

/** Inserts a first key: a given one unless it is known, a made one only where the organization has no key at all. */
const ensureFirstApiKey = installationChange(
  "apiKeys.ensureFirst",
  async (
    connection,
    args: OfOrganization & { readonly key: NewApiKey; readonly credential: KeyCredential; readonly given: boolean },
  ): Promise<boolean> => {
    const known = args.given
      ? await connection.get("SELECT id FROM api_keys WHERE key_hash = ?", Buffer.from(args.credential.keyHash, "hex"))
      : await connection.get("SELECT id FROM api_keys WHERE organization_id = ? LIMIT 1", args.organizationId);
    if (known !== undefined) return false;
    await createKey(connection, args);
    return true;
  },
);

const findApiKey = promptRead(
  "apiKeys.find",
  async (connection, { keyHash }: { readonly keyHash: string }): Promise<FoundKey | undefined> => {
    const row = await connection.get<KeyRow>(
      `SELECT ${columns} FROM api_keys WHERE key_hash = ? AND revoked_at IS NULL`,
      Buffer.from(keyHash, "hex"),
    );
    return (
      row && {
        organizationId: row.organization_id,
        keyId: row.id,
        name: row.name,
        scopes: readScopes(row.scopes),
        projectId: row.project_id,
        expiresAtMs: row.expires_at,
        limits: readLimits(row.limits) ?? undefined,
      }
    );
  },
);

/** A read that needs nothing but a working database. */
export const apiKeyRevision = installationRead("apiKeys.revision", readAccessRevision);
const currentRevision = promptRead("apiKeys.currentRevision", readAccessRevision);

const touchApiKeys = installationWrite(
  "apiKeys.touch",
  async (connection, { uses }: { readonly uses: readonly KeyUse[] }): Promise<void> => {
    for (const { atMs, organizationId, keyId } of uses) {
      await connection.run(
        `UPDATE api_keys SET last_used_at = ?1
         WHERE organization_id = ?2 AND id = ?3 AND (last_used_at IS NULL OR last_used_at < ?1)`,
        atMs,
        organizationId,
        keyId,
      );
    }
  },
  "the use of a key is no change of it",
);

/** A new secret, and what is kept of it. `given` makes a key of a secret that is there already. */
export function newKeyCredential(
  prefix: string,
  given?: string,
): { readonly secret: string; readonly credential: KeyCredential } {
  const secret = given ?? makeKey(prefix);
  const credential = { id: `key_${randomUUID()}`, prefix: shownPart(secret, prefix), keyHash: hashKey(secret) };
  return { secret, credential };
}

/** API keys in a store. `prefix` begins the live keys that it makes. */
export function createApiKeys(store: Store, prefix: string): ApiKeys {
  const prefixes = { live: prefix, test: testKeyPrefix } as const;
  return {
    async create(organizationId, key, environment) {
      const { secret, credential } = newKeyCredential(prefixes[environment]);
      const made = await store.run(createApiKey, { organizationId, key, credential });
      return { ...made, key: secret };
    },
    list: ({ organizationId, records: within }) => store.run(listApiKeys, { organizationId, within }),
    async rotate(caller, id, overlapMs) {
      const live = newKeyCredential(prefixes.live);
      const test = newKeyCredential(prefixes.test);
      const credentials = { live: live.credential, test: test.credential };
      const { organizationId } = caller;
      const made = await store.run(rotateApiKey, { organizationId, caller, id, overlapMs, credentials });
      return { ...made, key: made.id === test.credential.id ? test.secret : live.secret };
    },
    update: (caller, id, change) =>
      store.run(updateApiKey, { organizationId: caller.organizationId, caller, id, change }),
    revoke: (caller, id) => store.run(revokeApiKey, { organizationId: caller.organizationId, id, caller }),
    async ensureFirstKey(given) {
      const { secret, credential } = newKeyCredential(prefix, given?.reveal());
      const added = await store.run(ensureFirstApiKey, {
        organizationId: defaultOrganization,
        key: { name: "administrator", scopes: null, projectId: null, expiresAtMs: null },
        credential,
        given: given !== undefined,
      });
      return added && given === undefined ? new Secret(secret) : undefined;
    },
    find: (keyHash) => store.run(findApiKey, { keyHash }),
    revision: () => store.run(currentRevision, {}),
    touch: (uses) => store.run(touchApiKeys, { uses }),
  };
}

export const apiKeyOperations = [
  createApiKey,
  listApiKeys,
  rotateApiKey,
  updateApiKey,
  revokeApiKey,
  ensureFirstApiKey,
  findApiKey,
  apiKeyRevision,
  currentRevision,
  touchApiKeys,
] as const;
