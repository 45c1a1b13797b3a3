import type { OperationId } from "./operations.ts";

/** Request bodies worth trying as they stand, by operation. A test parses each one with the operation's own schema. */
export const requestExamples: { readonly [Id in OperationId]?: unknown } = {
  "usage.create": {
    id: "0199a1f2-7c3e-7b52-9d1e-3f6a5b7c8d90",
    provider: "openai",
    model: "gpt-4o",
    input_tokens: 1_200,
    cached_tokens: 1_024,
    output_tokens: 300,
    project_id: "support-assistant",
    tags: { team: "support" },
    occurred_at: "2026-01-31T12:00:00Z",
  },
  "usage.batchCreate": [
    { provider: "openai", model: "gpt-4o", input_tokens: 1_000, output_tokens: 500 },
    {
      provider: "anthropic",
      model: "claude-sonnet-4-5",
      usage: { input_tokens: 12, cache_read_input_tokens: 4_000, cache_creation_input_tokens: 0, output_tokens: 220 },
    },
  ],
  "costs.create": { model: "gpt-4", tokens_used: 1_500, cost: "0.045", user_id: "user-7" },
  "costs.bulkCreate": [{ model: "gpt-4", tokens_used: 1_500, cost: "0.045" }],
  "costs.update": { tags: { team: "search" } },
  "costs.batchQuery": { filters: [{ user_id: "user-7", days: 30 }], group_by: ["model"] },
  "pricing.create": {
    provider: "openai",
    model: "gpt-4o",
    input_price_per_million: "2.50",
    output_price_per_million: "10",
    cached_input_discount: 0.5,
    effective_date: "2026-01-01",
  },
  "pricing.update": {
    input_price_per_million: "2.25",
    output_price_per_million: "9",
    effective_date: "2026-02-01",
  },
  "providers.create": { id: "in-house", name: "Our own cluster" },
  "aliases.create": { provider: "azure", alias: "chat-production", model: "gpt-4o" },
  "catalogue.preview": { source: "bundled" },
  "repricings.create": { start_date: "2026-01-01", end_date: "2026-01-31", reason: "Negotiated prices arrived late." },
  "exports.create": { format: "csv", range: "last-30-days", include_fields: ["provider", "model", "cost", "tokens"] },
  "organizations.create": { name: "Acme Corp", isolation: "strict", settings: { budget_limit: "10000" } },
  "organizations.update": { name: "Acme Corporation" },
  "apiKeys.create": { name: "continuous-integration", scopes: ["usage:write"], project_id: "checkout" },
  "apiKeys.rotate": { overlap_seconds: 3600 },
};
