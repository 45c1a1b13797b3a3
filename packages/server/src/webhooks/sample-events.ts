import type {
  Alert,
  Budget,
  BudgetCrossing,
  CostRecord,
  Export,
  PriceRecord,
  UsageRecord,
  WebhookEventType,
} from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";

/** What a sample is about: where, which endpoint, and when, in UTC milliseconds. */
interface SampleParts {
  readonly organizationId: string;
  readonly webhookId: string;
  readonly nowMs: number;
}

const hourMs = 3_600_000;

/** `data` of an event as a receiver would get it, made up: for somebody who wants to see what their receiver does with it. */
export function sampleData(type: WebhookEventType, { organizationId, webhookId, nowMs }: SampleParts): unknown {
  const now = formatInstant(nowMs);
  const counts = {
    input_tokens: 1_000,
    output_tokens: 500,
    cached_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
  };
  const call = {
    id: "sample-call",
    organization_id: organizationId,
    project_id: "sample-project",
    user_id: null,
    api_key_id: null,
    provider: "openai",
    model: "gpt-4o",
    resolved_model: "gpt-4o",
    service_tier: "standard",
    region: null,
    occurred_at: now,
    total_cost: "0.0075",
    cache_savings: "0",
    currency: "USD",
    cost_status: "priced",
    usage_status: "reported",
    unpriced_reason: null,
    price_version: "sample-price",
    tags: { sample: "true" },
    metadata: {},
    ...counts,
  } as const;
  const usage: UsageRecord = {
    ...call,
    received_at: now,
    total_tokens: 1_500,
    quantities: { input: 1_000, output: 500, request: 1 },
    latency_ms: 820,
    status: "success",
    stream: false,
    source: "api",
  };
  const cost: CostRecord = {
    ...call,
    usage_id: call.id,
    created_at: now,
    updated_at: now,
    tokens_used: 1_500,
    corrected: false,
  };
  const period = { from: formatInstant(nowMs - (nowMs % hourMs) - 24 * hourMs), to: null };
  const budget: Budget = {
    id: "sample-budget",
    organization_id: organizationId,
    name: "Sample",
    description: "",
    amount: "100",
    currency: "USD",
    tokens: null,
    period: { kind: "month" },
    per: null,
    parent_id: null,
    scope: {},
    thresholds: [50, 75, 90, 100],
    enforcement: "soft",
    at_limit: null,
    when_store_is_away: null,
    unpriced: null,
    set_by: "organization",
    created_at: now,
    updated_at: now,
  };
  const alert: Alert = {
    id: "sample-alert",
    organization_id: organizationId,
    rule_id: "sample-rule",
    rule_name: "Sample",
    kind: "budget",
    severity: "warning",
    state: "open",
    title: "Sample has used 75 % of its amount",
    text: "A sample: nothing was spent.",
    details: [{ label: "Spent", value: "75 USD" }],
    budget_id: budget.id,
    budget_name: budget.name,
    threshold: "75",
    value: "75",
    period,
    opened_at: now,
    acknowledged_at: null,
    escalated_at: null,
    resolved_at: null,
    resolved_because: null,
    history: [{ step: "triggered", at: now, by: null, note: null }],
  };
  const price: PriceRecord = {
    id: "sample-price",
    provider: "openai",
    model: "gpt-4o",
    source: "organization",
    catalogue_version: null,
    currency: "USD",
    effective_date: now,
    end_date: null,
    active: true,
    tier_mode: "whole_request",
    context_basis: "all_input",
    input_price_per_million: "2.5",
    output_price_per_million: "10",
    rates: [],
    multipliers: [],
    created_at: now,
  };
  const download: Export = {
    id: "sample-export",
    format: "csv",
    status: "ready",
    created_at: now,
    range: { start: formatInstant(nowMs - 24 * hourMs), end: now, timezone: "UTC" },
    include_fields: null,
    group_by: null,
    download_url: "/api/v1/exports/sample-export/download",
  };
  const crossed = (threshold: number): BudgetCrossing => ({
    budget_id: budget.id,
    name: budget.name,
    per: null,
    value: null,
    unit: "money",
    currency: "USD",
    period: { kind: "month", ...period },
    threshold,
    amount: "100",
    spent: String(threshold),
    utilization: String(threshold),
    as_of: now,
  });
  const samples: Readonly<Record<WebhookEventType, unknown>> = {
    "webhook.test": { webhook_id: webhookId },
    "webhook.disabled": {
      webhook_id: "sample-webhook",
      host: "hooks.example.com",
      description: "",
      disabled_reason: "failing",
      failing_since: formatInstant(nowMs - 120 * hourMs),
    },
    "usage.created": usage,
    "cost.created": cost,
    "cost.updated": { ...cost, corrected: true, cost_status: "void", total_cost: "0" } satisfies CostRecord,
    "pricing.updated": price,
    "export.completed": download,
    "budget.created": budget,
    "budget.updated": budget,
    "budget.deleted": budget,
    "budget.threshold_exceeded": crossed(75),
    "budget.exceeded": crossed(100),
    "alert.triggered": alert,
    "alert.acknowledged": { ...alert, state: "acknowledged", acknowledged_at: now } satisfies Alert,
    "alert.escalated": { ...alert, escalated_at: now } satisfies Alert,
    "alert.resolved": { ...alert, state: "resolved", resolved_at: now, resolved_because: "by_hand" } satisfies Alert,
  };
  return samples[type];
}
