import { type ChannelKind, channelKindNames } from "@llm-cost-ops/contract/channel-kinds";
import type { Webhook, WebhookDelivery } from "@llm-cost-ops/sdk";

/** A kind of channel as it stands by itself. */
export function channelKindLabel(kind: ChannelKind): string {
  const name = channelKindNames[kind];
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export const addressStateWords = {
  active: ["Active", "teal"],
  failing: ["Failing", "red"],
  paused: ["Paused", "gray"],
  disabled: ["Disabled", "red"],
} as const;

/** How an address does: one that is active may still have failed since something arrived. */
export function stateOf({
  status,
  failingSince,
}: Pick<Webhook, "failingSince"> & { readonly status: Webhook["status"] }): keyof typeof addressStateWords {
  return status === "active" && failingSince !== null ? "failing" : status;
}

export const deliveryStateWords = {
  pending: ["Under way", "yellow"],
  succeeded: ["Delivered", "teal"],
  failed: ["Failed", "red"],
} as const satisfies Record<WebhookDelivery["status"], readonly [label: string, color: string]>;

type Told = Pick<WebhookDelivery, "status" | "responseStatus" | "error">;

/** Whether its first attempt is still to be told of: the number of attempts counts one that is under way. */
export const isOnItsWay = ({ status, responseStatus, error }: Told): boolean =>
  status === "pending" && responseStatus === null && error === null;

/** What came back, in a few words. */
export function answerText(delivery: Told): string {
  if (delivery.responseStatus !== null) return `answer ${delivery.responseStatus}`;
  return delivery.error ?? (isOnItsWay(delivery) ? "none yet" : "no answer");
}

/** What became of a delivery, in one line. */
export function outcomeText(delivery: Told): string {
  const [label] = deliveryStateWords[delivery.status];
  return isOnItsWay(delivery) ? label : `${label}: ${answerText(delivery)}`;
}
