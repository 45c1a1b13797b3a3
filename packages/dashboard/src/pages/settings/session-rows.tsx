import type { UserSession } from "@llm-cost-ops/sdk";
import { Badge, Button, Group, Text } from "@mantine/core";
import { useTimeZone } from "../../data/organization.ts";
import { formatAgo, formatInstant } from "../../format/instants.ts";
import { browserOf } from "./browser-of.ts";

/** Where somebody is signed in, each with a way to end it where `onEnd` is given. */
export function SessionRows(props: {
  readonly sessions: readonly UserSession[];
  readonly isBusy: (id: string) => boolean;
  readonly onEnd?: (id: string) => void;
}) {
  const { sessions, isBusy, onEnd } = props;
  const zone = useTimeZone();
  if (sessions.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nowhere at the moment.
      </Text>
    );
  }
  return (
    <ul className="settings-rows">
      {sessions.map(({ id, userAgent, clientAddress, refreshedAt, createdAt, current }) => (
        <li key={id}>
          <div>
            <Group gap="xs">
              <Text size="sm" fw={500} title={userAgent ?? ""}>
                <bdi>{browserOf(userAgent)}</bdi>
              </Text>
              {current ? (
                <Badge size="sm" variant="dot" tt="none" color="teal">
                  This one
                </Badge>
              ) : null}
            </Group>
            <Text size="xs" c="dimmed">
              {clientAddress === null ? "" : `${clientAddress}, `}
              <span title={formatInstant(refreshedAt, zone)}>used {formatAgo(refreshedAt, Date.now())}</span>, since{" "}
              {formatInstant(createdAt, zone)}
            </Text>
          </div>
          {onEnd === undefined || current ? null : (
            <Button
              size="compact-sm"
              variant="default"
              loading={isBusy(id)}
              aria-label={`End the session of ${browserOf(userAgent)} from ${clientAddress ?? "an unknown address"}`}
              onClick={() => onEnd(id)}
            >
              End
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}
