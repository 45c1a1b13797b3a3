import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { formatAgo } from "../../format/instants.ts";
import { useSession } from "../../session/session-context.tsx";
import { Answer, Panel } from "../../shell/states.tsx";
import { useAlerts } from "./alert-questions.ts";
import { stateLabels } from "./alert-words.ts";
import { SeverityBadge } from "./inbox.tsx";

const shownMax = 5;

/** The latest alerts of a budget, and a way to have it watched. */
export function AlertsOfBudget({ budgetId }: { budgetId: string }) {
  const alerts = useAlerts({ budgetId });
  const { may } = useSession();
  return (
    <Panel
      title="Alerts"
      aside={
        may("alerts:write") ? (
          <Button
            component={Link}
            href={`/alerts/rules/new?budget=${encodeURIComponent(budgetId)}`}
            size="compact-sm"
            variant="default"
          >
            Watch it
          </Button>
        ) : undefined
      }
    >
      <Answer of={alerts} rows={2}>
        {({ rows }) =>
          rows.length === 0 ? (
            <Text size="sm" c="dimmed">
              No alert of this budget yet.
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
    </Panel>
  );
}
