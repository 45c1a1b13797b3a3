import type { Alert } from "@llm-cost-ops/sdk";
import { Badge, Button, Group, SegmentedControl, Select, Text, UnstyledButton } from "@mantine/core";
import { useAct } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatAgo, formatInstant } from "../../format/instants.ts";
import { useSession } from "../../session/session-context.tsx";
import { severityColors } from "../../shell/state-colors.ts";
import { Answer, EmptyState, ErrorState } from "../../shell/states.tsx";
import { choiceField, textField } from "../../url-state/fields.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { AlertDrawer } from "./alert-drawer.tsx";
import { type AlertPage, useAlerts, useRules } from "./alert-questions.ts";
import { severityLabels, spanText, stateLabels } from "./alert-words.ts";
import { NoAlert } from "./no-alert.tsx";
import "./alerts.css";

const states = ["open", "acknowledged", "resolved", "all"] as const;
const severities = ["any", "critical", "warning", "info"] as const;
/** What the inbox keeps in the address. */
export const inboxFields = {
  state: choiceField(states),
  severity: choiceField(severities),
  before: textField(),
  alert: textField(),
};

const emptyTexts = {
  open: "Nothing is open.",
  acknowledged: "Nobody takes care of anything at the moment.",
  resolved: "Nothing was resolved yet.",
  all: "No alert yet.",
} as const satisfies Record<(typeof states)[number], string>;

/** What needs somebody, newest first. The one that is looked at is in the address, so that it can be sent to a colleague. */
export function Inbox() {
  const [state, change] = useUrlState(inboxFields);
  // What is said where there are none is asked at once, not after they are here.
  useRules();
  const alerts = useAlerts({
    ...(state.state === "all" ? {} : { state: state.state }),
    ...(state.severity === "any" ? {} : { severity: state.severity }),
    ...(state.before === "" ? {} : { cursor: state.before }),
  });
  return (
    <section className="panel" aria-label="Inbox">
      <Group gap="xs" mb="sm">
        <SegmentedControl
          aria-label="State"
          size="xs"
          value={state.state}
          data={states.map((value) => ({ value, label: value === "all" ? "All" : stateLabels[value] }))}
          onChange={(value) => change({ state: value as (typeof states)[number], before: "" })}
        />
        <Select
          aria-label="Severity"
          size="xs"
          w={140}
          allowDeselect={false}
          value={state.severity}
          data={severities.map((value) => ({
            value,
            label: value === "any" ? "Any severity" : severityLabels[value],
          }))}
          onChange={(value) => change({ severity: (value ?? "any") as (typeof severities)[number], before: "" })}
        />
      </Group>
      <Answer of={alerts} height={240}>
        {(page) =>
          page.rows.length === 0 ? (
            <EmptyState icon="alerts" title={state.state === "open" ? "All quiet" : "Nothing here"}>
              {state.state === "open" || state.state === "all" ? (
                <NoAlert said={emptyTexts[state.state]} />
              ) : (
                emptyTexts[state.state]
              )}
            </EmptyState>
          ) : (
            <AlertRows page={page} onPick={(alert) => change({ alert })} />
          )
        }
      </Answer>
      {state.before !== "" || (alerts.data?.nextCursor ?? null) !== null ? (
        <Group gap="xs" mt="sm">
          <Button size="xs" variant="default" disabled={state.before === ""} onClick={() => change({ before: "" })}>
            Newest
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={(alerts.data?.nextCursor ?? null) === null}
            onClick={() => change({ before: alerts.data?.nextCursor ?? "" })}
          >
            Older
          </Button>
        </Group>
      ) : null}
      <AlertDrawer id={state.alert} onClose={() => change({ alert: "" })} />
    </section>
  );
}

function AlertRows({ page, onPick }: { page: AlertPage; onPick: (id: string) => void }) {
  const zone = useTimeZone();
  const { may } = useSession();
  const step = useAct(
    (client, { id, verb }: { id: string; verb: "acknowledge" | "resolve" }) => client.alerts[verb](id),
    ["alerts"],
  );
  const isBusy = (id: string, verb: string): boolean =>
    step.isPending && step.variables.id === id && step.variables.verb === verb;
  return (
    <>
      {step.error === null ? null : <ErrorState error={step.error} />}
      <ul className="alert-list">
        {page.rows.map((alert) => (
          <li key={alert.id} className="alert-row">
            <div className="alert-severity">
              <SeverityBadge severity={alert.severity} />
            </div>
            <div className="alert-what" style={{ minWidth: 0 }}>
              <UnstyledButton onClick={() => onPick(alert.id)} maw="100%" display="block">
                <Text size="sm" fw={500} className="clip" title={alert.title}>
                  <bdi>{alert.title}</bdi>
                </Text>
              </UnstyledButton>
              <Text size="xs" c="dimmed" className="clip" title={alert.text}>
                <bdi>{alert.ruleName}</bdi>, {spanText(alert.period, zone)}
              </Text>
            </div>
            <Text size="xs" className="alert-state">
              {stateLabels[alert.state]}
              {alert.escalatedAt === null || alert.state !== "open" ? "" : ", escalated"}
            </Text>
            <Text size="xs" c="dimmed" className="alert-since" title={formatInstant(alert.openedAt, zone)}>
              {formatAgo(alert.openedAt, Date.now())}
            </Text>
            <div className="alert-actions">
              {may("alerts:write") && alert.state === "open" ? (
                <Button
                  size="compact-sm"
                  variant="light"
                  loading={isBusy(alert.id, "acknowledge")}
                  aria-label={`Acknowledge ${alert.title}`}
                  onClick={() => step.mutate({ id: alert.id, verb: "acknowledge" })}
                >
                  Acknowledge
                </Button>
              ) : null}
              {may("alerts:write") && alert.state !== "resolved" ? (
                <Button
                  size="compact-sm"
                  variant="default"
                  loading={isBusy(alert.id, "resolve")}
                  aria-label={`Resolve ${alert.title}`}
                  onClick={() => step.mutate({ id: alert.id, verb: "resolve" })}
                >
                  Resolve
                </Button>
              ) : null}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

export function SeverityBadge({ severity }: { severity: Alert["severity"] }) {
  return (
    <Badge size="sm" variant="dot" tt="none" flex="none" color={severityColors[severity]}>
      {severityLabels[severity]}
    </Badge>
  );
}
