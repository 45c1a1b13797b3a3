/** The tier whose rates a price version lists without a `serviceTier`. */
export const standardTier = "standard";

/** Tier names as they appear in responses, usage reports and OpenTelemetry attributes, in lower snake case. */
const tierNames: ReadonlyMap<string, string> = new Map([
  ["", standardTier],
  ["standard", standardTier],
  ["default", standardTier],
  ["auto", standardTier],
  ["standard_only", standardTier],
  ["on_demand", standardTier],
  ["ondemand", standardTier],
  ["unspecified", standardTier],
  ["traffic_type_unspecified", standardTier],
  ["service_tier_unspecified", standardTier],
  ["service_tier_standard", standardTier],
  ["batch", "batch"],
  ["batches", "batch"],
  ["batch_api", "batch"],
  ["on_demand_batch", "batch"],
  ["flex", "flex"],
  ["on_demand_flex", "flex"],
  ["service_tier_flex", "flex"],
  ["priority", "priority"],
  ["on_demand_priority", "priority"],
  ["service_tier_priority", "priority"],
  ["provisioned", "provisioned"],
  ["provisioned_throughput", "provisioned"],
  ["ptu", "provisioned"],
]);

/** Words that mean a tier at one provider only: Azure names the kind of deployment. Keyed by canonical provider id. */
const providerTierNames: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    "azure",
    new Map([
      ["globalstandard", standardTier],
      ["datazonestandard", standardTier],
      ["globalbatch", "batch"],
      ["datazonebatch", "batch"],
      ["provisionedmanaged", "provisioned"],
      ["globalprovisionedmanaged", "provisioned"],
      ["datazoneprovisionedmanaged", "provisioned"],
    ]),
  ],
]);

/**
 * The tier that served a call, in one vocabulary: `standard`, `batch`, `flex`, `priority`, `provisioned`, or the
 * provider's own word in lower snake case where it means none of these (`scale`, `reserved`). Absent means standard.
 * `provider` is a canonical id (see `canonicalProvider`).
 *
 * @example normalizeServiceTier("google", "ON_DEMAND_PRIORITY") // "priority"
 */
export function normalizeServiceTier(provider: string, name: string | undefined): string {
  if (name === undefined) return standardTier;
  const key = name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, "_");
  return providerTierNames.get(provider)?.get(key) ?? tierNames.get(key) ?? key;
}
