import { randomUUID } from "node:crypto";
import type { PriceRecord, PricingInput, PricingUpdate } from "@llm-cost-ops/contract";
import { canonicalProvider, compilePriceVersion, formatInstant, InvalidPriceVersion } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import { type StoreThread, sqliteOperation } from "../sqlite/operation.ts";
import { canonicalBody } from "./catalogue/catalogue.ts";
import { endOf, startOf } from "./price-dates.ts";
import { priceBody } from "./price-input.ts";
import { advancePriceBook } from "./price-lookup.sqlite.ts";
import { priceToWire } from "./price-record.ts";
import {
  bodyOf,
  catalogueOrganization,
  isWithdrawn,
  type PriceVersionRow,
  priceVersionFromRow,
} from "./price-version-row.ts";
import { enqueueWaiting } from "./price-waiting.sqlite.ts";
import { ensureProvider } from "./providers.sqlite.ts";

interface Validity {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

const startMs = (validity: Validity): number => validity.fromMs ?? Number.NEGATIVE_INFINITY;
const endMs = (validity: Validity): number => validity.toMs ?? Number.POSITIVE_INFINITY;
const validityOf = (row: PriceVersionRow): Validity => ({ fromMs: row.valid_from, toMs: row.valid_to });

const sayValidity = ({ fromMs, toMs }: Validity): string =>
  `${fromMs === null ? "since ever" : `from ${formatInstant(fromMs)}`}${toMs === null ? "" : ` to ${formatInstant(toMs)}`}`;

/** The version of an organization's own price, or of the catalogue's. */
export function readVersion({ db }: StoreThread, organizationId: string, id: string): PriceVersionRow {
  const row = db
    .prepare("SELECT * FROM price_versions WHERE organization_id IN (?, ?) AND id = ?")
    .get(organizationId, catalogueOrganization, id) as PriceVersionRow | undefined;
  if (row === undefined) throw new Refusal("NOT_FOUND", `There is no price ${id}.`);
  return row;
}

function readOwnVersion(store: StoreThread, organizationId: string, id: string): PriceVersionRow {
  const row = readVersion(store, organizationId, id);
  if (row.organization_id === organizationId) return row;
  throw new Refusal(
    "PRICING_001",
    `Price ${id} belongs to catalogue ${row.catalogue_version}; add a price of your own, which goes before it.`,
  );
}

function refuseOverlap({ db }: StoreThread, row: PriceVersionRow, except?: string): void {
  const others = db
    .prepare("SELECT * FROM price_versions WHERE organization_id = ? AND provider = ? AND model = ? AND id <> ?")
    .all(row.organization_id, row.provider, row.model, except ?? "") as unknown as PriceVersionRow[];
  const validity = validityOf(row);
  const other = others.find(
    (one) =>
      !isWithdrawn(one) && startMs(validity) < endMs(validityOf(one)) && startMs(validityOf(one)) < endMs(validity),
  );
  if (other === undefined) return;
  throw new Refusal(
    "PRICING_001",
    `Price ${other.id} of ${row.provider} ${row.model} already holds ${sayValidity(validityOf(other))}; update it or end it.`,
    { details: { price_id: other.id } },
  );
}

/** Refuses a version that could not be used for rating, naming the field as the caller wrote it. */
function refuseUnusable(row: PriceVersionRow): void {
  if (row.valid_from !== null && row.valid_to !== null && row.valid_to <= row.valid_from) {
    throw new Refusal("VALIDATION_ERROR", "The price would end before it begins.", {
      fieldErrors: { end_date: "must be after effective_date" },
    });
  }
  try {
    compilePriceVersion(priceVersionFromRow(row));
  } catch (error) {
    if (!(error instanceof InvalidPriceVersion)) throw error;
    const field = error.field.replace("serviceTier", "service_tier").replace("timeOfDay", "time_of_day");
    const problem = error.message
      .replace(/^Price version [^:]+: /, "")
      .replace(error.field, "")
      .trim();
    throw new Refusal("VALIDATION_ERROR", "The price cannot be used.", { fieldErrors: { [field]: problem } });
  }
}

function insert(store: StoreThread, row: PriceVersionRow): void {
  store.db
    .prepare(
      `INSERT INTO price_versions (organization_id, id, provider, model, catalogue_version, currency, valid_from, valid_to, body, created_at)
       VALUES (?, ?, ?, ?, NULL, ?, ?, ?, ?, ?)`,
    )
    .run(
      row.organization_id,
      row.id,
      row.provider,
      row.model,
      row.currency,
      row.valid_from,
      row.valid_to,
      row.body,
      row.created_at,
    );
}

function changed(store: StoreThread, organizationId: string): void {
  advancePriceBook(store);
  enqueueWaiting(store, organizationId);
}

const newId = (): string => `price_${randomUUID().replaceAll("-", "")}`;

/** The name as the book already writes it, so that case never makes two models of one. */
function modelName({ db }: StoreThread, organizationId: string, provider: string, name: string): string {
  const trimmed = name.trim();
  if (trimmed === "") {
    throw new Refusal("VALIDATION_ERROR", "The model has no name.", { fieldErrors: { model: "must not be blank" } });
  }
  const known = db
    .prepare(
      `SELECT model FROM models WHERE organization_id IN (?, ?) AND provider = ? AND lower(model) = lower(?)
       ORDER BY organization_id LIMIT 1`,
    )
    .get(catalogueOrganization, organizationId, provider, trimmed) as { model: string } | undefined;
  return known?.model ?? trimmed;
}

/** Adds a price of the organization's own. Refuses one that overlaps another of the same model with PRICING_001. */
export const createPrice = sqliteOperation<
  { readonly organizationId: string; readonly input: PricingInput },
  PriceRecord
>("pricing.create", (store, { organizationId, input }) => {
  const provider = canonicalProvider(input.provider);
  const model = modelName(store, organizationId, provider, input.model);
  const row: PriceVersionRow = {
    organization_id: organizationId,
    id: newId(),
    provider,
    model,
    catalogue_version: null,
    currency: input.currency ?? "USD",
    valid_from: input.effective_date === undefined ? null : startOf(input.effective_date, "effective_date"),
    valid_to: input.end_date === undefined ? null : endOf(input.end_date, "end_date"),
    body: canonicalBody(priceBody(input)),
    created_at: store.now(),
  };
  refuseUnusable(row);
  refuseOverlap(store, row);
  ensureProvider(store, organizationId, provider);
  store.db
    .prepare("INSERT OR IGNORE INTO models (organization_id, provider, model, match) VALUES (?, ?, ?, NULL)")
    .run(organizationId, provider, model);
  insert(store, row);
  changed(store, organizationId);
  return priceToWire(row, store.now());
});

type Change<Input> = { readonly organizationId: string; readonly id: string; readonly input: Input };

/**
 * Appends a version that holds from `effective_date` on; the version before ends there and stays on record. At its own
 * first instant the new version takes the place of the old one, which then never held.
 */
export const updatePrice = sqliteOperation<Change<PricingUpdate>, PriceRecord>(
  "pricing.update",
  (store, { organizationId, id, input }) => {
    const old = readOwnVersion(store, organizationId, id);
    const effectiveMs = startOf(input.effective_date, "effective_date");
    if (isWithdrawn(old) || effectiveMs < startMs(validityOf(old)) || effectiveMs >= endMs(validityOf(old))) {
      throw new Refusal(
        "PRICING_001",
        `Price ${id} holds ${isWithdrawn(old) ? "at no time, as it was replaced" : sayValidity(validityOf(old))}, so it cannot change at ${formatInstant(effectiveMs)}.`,
        { details: { price_id: id } },
      );
    }
    const row: PriceVersionRow = {
      ...old,
      id: newId(),
      currency: input.currency ?? old.currency,
      valid_from: effectiveMs,
      valid_to: input.end_date === undefined ? old.valid_to : endOf(input.end_date, "end_date"),
      body: canonicalBody(priceBody(input, bodyOf(old))),
      created_at: store.now(),
    };
    refuseUnusable(row);
    refuseOverlap(store, row, old.id);
    store.db
      .prepare("UPDATE price_versions SET valid_to = ? WHERE organization_id = ? AND id = ?")
      .run(effectiveMs, organizationId, id);
    insert(store, row);
    changed(store, organizationId);
    return priceToWire(row, store.now());
  },
);

/** Ends a price of the organization's own; from then on the catalogue's holds again, if it has one. */
export const endPrice = sqliteOperation<Change<{ readonly end_date?: string | undefined }>, PriceRecord>(
  "pricing.end",
  (store, { organizationId, id, input }) => {
    const row = readOwnVersion(store, organizationId, id);
    const toMs = input.end_date === undefined ? store.now() : endOf(input.end_date, "end_date");
    if (row.valid_to === toMs) return priceToWire(row, store.now());
    if (toMs < startMs(validityOf(row)) || toMs > endMs(validityOf(row))) {
      throw new Refusal(
        "PRICING_001",
        `Price ${id} holds ${sayValidity(validityOf(row))}; it cannot end at ${formatInstant(toMs)}.`,
      );
    }
    store.db
      .prepare("UPDATE price_versions SET valid_to = ? WHERE organization_id = ? AND id = ?")
      .run(toMs, organizationId, id);
    changed(store, organizationId);
    return priceToWire({ ...row, valid_to: toMs }, store.now());
  },
);
