import { z } from "zod";
import { CostFilter } from "./costs.ts";
import { csv } from "./fields.ts";

/** What a live stream can be asked for. */
export const liveSubjects = ["usage", "costs", "alerts"] as const;
export type LiveSubject = (typeof liveSubjects)[number];

/** What a stream tells of, with what its `data` is. Webhooks know the same events by the same names. */
export const liveEventMeanings = {
  "usage.created": "A call was recorded; `data` is the usage record.",
  "cost.created": "A cost was recorded, of a call or reported; `data` is the cost record.",
  "cost.updated": "A cost was voided, priced late or repriced; `data` is the cost record as it is now.",
  "alert.triggered": "An alert rule opened an alert; `data` is the alert.",
  "alert.escalated": "Nobody acknowledged it in time; `data` is the alert.",
  "alert.acknowledged": "`data` is the alert.",
  "alert.resolved": "`data` is the alert.",
} as const;
export type LiveEventType = keyof typeof liveEventMeanings;

/** Why a stream ended that nobody on the other side ended. */
export const liveEndReasons = ["credential", "not_kept", "stopping"] as const;
export type LiveEndReason = (typeof liveEndReasons)[number];

export const LiveQuery = CostFilter.pick({
  organization_id: true,
  provider: true,
  model: true,
  project_id: true,
  user_id: true,
  api_key_id: true,
  service_tier: true,
  region: true,
  tags: true,
})
  .extend({
    events: csv(z.enum(liveSubjects)).optional().meta({
      description:
        "usage needs `usage:read` and alerts `alerts:read` as well. What the credential may see if absent, but no alerts beside a filter of records.",
    }),
    last_event_id: z.string().max(64).optional().meta({
      description: "Goes on behind this event, as the header `Last-Event-ID` does, for a day after it.",
    }),
  })
  .strict();
export type LiveQuery = z.output<typeof LiveQuery>;
