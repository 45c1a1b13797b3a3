export const channelKinds = ["email", "slack", "teams", "pagerduty", "webhook"] as const;
export type ChannelKind = (typeof channelKinds)[number];

/** What people call each kind, as it stands within a sentence. */
export const channelKindNames = {
  email: "e-mail",
  slack: "Slack",
  teams: "Teams",
  pagerduty: "PagerDuty",
  webhook: "webhook",
} as const satisfies Record<ChannelKind, string>;

/** Every kind, as it stands behind "by": of what alerts can go out by. */
export const channelKindsText: string = channelKinds
  .map((kind) => channelKindNames[kind])
  .join(", ")
  .replace(/, ([^,]*)$/, " or $1");
