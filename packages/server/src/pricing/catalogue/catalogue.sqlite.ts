import { createHash } from "node:crypto";
import type { CatalogueDifference, CatalogueVersion } from "@llm-cost-ops/contract";
import { Refusal } from "../../refusal.ts";
import { type StoreThread, sqliteOperation } from "../../sqlite/operation.ts";
import { advancePriceBook } from "../price-lookup.sqlite.ts";
import { catalogueOrganization, isWithdrawn, type PriceVersionRow } from "../price-version-row.ts";
import { enqueueWaitingEverywhere } from "../price-waiting.sqlite.ts";
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

function newestVersion({ db }: StoreThread): CatalogueRow | undefined {
  return db
    .prepare("SELECT * FROM catalogue_versions ORDER BY created_at DESC, CAST(id AS INTEGER) DESC LIMIT 1")
    .get() as CatalogueRow | undefined;
}

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

function readStored({ db }: StoreThread): StoredCatalogue {
  const all = <Row>(sql: string): Row[] => db.prepare(sql).all(catalogueOrganization) as unknown as Row[];
  const versions = all<PriceVersionRow>(
    "SELECT * FROM price_versions WHERE organization_id = ? ORDER BY provider, model, valid_from, id",
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
    providers: new Map(
      all<{ provider: string; name: string }>("SELECT provider, name FROM providers WHERE organization_id = ?").map(
        ({ provider, name }) => [provider, name],
      ),
    ),
    models: grouped(
      all<{ provider: string; model: string; match: string | null }>(
        "SELECT provider, model, match FROM models WHERE organization_id = ?",
      ),
      "model",
      ({ match }) => ({ match }),
    ),
    aliases: grouped(
      all<{ provider: string; alias: string; model: string }>(
        "SELECT provider, alias, model FROM model_aliases WHERE organization_id = ?",
      ),
      "alias",
      ({ model }) => model,
    ),
    prices,
  };
}

function write(store: StoreThread, plan: CataloguePlan, catalogueVersion: string): void {
  const { db } = store;
  const now = store.now();
  const end = db.prepare("UPDATE price_versions SET valid_to = ? WHERE organization_id = ? AND id = ?");
  for (const { id, validToMs } of plan.ended) end.run(validToMs, catalogueOrganization, id);
  const add = db.prepare(
    `INSERT INTO price_versions (organization_id, id, provider, model, catalogue_version, currency, valid_from, valid_to, body, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  for (const { provider, model, price } of plan.added) {
    const body = canonicalBody(price);
    const name = JSON.stringify([catalogueVersion, provider, model, price.validFromMs]);
    const id = `price_${createHash("sha256").update(name).digest("hex").slice(0, 24)}`;
    const { currency, validFromMs, validToMs } = price;
    add.run(catalogueOrganization, id, provider, model, catalogueVersion, currency, validFromMs, validToMs, body, now);
  }
  const putModel = db.prepare(
    `INSERT INTO models (organization_id, provider, model, match) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET match = excluded.match`,
  );
  for (const { provider, model, match } of plan.models) putModel.run(catalogueOrganization, provider, model, match);
  const putProvider = db.prepare(
    `INSERT INTO providers (organization_id, provider, name, created_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET name = excluded.name`,
  );
  for (const { id, name } of plan.providers) putProvider.run(catalogueOrganization, id, name, now);
  const putAlias = db.prepare(
    `INSERT INTO model_aliases (organization_id, provider, alias, model, created_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET model = excluded.model`,
  );
  for (const { provider, alias, model } of plan.aliases)
    putAlias.run(catalogueOrganization, provider, alias, model, now);
}

/** A catalogue that was read, and from when its changed prices are to hold. */
export interface CatalogueArgs extends ReadCatalogue {
  readonly source: string;
  readonly effectiveMs?: number;
}

function planFor(store: StoreThread, { catalogue, effectiveMs }: CatalogueArgs): CataloguePlan {
  const newest = newestVersion(store);
  const at = effectiveMs ?? store.now();
  if (newest?.effective_from !== undefined && newest.effective_from !== null && at < newest.effective_from) {
    const date = new Date(newest.effective_from).toISOString();
    throw new Refusal(
      "CONFLICT",
      `Catalogue ${newest.id} applies from ${date}; a catalogue can only be added after it.`,
    );
  }
  return planCatalogue(readStored(store), catalogue, at);
}

/** What applying a catalogue would change. */
export const previewCatalogue = sqliteOperation<CatalogueArgs, CatalogueDifference>(
  "pricing.catalogue.preview",
  (store, args) => ({ ...planFor(store, args).difference, problems: [...args.problems] }),
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
export const applyCatalogue = sqliteOperation<CatalogueArgs, AppliedCatalogue>(
  "pricing.catalogue.apply",
  (store, args) => {
    const plan = planFor(store, args);
    const difference = { ...plan.difference, problems: [...args.problems] };
    const newest = newestVersion(store);
    if (newest !== undefined && isEmptyPlan(plan)) return { version: toWire(newest), difference };
    const row: CatalogueRow = {
      id: String(Number(newest?.id ?? "0") + 1),
      source: args.source,
      digest: digestOf(args.catalogue),
      models: args.catalogue.providers.reduce((count, { models }) => count + models.length, 0),
      effective_from: newest === undefined ? (args.effectiveMs ?? null) : (args.effectiveMs ?? store.now()),
      created_at: store.now(),
    };
    store.db
      .prepare(
        "INSERT INTO catalogue_versions (id, source, digest, models, effective_from, created_at) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .run(row.id, row.source, row.digest, row.models, row.effective_from, row.created_at);
    write(store, plan, row.id);
    advancePriceBook(store);
    enqueueWaitingEverywhere(store);
    return { version: toWire(row), difference };
  },
);

/** The catalogue versions, newest first. */
export const listCatalogueVersions = sqliteOperation<Record<never, never>, readonly CatalogueVersion[]>(
  "pricing.catalogue.versions",
  ({ db }) =>
    (
      db
        .prepare("SELECT * FROM catalogue_versions ORDER BY created_at DESC, CAST(id AS INTEGER) DESC")
        .all() as unknown as CatalogueRow[]
    ).map(toWire),
);
