import { type ProviderResponse, type Quantities, readProviderUsage, unitKinds } from "@llm-cost-ops/core";
import type { ImportedRecord } from "./import-reader.ts";
import { compact, fieldsOf, type JsonObject, nameIn, objectIn } from "./json-fields.ts";
import { externalId } from "./record-identity.ts";

/** What the surroundings of a response say about the call. */
export interface CallFacts {
  readonly id?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly occurredAtMs?: number | undefined;
  readonly project_id?: string | undefined;
  readonly user_id?: string | undefined;
  readonly service_tier?: string | undefined;
  readonly latency_ms?: number | undefined;
  readonly status?: "success" | "error" | undefined;
  readonly stream?: boolean | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly metadata?: JsonObject | undefined;
}

/**
 * The usage record of a provider's response. Its own usage object goes in untouched, to be read again by the ledger;
 * what only the body showed (calls of tools, images) goes beside it as units. The provider's own cost is kept as evidence.
 */
export function providerRecord(response: ProviderResponse, facts: CallFacts = {}): ImportedRecord {
  const id = response.responseId ?? facts.id;
  const usage = objectIn(response.rawUsage);
  const metadata = compact({
    ...facts.metadata,
    ...(response.reportedCost === undefined
      ? {}
      : { reported_cost: response.reportedCost.amount, reported_currency: response.reportedCost.currency }),
  });
  return fieldsOf<ImportedRecord>({
    id: id === undefined ? undefined : externalId(id),
    provider: nameIn(facts.provider ?? response.provider),
    model: nameIn(response.model ?? facts.model),
    project_id: facts.project_id,
    user_id: facts.user_id,
    ...(usage === undefined ? withoutUsage(response) : { usage, usage_format: response.flavor }),
    units: extraUnits(response, usage),
    usage_status: response.status === "reported" ? undefined : response.status,
    service_tier: nameIn(response.serviceTier ?? facts.service_tier),
    region: nameIn(response.region),
    occurred_at: response.occurredAtMs ?? facts.occurredAtMs,
    latency_ms: facts.latency_ms,
    status: facts.status,
    stream: facts.stream,
    tags: facts.tags,
    metadata,
  });
}

/** A call that is known to have consumed nothing, or whose body alone counts (images by the piece). */
const withoutUsage = (response: ProviderResponse): ImportedRecord =>
  Object.keys(response.quantities).length > 0 ? {} : { input_tokens: 0, output_tokens: 0 };

function extraUnits(response: ProviderResponse, usage: JsonObject | undefined): Record<string, number> | undefined {
  const counted: Quantities = usage === undefined ? {} : (readProviderUsage(response.flavor, usage)?.quantities ?? {});
  const extra = unitKinds.flatMap((kind): [string, number][] => {
    const count = response.quantities[kind] ?? 0;
    return count > (counted[kind] ?? 0) ? [[kind, count]] : [];
  });
  return extra.length === 0 ? undefined : Object.fromEntries(extra);
}
