export * from "./budgets/budget-period.ts";
export * from "./budgets/budget-status.ts";
export * from "./budgets/budget-thresholds.ts";
export { InvalidBudget } from "./budgets/invalid-budget.ts";
export * from "./budgets/reservation-model.ts";
export * from "./money/allocate-exactly.ts";
export * from "./money/money.ts";
export * from "./money/money-for-people.ts";
export * from "./pricing/cache-savings.ts";
export { type CompiledPrice, compilePriceVersion } from "./pricing/compile-price.ts";
export * from "./pricing/explain-cost.ts";
export { modelNameCharsMax, unsafePatternReason } from "./pricing/match-clause.ts";
export * from "./pricing/model-resolution.ts";
export { InvalidPriceVersion } from "./pricing/parse-price-version.ts";
export * from "./pricing/price-version.ts";
export * from "./pricing/provider-names.ts";
export * from "./pricing/rate-usage.ts";
export * from "./pricing/rated-cost.ts";
export * from "./pricing/resolve-model.ts";
export * from "./pricing/resolve-price.ts";
export * from "./pricing/service-tier.ts";
export * from "./time/calendar.ts";
export { formatInstant, parseInstant } from "./time/instant.ts";
export * from "./time/ranges.ts";
export * from "./time/week-hours.ts";
export { decomposeCounts } from "./usage/decompose-usage.ts";
export { readProviderUsage } from "./usage/providers/usage-shapes.ts";
export { type ResponseHints, readProviderResponse } from "./usage/read-provider-response.ts";
export {
  createStreamReader,
  readStreamTranscript,
  type StreamReader,
  type StreamReading,
} from "./usage/read-stream-transcript.ts";
export * from "./usage/usage-flavors.ts";
export * from "./usage/usage-kinds.ts";
