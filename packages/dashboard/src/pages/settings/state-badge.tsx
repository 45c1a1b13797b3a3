import { Badge } from "@mantine/core";
import { stateOf, webhookStateWords } from "./webhooks/webhook-words.ts";

/** How an address does that something is sent to. */
export function StateBadge({ webhook }: { webhook: Parameters<typeof stateOf>[0] }) {
  const [label, color] = webhookStateWords[stateOf(webhook)];
  return (
    <Badge size="sm" variant="dot" tt="none" color={color}>
      {label}
    </Badge>
  );
}
