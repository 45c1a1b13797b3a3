import type { ChannelKind } from "@llm-cost-ops/contract/channel-kinds";
import type { Channel, CreateChannelParams, UpdateChannelParams } from "@llm-cost-ops/sdk";

/** A channel as somebody fills it in. What lets one in is never read back: empty leaves it as it is. */
interface ChannelDraft {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly description: string;
  readonly to: readonly string[];
  readonly url: string;
  readonly routingKey: string;
}

export const draftOfChannel = (channel: Channel | undefined): ChannelDraft => ({
  kind: channel?.kind ?? "email",
  name: channel?.name ?? "",
  description: channel?.description ?? "",
  to: channel?.to ?? [],
  url: "",
  routingKey: "",
});

/** Whether all is there that a new channel of its kind needs. */
export function isComplete({ kind, name, to, url, routingKey }: ChannelDraft): boolean {
  if (name.trim() === "") return false;
  if (kind === "email") return to.length > 0;
  return kind === "pagerduty" ? routingKey.trim() !== "" : url.trim() !== "";
}

export function channelToMake({ kind, to, url, routingKey, ...draft }: ChannelDraft): CreateChannelParams {
  const shared = { name: draft.name.trim(), description: draft.description };
  switch (kind) {
    case "email":
      return { kind, ...shared, to };
    case "pagerduty":
      return { kind, ...shared, routingKey: routingKey.trim(), ...(url.trim() === "" ? {} : { url: url.trim() }) };
    case "slack":
    case "teams":
    case "webhook":
      return { kind, ...shared, url: url.trim() };
    default:
      return kind satisfies never;
  }
}

/** What changes: an address or a key only where a new one was typed. */
export function channelChange({ kind, to, url, routingKey, ...draft }: ChannelDraft): UpdateChannelParams {
  return {
    name: draft.name.trim(),
    description: draft.description,
    ...(kind === "email" ? { to } : {}),
    ...(kind === "email" || url.trim() === "" ? {} : { url: url.trim() }),
    ...(kind !== "pagerduty" || routingKey.trim() === "" ? {} : { routingKey: routingKey.trim() }),
  };
}
