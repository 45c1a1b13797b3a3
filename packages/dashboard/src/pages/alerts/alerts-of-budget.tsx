import { Button } from "@mantine/core";
import { Link } from "wouter";
import { useSession } from "../../session/session-context.tsx";
import { Panel } from "../../shell/states.tsx";
import { LatestAlerts } from "./latest-alerts.tsx";

/** The latest alerts of a budget, and a way to have it watched. */
export function AlertsOfBudget({ budgetId }: { budgetId: string }) {
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
      <LatestAlerts question={{ budgetId }} none="No alert of this budget yet." />
    </Panel>
  );
}
