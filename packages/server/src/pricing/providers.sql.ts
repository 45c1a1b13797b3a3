import type { AliasRecord, ProviderRecord } from "@llm-cost-ops/contract";
import { canonicalProvider, formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, storeChange, storeRead } from "../store/operation.ts";
import { advancePriceBook, enqueueWaiting } from "./price-changes.sql.ts";
import { catalogueOrganization } from "./price-version-row.ts";

interface ProviderRow {
  readonly organization_id: string;
  readonly provider: string;
  readonly name: string;
  readonly models: number;
}

const sourceOf = (row: { readonly organization_id: string }): "catalogue" | "organization" =>
  row.organization_id === catalogueOrganization ? "catalogue" : "organization";

async function readProvider(
  connection: StoreConnection,
  organizationId: string,
  provider: string,
): Promise<ProviderRow | undefined> {
  return await connection.get<ProviderRow>(
    `SELECT organization_id, provider, name, 0 AS models FROM providers
     WHERE organization_id IN (?, ?) AND provider = ? ORDER BY organization_id LIMIT 1`,
    catalogueOrganization,
    organizationId,
    provider,
  );
}

async function insertProvider(
  connection: StoreConnection,
  organizationId: string,
  provider: string,
  name: string,
): Promise<void> {
  await connection.run(
    "INSERT INTO providers (organization_id, provider, name, created_at) VALUES (?, ?, ?, ?)",
    organizationId,
    provider,
    name,
    connection.now(),
  );
}

/** Makes the provider known to the organization, in the caller's transaction, if it is not yet. */
export async function ensureProvider(
  connection: StoreConnection,
  organizationId: string,
  provider: string,
): Promise<void> {
  if ((await readProvider(connection, organizationId, provider)) !== undefined) return;
  await insertProvider(connection, organizationId, provider, provider);
}

/** The providers that the organization sees, with the number of models that have a name in its price book. */
export const listProviders = storeRead<OfOrganization, readonly ProviderRecord[]>(
  "pricing.providers.list",
  async (connection, { organizationId }) => {
    const rows = await connection.all<ProviderRow>(
      `SELECT p.organization_id, p.provider, p.name,
         (SELECT count(DISTINCT m.model) FROM models m
          WHERE m.organization_id IN (?1, ?2) AND m.provider = p.provider) AS models
       FROM providers p WHERE p.organization_id IN (?1, ?2) ORDER BY p.provider, p.organization_id`,
      catalogueOrganization,
      organizationId,
    );
    return rows.map((row) => ({ id: row.provider, name: row.name, source: sourceOf(row), models: row.models }));
  },
);

/** Adds a provider of the organization's own. A name that the book knows already is refused with CONFLICT. */
export const createProvider = storeChange<
  OfOrganization & { readonly id: string; readonly name: string | undefined },
  ProviderRecord
>("pricing.providers.create", async (connection, { organizationId, id, name }) => {
  const canonical = canonicalProvider(id);
  const known = await readProvider(connection, organizationId, canonical);
  if (known !== undefined) {
    const also = canonical === id ? "" : ` (as ${canonical})`;
    throw new Refusal("CONFLICT", `Provider ${id} is known already${also}.`);
  }
  await insertProvider(connection, organizationId, canonical, name ?? canonical);
  await advancePriceBook(connection);
  const made: ProviderRecord = { id: canonical, name: name ?? canonical, source: "organization", models: 0 };
  await recordChange(connection, {
    organizationId,
    action: "providers.create",
    resource: { type: "provider", id: canonical },
    after: made,
  });
  return made;
});

interface AliasRow {
  readonly organization_id: string;
  readonly provider: string;
  readonly alias: string;
  readonly model: string;
  readonly created_at: number;
}

const aliasToWire = (row: AliasRow): AliasRecord => ({
  provider: row.provider,
  alias: row.alias,
  model: row.model,
  source: sourceOf(row),
  created_at: formatInstant(row.created_at),
});

export const listAliases = storeRead<OfOrganization, readonly AliasRecord[]>(
  "pricing.aliases.list",
  async (connection, { organizationId }) => {
    const rows = await connection.all<AliasRow>(
      `SELECT organization_id, provider, alias, model, created_at FROM model_aliases
       WHERE organization_id IN (?, ?) ORDER BY provider, alias, organization_id`,
      catalogueOrganization,
      organizationId,
    );
    return rows.map(aliasToWire);
  },
);

const readOwnAlias = async (
  connection: StoreConnection,
  organizationId: string,
  provider: string,
  alias: string,
): Promise<AliasRow | undefined> =>
  connection.get<AliasRow>(
    `SELECT organization_id, provider, alias, model, created_at FROM model_aliases
     WHERE organization_id = ? AND provider = ? AND alias = ?`,
    organizationId,
    provider,
    alias,
  );

/** Names a model or deployment as another, for this organization; the same alias again points it elsewhere. */
export const putAlias = storeChange<
  OfOrganization & { readonly provider: string; readonly alias: string; readonly model: string },
  AliasRecord
>("pricing.aliases.put", async (connection, { organizationId, ...input }) => {
  const row: AliasRow = {
    organization_id: organizationId,
    provider: canonicalProvider(input.provider),
    alias: input.alias.trim().toLowerCase(),
    model: input.model.trim(),
    created_at: connection.now(),
  };
  const blank = row.alias === "" ? "alias" : row.model === "" ? "model" : undefined;
  if (blank !== undefined) {
    throw new Refusal("VALIDATION_ERROR", "The alias is not complete.", {
      fieldErrors: { [blank]: "must not be blank" },
    });
  }
  if (row.alias === row.model.toLowerCase()) {
    throw new Refusal("VALIDATION_ERROR", "The alias names itself.", {
      fieldErrors: { model: "must differ from alias" },
    });
  }
  const old = await readOwnAlias(connection, organizationId, row.provider, row.alias);
  await connection.run(
    `INSERT INTO model_aliases (organization_id, provider, alias, model, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (organization_id, provider, alias) DO UPDATE SET model = excluded.model, created_at = excluded.created_at`,
    row.organization_id,
    row.provider,
    row.alias,
    row.model,
    row.created_at,
  );
  await advancePriceBook(connection);
  await enqueueWaiting(connection, organizationId);
  await recordChange(connection, {
    organizationId,
    action: "aliases.create",
    resource: { type: "alias", id: `${row.provider}/${row.alias}` },
    ...(old === undefined ? {} : { before: aliasToWire(old) }),
    after: aliasToWire(row),
  });
  return aliasToWire(row);
});

/** Removes an alias of the organization's own. What was recorded under it keeps its cost. */
export const deleteAlias = storeChange<OfOrganization & { readonly provider: string; readonly alias: string }, void>(
  "pricing.aliases.delete",
  async (connection, { organizationId, provider, alias }) => {
    const old = await readOwnAlias(connection, organizationId, canonicalProvider(provider), alias.trim().toLowerCase());
    if (old === undefined) {
      throw new Refusal("NOT_FOUND", `The organization has no alias ${alias} for ${provider}.`);
    }
    await connection.run(
      "DELETE FROM model_aliases WHERE organization_id = ? AND provider = ? AND alias = ?",
      organizationId,
      old.provider,
      old.alias,
    );
    await advancePriceBook(connection);
    await recordChange(connection, {
      organizationId,
      action: "aliases.delete",
      resource: { type: "alias", id: `${old.provider}/${old.alias}` },
      before: aliasToWire(old),
    });
  },
);
