import type { CreateWebhookParams } from "@llm-cost-ops/sdk";

export type WebhookEventName = CreateWebhookParams["events"][number];

/** Every event by what it is about; the types see to it that none is missing. */
const eventWords = {
  "usage.created": "A call was recorded",
  "cost.created": "A cost was recorded",
  "cost.updated": "A cost was voided, priced late or repriced",
  "pricing.updated": "A price of your own was changed",
  "export.completed": "An export is ready",
  "budget.created": "A budget was made",
  "budget.updated": "A budget was changed",
  "budget.deleted": "A budget was deleted",
  "budget.threshold_exceeded": "A budget reached a threshold",
  "budget.exceeded": "A budget was used up",
  "alert.triggered": "An alert was opened",
  "alert.acknowledged": "An alert was acknowledged",
  "alert.escalated": "Nobody acknowledged an alert in time",
  "alert.resolved": "An alert was resolved",
  "webhook.disabled": "An endpoint was given up",
  "webhook.test": "A test was asked for",
} as const satisfies Record<WebhookEventName, string>;

export const webhookEvents = Object.entries(eventWords) as readonly (readonly [WebhookEventName, string])[];

/** JSON laid out to be read; anything else as it came. */
export function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
