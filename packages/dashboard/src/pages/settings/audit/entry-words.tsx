import type { AuditEntry } from "@llm-cost-ops/sdk";
import { Badge } from "@mantine/core";

/** Who did it: a person by their address, a key by its name, the machine by what it is. */
export const actorText = ({ actorName, actorId, actorKind }: AuditEntry): string => actorName ?? actorId ?? actorKind;

const actorKindLabels = {
  key: "API key",
  user: "person",
  process: "server",
  command: "command line",
  nobody: "without a credential",
} as const satisfies Record<AuditEntry["actorKind"], string>;

export const actorKindText = ({ actorKind }: AuditEntry): string => actorKindLabels[actorKind];

export function OutcomeBadge({ outcome }: Pick<AuditEntry, "outcome">) {
  return (
    <Badge size="sm" variant="dot" tt="none" color={outcome === "success" ? "teal" : "red"}>
      {outcome === "success" ? "Done" : "Refused"}
    </Badge>
  );
}
