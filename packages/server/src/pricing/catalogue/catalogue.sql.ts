import { createHash } from "node:crypto";
import type { CatalogueDifference, CatalogueVersion } from "@llm-cost-ops/contract";
import { recordChange } from "../../audit/audit-entries.sql.ts";
import { defaultOrganization } from "../../identity/api-keys.ts";
import { Refusal } from "../../refusal.ts";
import type { StoreConnection } from "../../store/connection.ts";
import { insertRows } from "../../store/insert-rows.ts";
import { installationChange, installationRead } from "../../store/operation.ts";
import { advancePriceBook, enqueueWaitingEverywhere } from "../price-changes.sql.ts";
import { catalogueOrganization, isWithdrawn, type PriceVersionRow } from "../price-version-row.ts";
import { type Catalogue, canonicalBody, type ReadCatalogue } from "./catalogue.ts";
import {
  type CataloguePlan,
  isEmptyPlan,
  planCatalogue,
  type StoredCatalogue,
  type StoredPrice,
} from "./plan-catalogue.ts";

interface CatalogueRow {
  readonly id: string;
  readonly source: string;
  readonly digest: string;
  readonly models: number;
  readonly effective_from: number | null;
  readonly created_at: number;
}

const toWire = (row: CatalogueRow): CatalogueVersion => ({
  id: row.id,
  source: row.source,
  digest: row.digest,
  models: row.models,
  effective_date: row.effective_from === null ? null : new Date(row.effective_from).toISOString(),
  created_at: new Date(row.created_at).toISOString(),
});

const newestFirst = "SELECT * FROM catalogue_versions ORDER BY created_at DESC, CAST(id AS INTEGER) DESC";

const newestVersion = async (connection: StoreConnection): Promise<CatalogueRow | undefined> =>
  await connection.get<CatalogueRow>(`${newestFirst} LIMIT 1`);

