import {
  Alert,
  Budget,
  CostRecord,
  Export,
  PriceRecord,
  UsageRecord,
  type WebhookEventType,
  webhookEventMeanings,
} from "@llm-cost-ops/contract";
import { expect, test } from "vitest";
import { sampleData } from "./sample-events.ts";

const schemas: Readonly<Record<string, { readonly parse: (value: unknown) => unknown }>> = {
  "usage.created": UsageRecord,
  "cost.created": CostRecord,
  "cost.updated": CostRecord,
  "pricing.updated": PriceRecord,
  "export.completed": Export,
  "budget.created": Budget,
  "budget.updated": Budget,
  "budget.deleted": Budget,
  "alert.triggered": Alert,
  "alert.acknowledged": Alert,
  "alert.escalated": Alert,
  "alert.resolved": Alert,
};

test.each(Object.keys(webhookEventMeanings))("a sample of %s looks like the event itself", (type) => {
  const parts = { organizationId: "acme", webhookId: "wh_1", nowMs: Date.UTC(2026, 10, 21) };
  const data = sampleData(type as WebhookEventType, parts);
  expect(data).toBeTypeOf("object");
  const schema = schemas[type];
  if (schema !== undefined) expect(schema.parse(data)).toEqual(data);
});
