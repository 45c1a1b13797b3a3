import type { AliasRecord, ProviderRecord } from "@llm-cost-ops/contract";
import { canonicalProvider, formatInstant } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import { type StoreThread, sqliteOperation } from "../sqlite/operation.ts";
import { advancePriceBook } from "./price-lookup.sqlite.ts";
import { catalogueOrganization } from "./price-version-row.ts";
import { enqueueWaiting } from "./price-waiting.sqlite.ts";

interface ProviderRow {
  readonly organization_id: string;
  readonly provider: string;
  readonly name: string;
  readonly models: number;
}

const sourceOf = (row: { readonly organization_id: string }): "catalogue" | "organization" =>
  row.organization_id === catalogueOrganization ? "catalogue" : "organization";

function readProvider({ db }: StoreThread, organizationId: string, provider: string): ProviderRow | undefined {
  return db
    .prepare(
      `SELECT organization_id, provider, name, 0 AS models FROM providers
       WHERE organization_id IN (?, ?) AND provider = ? ORDER BY organization_id LIMIT 1`,
    )
    .get(catalogueOrganization, organizationId, provider) as ProviderRow | undefined;
}

/** Makes the provider known to the organization, in the caller's transaction, if it is not yet. */
export function ensureProvider(store: StoreThread, organizationId: string, provider: string): void {
  if (readProvider(store, organizationId, provider) !== undefined) return;
  store.db
    .prepare("INSERT INTO providers (organization_id, provider, name, created_at) VALUES (?, ?, ?, ?)")
    .run(organizationId, provider, provider, store.now());
}

/** The providers that the organization sees, with the number of models that have a name in its price book. */
export const listProviders = sqliteOperation<{ readonly organizationId: string }, readonly ProviderRecord[]>(
  "pricing.providers.list",
  ({ db }, { organizationId }) => {
    const rows = db
      .prepare(
        `SELECT p.organization_id, p.provider, p.name,
           (SELECT count(DISTINCT model) FROM models m
            WHERE m.organization_id IN (:catalogue, :organization) AND m.provider = p.provider) AS models
         FROM providers p WHERE p.organization_id IN (:catalogue, :organization) ORDER BY p.provider`,
      )
      .all({ catalogue: catalogueOrganization, organization: organizationId }) as unknown as ProviderRow[];
    return rows.map((row) => ({ id: row.provider, name: row.name, source: sourceOf(row), models: row.models }));
  },
);

/** Adds a provider of the organization's own. A name that the book knows already is refused with CONFLICT. */
export const createProvider = sqliteOperation<
  { readonly organizationId: string; readonly id: string; readonly name: string | undefined },
  ProviderRecord
>("pricing.providers.create", (store, { organizationId, id, name }) => {
  const canonical = canonicalProvider(id);
  const known = readProvider(store, organizationId, canonical);
  if (known !== undefined) {
    const also = canonical === id ? "" : ` (as ${canonical})`;
    throw new Refusal("CONFLICT", `Provider ${id} is known already${also}.`);
  }
  store.db
    .prepare("INSERT INTO providers (organization_id, provider, name, created_at) VALUES (?, ?, ?, ?)")
    .run(organizationId, canonical, name ?? canonical, store.now());
  advancePriceBook(store);
  return { id: canonical, name: name ?? canonical, source: "organization", models: 0 };
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

export const listAliases = sqliteOperation<{ readonly organizationId: string }, readonly AliasRecord[]>(
  "pricing.aliases.list",
  ({ db }, { organizationId }) =>
    (
      db
        .prepare(
          `SELECT organization_id, provider, alias, model, created_at FROM model_aliases
           WHERE organization_id IN (?, ?) ORDER BY provider, alias, organization_id`,
        )
        .all(catalogueOrganization, organizationId) as unknown as AliasRow[]
    ).map(aliasToWire),
);

/** Names a model or deployment as another, for this organization; the same alias again points it elsewhere. */
export const putAlias = sqliteOperation<
  { readonly organizationId: string; readonly provider: string; readonly alias: string; readonly model: string },
  AliasRecord
>("pricing.aliases.put", (store, { organizationId, ...input }) => {
  const row: AliasRow = {
    organization_id: organizationId,
    provider: canonicalProvider(input.provider),
    alias: input.alias.trim().toLowerCase(),
    model: input.model.trim(),
    created_at: store.now(),
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
  store.db
    .prepare(
      `INSERT INTO model_aliases (organization_id, provider, alias, model, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET model = excluded.model, created_at = excluded.created_at`,
    )
    .run(row.organization_id, row.provider, row.alias, row.model, row.created_at);
  advancePriceBook(store);
  enqueueWaiting(store, organizationId);
  return aliasToWire(row);
});

/** Removes an alias of the organization's own. What was recorded under it keeps its cost. */
export const deleteAlias = sqliteOperation<
  { readonly organizationId: string; readonly provider: string; readonly alias: string },
  void
>("pricing.aliases.delete", (store, { organizationId, provider, alias }) => {
  const { changes } = store.db
    .prepare("DELETE FROM model_aliases WHERE organization_id = ? AND provider = ? AND alias = ?")
    .run(organizationId, canonicalProvider(provider), alias.trim().toLowerCase());
  if (changes === 0) {
    throw new Refusal("NOT_FOUND", `The organization has no alias ${alias} for ${provider}.`);
  }
  advancePriceBook(store);
});
