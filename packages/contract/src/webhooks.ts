import { z } from "zod";
import { CursorPage, freeText, limits, someText } from "./fields.ts";

/** Every event that webhooks tell of, with what its `data` is. The one list of events: what is not here is never sent. */
export const webhookEventMeanings = {
  "webhook.test":
    "Sent by `POST /webhooks/:id/test` to that endpoint alone; `data` names it. What `event` asks for there has `test: true`.",
  "webhook.disabled":
    "Nothing is sent any more to an endpoint that failed for five days or is gone; `data` says which, and why.",
  "usage.created": "A call was recorded; `data` is the usage record.",
  "cost.created": "A cost was recorded, of a call or reported, also without a price yet; `data` is the cost record.",
  "cost.updated": "A cost was voided, priced late or repriced; `data` is the cost record as it is now.",
  "pricing.updated": "A price of the organization's own was added, changed or ended; `data` is the price.",
  "export.completed": "An export is ready to be downloaded; `data` is the export.",
  "budget.created": "`data` is the budget.",
  "budget.updated": "`data` is the budget as it is now.",
  "budget.deleted": "`data` is the budget as it was.",
  "budget.threshold_exceeded":
    "What is spent reached one of the budget's thresholds; `data` names budget, period, threshold, spent and amount.",
  "budget.exceeded": "What is spent reached the amount; `data` likewise.",
  "alert.triggered": "An alert rule opened an alert; `data` is the alert.",
  "alert.acknowledged": "`data` is the alert.",
  "alert.escalated": "Nobody acknowledged it in time; `data` is the alert.",
  "alert.resolved": "`data` is the alert.",
} as const satisfies Record<string, string>;
export type WebhookEventType = keyof typeof webhookEventMeanings;

const WebhookEventName = z.enum(Object.keys(webhookEventMeanings) as [WebhookEventType, ...WebhookEventType[]]).meta({
  description: Object.entries(webhookEventMeanings)
    .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
    .join(" "),
});
const Events = z
  .array(WebhookEventName)
  .min(1, "must name an event")
  .max(100)
  .meta({ description: "The events that are sent there." });
export const WebhookUrl = someText(limits.webhookUrlLength).meta({
  description:
    "An https address on the public internet; others need `WEBHOOK_ALLOWED_ADDRESSES`. Redirects are not followed.",
  examples: ["https://hooks.example.com/costs"],
});
const Description = freeText(2_000);
export const SigningSecret = z
  .string()
  .min(16, "must be at least 16 characters")
  .max(256, "must be at most 256 characters")
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "must not contain control characters")
  .meta({
    description:
      "`whsec_` and the base64 of 24 to 64 bytes, or any other text, whose UTF-8 is the key then. Made by the server if absent.",
  });

export const WebhookInput = z
  .strictObject({
    url: WebhookUrl,
    events: Events,
    description: Description.optional(),
    secret: SigningSecret.optional(),
    paused: z.boolean().optional(),
    lease_seconds: z.number().int().min(30).max(86_400).optional().meta({
      description: "Deletes the endpoint once nobody has asked for its deliveries for so long; never if absent.",
    }),
  })
  .meta({ id: "WebhookInput" });
export type WebhookInput = z.output<typeof WebhookInput>;

export const WebhookUpdate = z
  .strictObject({
    url: WebhookUrl.optional(),
    events: Events.optional(),
    description: Description.optional(),
    paused: z.boolean().optional().meta({
      description:
        "While an endpoint is paused its events wait, thirty days at most. `false` also takes back that it was disabled.",
    }),
  })
  .refine((update) => Object.values(update).some((value) => value !== undefined), "must change something")
  .meta({ id: "WebhookUpdate" });
export type WebhookUpdate = z.output<typeof WebhookUpdate>;

export const WebhookSecretInput = z
  .strictObject({
    secret: SigningSecret.optional(),
    overlap_seconds: z
      .number()
      .int()
      .min(0)
      .max(limits.webhookOverlapSeconds)
      .optional()
      .meta({ description: "How long the old secret goes on signing beside the new one; a day if absent." }),
  })
  .meta({ id: "WebhookSecretInput" });
export type WebhookSecretInput = z.output<typeof WebhookSecretInput>;

export const WebhookTestInput = z
  .strictObject({
    event: WebhookEventName.optional().meta({
      description: "Send a made-up event of this type, marked `test`, which waits where the endpoint is paused.",
    }),
  })
  .meta({ id: "WebhookTestInput" });
export type WebhookTestInput = z.output<typeof WebhookTestInput>;

export const Webhook = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    url: z.string(),
    description: z.string(),
    events: z.array(z.string()),
    status: z.enum(["active", "paused", "disabled"]).meta({
      description:
        "`disabled` after five days without success, or at once by the answer 410; its events are not kept then.",
    }),
    disabled_reason: z.enum(["failing", "gone"]).nullable(),
    failing_since: z.string().nullable().meta({ description: "The first failure since something was delivered." }),
    previous_secret_until: z.string().nullable(),
    leased_until: z.string().nullable().meta({
      description: "When it is deleted, with what waits, unless its deliveries are asked for.",
    }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "Webhook" });
export type Webhook = z.infer<typeof Webhook>;

export const WebhookWithSecret = Webhook.extend({
  secret: z.string().meta({ description: "Shown this once." }),
}).meta({ id: "WebhookWithSecret" });
export type WebhookWithSecret = z.infer<typeof WebhookWithSecret>;

export const webhookDeliveryStatuses = ["pending", "succeeded", "failed"] as const;

export const WebhookDelivery = z
  .object({
    id: z.string(),
    webhook_id: z.string(),
    event_id: z.string().meta({ description: "What receivers get as `webhook-id`; the same in every attempt." }),
    event_type: z.string(),
    status: z.enum(webhookDeliveryStatuses).meta({
      description: "`failed` once three days of attempts have passed, or by the answer 410.",
    }),
    attempts: z.number().int(),
    next_attempt_at: z.string().nullable().meta({
      description: "Of a pending one; while an attempt is under way, when another server would take it over.",
    }),
    request_body: z
      .string()
      .meta({ description: "What was sent or waits to be: the event, in the same bytes each time." }),
    response_status: z.number().int().nullable().meta({ description: "Of the last attempt." }),
    response_body: z.string().nullable().meta({ description: "Its first 2,048 bytes." }),
    error: z.string().nullable().meta({ description: "Why the last attempt had no answer." }),
    duration_ms: z.number().int().nullable(),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: "WebhookDelivery" });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const WebhookDeliveryQuery = CursorPage.pick({ limit: true, cursor: true }).extend({
  status: z.enum(webhookDeliveryStatuses).optional(),
});

/** What is sent: the body of a request to an endpoint. */
export interface WebhookEvent {
  readonly id: string;
  readonly type: WebhookEventType;
  /** When it happened, ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly organization_id: string;
  /** There where it is made up, to try a receiver. */
  readonly test?: true;
  readonly data: unknown;
}
