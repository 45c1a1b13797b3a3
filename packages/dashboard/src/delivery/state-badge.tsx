import { Badge } from "@mantine/core";
import { addressStateWords, stateOf } from "./delivery-words.ts";

/** How an address does that something is sent to. */
export function StateBadge({ address }: { address: Parameters<typeof stateOf>[0] }) {
  const [label, color] = addressStateWords[stateOf(address)];
  return (
    <Badge size="sm" variant="dot" tt="none" color={color}>
      {label}
    </Badge>
  );
}
