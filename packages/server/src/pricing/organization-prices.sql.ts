import { randomUUID } from "node:crypto";
import type { PriceRecord, PricingInput, PricingUpdate } from "@llm-cost-ops/contract";
import { canonicalProvider, compilePriceVersion, formatInstant, InvalidPriceVersion } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, storeChange } from "../store/operation.ts";
import { emitEvent } from "../webhooks/outbox.sql.ts";
import { canonicalBody } from "./catalogue/catalogue.ts";
import { advancePriceBook, enqueueWaiting } from "./price-changes.sql.ts";
import { endOf, startOf } from "./price-dates.ts";
import { priceBody } from "./price-input.ts";
import { priceToWire } from "./price-record.ts";
import {
  bodyOf,
  catalogueOrganization,
  isWithdrawn,
  type PriceBody,
  type PriceVersionRow,
  priceVersionFromRow,
} from "./price-version-row.ts";
import { ensureProvider } from "./providers.sql.ts";

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
export async function readVersion(
  connection: StoreConnection,
  organizationId: string,
  id: string,
): Promise<PriceVersionRow> {
  const row = await connection.get<PriceVersionRow>(
    "SELECT * FROM price_versions WHERE organization_id IN (?, ?) AND id = ?",
    organizationId,
    catalogueOrganization,
    id,
  );
  if (row === undefined) throw new Refusal("NOT_FOUND", `There is no price ${id}.`);
  return row;
}

async function readOwnVersion(
  connection: StoreConnection,
  organizationId: string,
  id: string,
): Promise<PriceVersionRow> {
  const row = await readVersion(connection, organizationId, id);
  if (row.organization_id === organizationId) return row;
  throw new Refusal(
    "PRICING_001",
    `Price ${id} belongs to catalogue ${row.catalogue_version}; add a price of your own, which goes before it.`,
  );
}

