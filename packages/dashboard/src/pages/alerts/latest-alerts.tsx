import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { formatAgo } from "../../format/instants.ts";
import { Answer } from "../../shell/states.tsx";
import { type AlertQuestion, useAlerts } from "./alert-questions.ts";
import { stateLabels } from "./alert-words.ts";
import { SeverityBadge } from "./inbox.tsx";

const shownMax = 5;

/** The latest alerts of a budget or a rule, each leading to what is known of it. */
export function LatestAlerts({ question, none }: { question: AlertQuestion; none: string }) {
  const alerts = useAlerts(question);
  return (
    <Answer of={alerts} rows={2}>
      {({ rows }) =>
        rows.length === 0 ? (
          <Text size="sm" c="dimmed">
            {none}
          </Text>
        ) : (
          <Stack gap="xs">
            {rows.slice(0, shownMax).map((alert) => (
              <Group key={alert.id} gap="xs" wrap="nowrap" justify="space-between">
                <Group gap="xs" wrap="nowrap" miw={0}>
                  <SeverityBadge severity={alert.severity} />
                  <Anchor
                    component={Link}
                    href={`/alerts?state=all&alert=${encodeURIComponent(alert.id)}`}
                    c="var(--mantine-color-text)"
                    size="sm"
                    lineClamp={2}
                    title={alert.title}
                  >
                    <bdi>{alert.title}</bdi>
                  </Anchor>
                </Group>
                <Text size="xs" c="dimmed" className="amount">
                  {stateLabels[alert.state].toLowerCase()}, {formatAgo(alert.openedAt, Date.now())}
                </Text>
              </Group>
            ))}
          </Stack>
        )
      }
    </Answer>
  );
}
