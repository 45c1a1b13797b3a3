import type { SettlementInput, UsageRecord, Warning } from "@llm-cost-ops/contract";
import { normalizeServiceTier, readProviderResponse, usageFlavors } from "@llm-cost-ops/core";
import type { Caller } from "../http/route.ts";
import { commonScope, type RecordScope } from "../identity/record-scope.ts";
import { invariant, Refusal } from "../refusal.ts";
import type { Store } from "../store/operation.ts";
import type { Ledger } from "../usage/ledger.ts";
import { getUsage } from "../usage/operations.sql.ts";
import { unknownName } from "../usage/record-row.ts";
import type { ReservationFacts } from "./reservation-ids.ts";

interface SettlementParts {
  readonly ledger: Ledger;
  readonly store: Store;
  readonly caller: Caller;
  readonly facts: ReservationFacts;
  /** Of the record that is made. */
  readonly recordId: string;
  readonly input: SettlementInput;
}

/** The record that settles a reservation, which is on disk when this resolves. Sent again, it is the one of the first time. */
export async function recordSettlement(
  parts: SettlementParts,
): Promise<{ readonly record: UsageRecord; readonly warnings: readonly Warning[] }> {
  const { store, caller, input } = parts;
  if (input.record_id !== undefined) {
    const { organizationId } = caller;
    const within = recordsToRead(caller);
    return { record: await store.run(getUsage, { organizationId, id: input.record_id, within }), warnings: [] };
  }
  return input.cost === undefined
    ? append(parts, "usage", { ...labelsFor(parts.facts, input.usage ?? {}), ...defined(input.usage ?? {}) })
    : append(parts, "cost", {
        ...labelsFor(parts.facts, {}),
        ...(parts.facts.currency !== null && { currency: parts.facts.currency }),
        ...defined(input.cost),
      });
}

/** The answer shows the record that is named, so this is for those who may read it. */
function recordsToRead({ permissions, records, scopes }: Caller): RecordScope | undefined {
  if (permissions.has("usage:read")) return commonScope(records, scopes?.get("usage:read"));
  const text = "needs the permission usage:read";
  throw new Refusal("AUTH_002", `record_id ${text}, which the credential does not have.`, {
    fieldErrors: { record_id: text },
  });
}

/** The estimate's labels where a record names none. */
function labelsFor({ labels }: ReservationFacts, given: NonNullable<SettlementInput["usage"]>): object {
  const isSaid = (...values: readonly unknown[]): boolean =>
    values.some((value) => value !== undefined && value !== null);
  return {
    ...(labels.provider !== null &&
      labels.provider !== unknownName &&
      !isSaid(given.provider) && { provider: labels.provider }),
    ...(labels.model !== null && !isSaid(given.model, given.model_id) && { model: labels.model }),
    ...(labels.projectId !== null && !isSaid(given.project_id) && { project_id: labels.projectId }),
    ...(labels.userId !== null && !isSaid(given.user_id) && { user_id: labels.userId }),
    ...(!isSaid(given.tags) && { tags: labels.tags }),
    ...(labels.serviceTier !== null &&
      !isSaid(given.service_tier) &&
      !isServedElsewhere(labels, given) && { service_tier: labels.serviceTier }),
  };
}

/** Whether a provider's usage says what tier served. Not so in a batch, whose bodies say `default`. */
function isServedElsewhere(
  { provider, serviceTier }: ReservationFacts["labels"],
  { usage, usage_format }: NonNullable<SettlementInput["usage"]>,
): boolean {
  if (usage === undefined || normalizeServiceTier(provider ?? unknownName, serviceTier ?? undefined) === "batch") {
    return false;
  }
  const flavor = usageFlavors.find((one) => one === usage_format);
  const read = readProviderResponse(usage, { ...(flavor && { flavor }), ...(provider !== null && { provider }) });
  return read?.serviceTier !== undefined;
}

async function append({ ledger, caller, recordId }: SettlementParts, entry: "usage" | "cost", record: object) {
  const sent = { ...record, id: recordId };
  const [item] = await ledger.append(caller.organizationId, {
    shape: "record",
    entry,
    bytes: new TextEncoder().encode(JSON.stringify(sent)),
    source: "api",
    requirePrice: false,
    within: caller.records,
    recordedBy: caller,
  });
  invariant(item !== undefined, "a single record has an outcome");
  if (item.error !== undefined) throw rejection(entry, item.error);
  invariant(item.record !== undefined, "a single record that was recorded is answered");
  return { record: item.record, warnings: item.warnings ?? [] };
}

/** Without what is null or absent, which would hide the estimate's labels. */
const defined = (record: object): object =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined && value !== null));

/** Fields are named as the caller sent them. */
function rejection(
  entry: "usage" | "cost",
  {
    code,
    message,
    field_errors = {},
  }: { readonly code: string; readonly message: string; readonly field_errors?: Record<string, string> | undefined },
): Refusal {
  const fields = Object.entries(field_errors).map(([field, text]) => [
    field === "" ? entry : `${entry}.${field}`,
    text,
  ]);
  return new Refusal(code as Refusal["code"], `${entry}: ${message}`, {
    ...(fields.length > 0 && { fieldErrors: Object.fromEntries(fields) as Record<string, string> }),
  });
}