/** The SHA-256 of what a catalogue says, independent of the order in which it says it. */
function digestOf({ providers }: Catalogue): string {
  const sorted = <T>(list: readonly T[]): T[] =>
    [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const plain = sorted(
    providers.map(({ id, name, models, aliases }) => ({
      id,
      name,
      aliases: sorted(aliases),
      models: sorted(
        models.map(({ model, match, prices }) => ({
          model,
          match: match ?? null,
          prices: prices.map((price) => [price.currency, price.validFromMs, price.validToMs, canonicalBody(price)]),
        })),
      ),
    })),
  );
  return createHash("sha256").update(JSON.stringify(plain)).digest("hex");
}

function grouped<Row extends { readonly provider: string }, Key extends keyof Row, Value>(
  rows: readonly Row[],
  key: Key,
  value: (row: Row) => Value,
): Map<string, Map<Row[Key], Value>> {
  const groups = new Map<string, Map<Row[Key], Value>>();
  for (const row of rows) {
    const group = groups.get(row.provider) ?? new Map<Row[Key], Value>();
    groups.set(row.provider, group);
    group.set(row[key], value(row));
  }
  return groups;
}

async function readStored(connection: StoreConnection): Promise<StoredCatalogue> {
  const all = async <Row>(sql: string): Promise<readonly Row[]> =>
    await connection.all<Row>(sql, catalogueOrganization);
  const versions = await all<PriceVersionRow>(
    "SELECT * FROM price_versions WHERE organization_id = ? ORDER BY provider, model, valid_from NULLS FIRST, id",
  );
  const providers = await all<{ provider: string; name: string }>(
    "SELECT provider, name FROM providers WHERE organization_id = ?",
  );
  const models = await all<{ provider: string; model: string; match: string | null }>(
    "SELECT provider, model, match FROM models WHERE organization_id = ?",
  );
  const aliases = await all<{ provider: string; alias: string; model: string }>(
    "SELECT provider, alias, model FROM model_aliases WHERE organization_id = ?",
  );
  const prices = new Map<string, Map<string, StoredPrice[]>>();
  for (const row of versions.filter((version) => !isWithdrawn(version))) {
    const ofProvider = prices.get(row.provider) ?? new Map<string, StoredPrice[]>();
    prices.set(row.provider, ofProvider);
    const list = ofProvider.get(row.model) ?? [];
    ofProvider.set(row.model, list);
    const { id, currency, valid_from: validFromMs, valid_to: validToMs, body } = row;
    list.push({ id, currency, validFromMs, validToMs, body });
  }
  return {
    providers: new Map(providers.map(({ provider, name }) => [provider, name])),
    models: grouped(models, "model", ({ match }) => ({ match })),
    aliases: grouped(aliases, "alias", ({ model }) => model),
    prices,
  };
}

async function write(connection: StoreConnection, plan: CataloguePlan, catalogueVersion: string): Promise<void> {
  const now = connection.now();
  const organization = catalogueOrganization;
  for (const { id, validToMs } of plan.ended) {
    await connection.run(
      "UPDATE price_versions SET valid_to = ? WHERE organization_id = ? AND id = ?",
      validToMs,
      organization,
      id,
    );
  }
  const prices = plan.added.map(({ provider, model, price }) => {
    const body = canonicalBody(price);
    const name = JSON.stringify([catalogueVersion, provider, model, price.validFromMs]);
    const id = `price_${createHash("sha256").update(name).digest("hex").slice(0, 24)}`;
    const { currency, validFromMs, validToMs } = price;
    return [organization, id, provider, model, catalogueVersion, currency, validFromMs, validToMs, body, now];
  });
  await insertRows(
    connection,
    "INSERT INTO price_versions (organization_id, id, provider, model, catalogue_version, currency, valid_from, valid_to, body, created_at)",
    prices,
  );
  await insertRows(
    connection,
    "INSERT INTO models (organization_id, provider, model, match)",
    plan.models.map(({ provider, model, match }) => [organization, provider, model, match]),
    "ON CONFLICT (organization_id, provider, model) DO UPDATE SET match = excluded.match",
  );
  await insertRows(
    connection,
    "INSERT INTO providers (organization_id, provider, name, created_at)",
    plan.providers.map(({ id, name }) => [organization, id, name, now]),
    "ON CONFLICT (organization_id, provider) DO UPDATE SET name = excluded.name",
  );
  await insertRows(
    connection,
    "INSERT INTO model_aliases (organization_id, provider, alias, model, created_at)",
    plan.aliases.map(({ provider, alias, model }) => [organization, provider, alias, model, now]),
    "ON CONFLICT (organization_id, provider, alias) DO UPDATE SET model = excluded.model",
  );
}

/** A catalogue that was read, and from when its changed prices are to hold. */
export interface CatalogueArgs extends ReadCatalogue {
  readonly source: string;
  readonly effectiveMs?: number;
}

async function planFor(connection: StoreConnection, { catalogue, effectiveMs }: CatalogueArgs): Promise<CataloguePlan> {
  const newest = await newestVersion(connection);
  const at = effectiveMs ?? connection.now();
  if (newest?.effective_from !== undefined && newest.effective_from !== null && at < newest.effective_from) {
    const date = new Date(newest.effective_from).toISOString();
    throw new Refusal(
      "CONFLICT",
      `Catalogue ${newest.id} applies from ${date}; a catalogue can only be added after it.`,
    );
  }
  return planCatalogue(await readStored(connection), catalogue, at);
}

/** What applying a catalogue would change. */
export const previewCatalogue = installationRead<CatalogueArgs, CatalogueDifference>(
  "pricing.catalogue.preview",
  async (connection, args) => ({ ...(await planFor(connection, args)).difference, problems: [...args.problems] }),
);

export interface AppliedCatalogue {
  readonly version: CatalogueVersion;
  readonly difference: CatalogueDifference;
}

/**
 * Applies a catalogue as a new version, and queues the pricing of what waited for a price. One that changes nothing
 * adds no version: the answer is the version that already says the same. Refuses with CONFLICT a date before that of
 * the newest version.
 */
export const applyCatalogue = installationChange<CatalogueArgs, AppliedCatalogue>(
  "pricing.catalogue.apply",
  async (connection, args) => {
    const plan = await planFor(connection, args);
    const difference = { ...plan.difference, problems: [...args.problems] };
    const newest = await newestVersion(connection);
    if (newest !== undefined && isEmptyPlan(plan)) return { version: toWire(newest), difference };
    const row: CatalogueRow = {
      id: String(Number(newest?.id ?? "0") + 1),
      source: args.source,
      digest: digestOf(args.catalogue),
      models: args.catalogue.providers.reduce((count, { models }) => count + models.length, 0),
      effective_from: newest === undefined ? (args.effectiveMs ?? null) : (args.effectiveMs ?? connection.now()),
      created_at: connection.now(),
    };
    await connection.run(
      "INSERT INTO catalogue_versions (id, source, digest, models, effective_from, created_at) VALUES (?, ?, ?, ?, ?, ?)",
      row.id,
      row.source,
      row.digest,
      row.models,
      row.effective_from,
      row.created_at,
    );
    await write(connection, plan, row.id);
    await advancePriceBook(connection);
    await enqueueWaitingEverywhere(connection);
    // The catalogue is every organization's, so the installation's own organization tells of it.
    await recordChange(connection, {
      organizationId: defaultOrganization,
      action: "catalogue.apply",
      resource: { type: "catalogue", id: row.id },
      ...(newest === undefined ? {} : { before: toWire(newest) }),
      after: toWire(row),
    });
    return { version: toWire(row), difference };
  },
);

/** The catalogue versions, newest first. */
export const listCatalogueVersions = installationRead<Record<never, never>, readonly CatalogueVersion[]>(
  "pricing.catalogue.versions",
  async (connection) => (await connection.all<CatalogueRow>(newestFirst)).map(toWire),
);