async function refuseOverlap(connection: StoreConnection, row: PriceVersionRow, except?: string): Promise<void> {
  const others = await connection.all<PriceVersionRow>(
    "SELECT * FROM price_versions WHERE organization_id = ? AND provider = ? AND model = ? AND id <> ?",
    row.organization_id,
    row.provider,
    row.model,
    except ?? "",
  );
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

/** Refuses a version that could not be used for rating, naming the field as the caller wrote it, in the caller's order. */
function refuseUnusable(row: PriceVersionRow, body: PriceBody): void {
  if (row.valid_from !== null && row.valid_to !== null && row.valid_to <= row.valid_from) {
    throw new Refusal("VALIDATION_ERROR", "The price would end before it begins.", {
      fieldErrors: { end_date: "must be after effective_date" },
    });
  }
  try {
    compilePriceVersion({ ...priceVersionFromRow(row), ...body });
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

async function insert(connection: StoreConnection, row: PriceVersionRow): Promise<void> {
  await connection.run(
    `INSERT INTO price_versions (organization_id, id, provider, model, catalogue_version, currency, valid_from, valid_to, body, created_at)
     VALUES (?, ?, ?, ?, NULL, ?, ?, ?, ?, ?)`,
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

async function endAt(connection: StoreConnection, organizationId: string, id: string, toMs: number): Promise<void> {
  await connection.run(
    "UPDATE price_versions SET valid_to = ? WHERE organization_id = ? AND id = ?",
    toMs,
    organizationId,
    id,
  );
}

async function changed(
  connection: StoreConnection,
  action: string,
  row: PriceVersionRow,
  old?: PriceVersionRow,
): Promise<void> {
  const nowMs = connection.now();
  await advancePriceBook(connection);
  await enqueueWaiting(connection, row.organization_id);
  await recordChange(connection, {
    organizationId: row.organization_id,
    action,
    resource: { type: "price", id: row.id },
    ...(old === undefined ? {} : { before: priceToWire(old, nowMs) }),
    after: priceToWire(row, nowMs),
  });
  await emitEvent(connection, {
    organizationId: row.organization_id,
    type: "pricing.updated",
    data: priceToWire(row, nowMs),
  });
}

const newId = (): string => `price_${randomUUID().replaceAll("-", "")}`;

/** The name as the book already writes it, so that case never makes two models of one. */
async function modelName(
  connection: StoreConnection,
  organizationId: string,
  provider: string,
  name: string,
): Promise<string> {
  const trimmed = name.trim();
  if (trimmed === "") {
    throw new Refusal("VALIDATION_ERROR", "The model has no name.", { fieldErrors: { model: "must not be blank" } });
  }
  const known = await connection.get<{ readonly model: string }>(
    `SELECT model FROM models WHERE organization_id IN (?, ?) AND provider = ? AND lower(model) = lower(?)
     ORDER BY organization_id, model LIMIT 1`,
    catalogueOrganization,
    organizationId,
    provider,
    trimmed,
  );
  return known?.model ?? trimmed;
}

/** Adds a price of the organization's own. Refuses one that overlaps another of the same model with PRICING_001. */
export const createPrice = storeChange<OfOrganization & { readonly input: PricingInput }, PriceRecord>(
  "pricing.create",
  async (connection, { organizationId, input }) => {
    const provider = canonicalProvider(input.provider);
    const model = await modelName(connection, organizationId, provider, input.model);
    const body = priceBody(input);
    const row: PriceVersionRow = {
      organization_id: organizationId,
      id: newId(),
      provider,
      model,
      catalogue_version: null,
      currency: input.currency ?? "USD",
      valid_from: input.effective_date === undefined ? null : startOf(input.effective_date, "effective_date"),
      valid_to: input.end_date === undefined ? null : endOf(input.end_date, "end_date"),
      body: canonicalBody(body),
      created_at: connection.now(),
    };
    refuseUnusable(row, body);
    await refuseOverlap(connection, row);
    await ensureProvider(connection, organizationId, provider);
    await connection.run(
      `INSERT INTO models (organization_id, provider, model, match) VALUES (?, ?, ?, NULL)
     ON CONFLICT (organization_id, provider, model) DO NOTHING`,
      organizationId,
      provider,
      model,
    );
    await insert(connection, row);
    await changed(connection, "pricing.create", row);
    return priceToWire(row, connection.now());
  },
);

type Change<Input> = OfOrganization & { readonly id: string; readonly input: Input };

/**
 * Appends a version that holds from `effective_date` on; the version before ends there and stays on record. At its own
 * first instant the new version takes the place of the old one, which then never held.
 */
export const updatePrice = storeChange<Change<PricingUpdate>, PriceRecord>(
  "pricing.update",
  async (connection, { organizationId, id, input }) => {
    const old = await readOwnVersion(connection, organizationId, id);
    const effectiveMs = startOf(input.effective_date, "effective_date");
    if (isWithdrawn(old) || effectiveMs < startMs(validityOf(old)) || effectiveMs >= endMs(validityOf(old))) {
      throw new Refusal(
        "PRICING_001",
        `Price ${id} holds ${isWithdrawn(old) ? "at no time, as it was replaced" : sayValidity(validityOf(old))}, so it cannot change at ${formatInstant(effectiveMs)}.`,
        { details: { price_id: id } },
      );
    }
    const body = priceBody(input, bodyOf(old));
    const row: PriceVersionRow = {
      ...old,
      id: newId(),
      currency: input.currency ?? old.currency,
      valid_from: effectiveMs,
      valid_to: input.end_date === undefined ? old.valid_to : endOf(input.end_date, "end_date"),
      body: canonicalBody(body),
      created_at: connection.now(),
    };
    refuseUnusable(row, body);
    await refuseOverlap(connection, row, old.id);
    await endAt(connection, organizationId, id, effectiveMs);
    await insert(connection, row);
    await changed(connection, "pricing.update", row, old);
    return priceToWire(row, connection.now());
  },
);

/** Ends a price of the organization's own; from then on the catalogue's holds again, if it has one. */
export const endPrice = storeChange<Change<{ readonly end_date?: string | undefined }>, PriceRecord>(
  "pricing.end",
  async (connection, { organizationId, id, input }) => {
    const row = await readOwnVersion(connection, organizationId, id);
    const toMs = input.end_date === undefined ? connection.now() : endOf(input.end_date, "end_date");
    if (row.valid_to === toMs) return priceToWire(row, connection.now());
    if (toMs < startMs(validityOf(row)) || toMs > endMs(validityOf(row))) {
      throw new Refusal(
        "PRICING_001",
        `Price ${id} holds ${sayValidity(validityOf(row))}; it cannot end at ${formatInstant(toMs)}.`,
      );
    }
    const ended: PriceVersionRow = { ...row, valid_to: toMs };
    await endAt(connection, organizationId, id, toMs);
    await changed(connection, "pricing.end", ended, row);
    return priceToWire(ended, connection.now());
  },
);
