import type { Alert, AlertRule } from "@llm-cost-ops/sdk";
import { Button, Group, Stack, Text, Textarea, Title } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { useAct } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatInstant } from "../../format/instants.ts";
import { useSession } from "../../session/session-context.tsx";
import { Facts } from "../../shell/facts.tsx";
import { SidePanel } from "../../shell/side-panel.tsx";
import { Answer, ErrorState } from "../../shell/states.tsx";
import { useAlert, useRules } from "./alert-questions.ts";
import { endingLabels, stateLabels, stepLabels } from "./alert-words.ts";
import { callsBehind } from "./calls-behind.ts";
import { SeverityBadge } from "./inbox.tsx";

/** One alert with all that is known of it; an empty id is none. */
export function AlertDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  return (
    <SidePanel isOpen={id !== ""} onClose={onClose} title="Alert">
      {id === "" ? null : <Asked id={id} />}
    </SidePanel>
  );
}

function Asked({ id }: { id: string }) {
  const alert = useAlert(id);
  // Asked for at once, not after the alert is here.
  const rules = useRules();
  return (
    <Answer of={alert} height={240}>
      {(data) => <OneAlert key={data.id} alert={data} rule={rules.data?.find((rule) => rule.id === data.ruleId)} />}
    </Answer>
  );
}

/** `rule` is missing where it was deleted: there is no page of it. */
function OneAlert({ alert, rule }: { alert: Alert; rule: AlertRule | undefined }) {
  const zone = useTimeZone();
  const { may } = useSession();
  const calls = rule === undefined || !may("costs:read") ? undefined : callsBehind(alert, rule, zone, Date.now());
  return (
    <Stack gap="md">
      <div>
        <Group gap="xs" mb={4}>
          <SeverityBadge severity={alert.severity} />
          <Text size="sm">
            {stateLabels[alert.state]}
            {alert.resolvedBecause === null ? "" : `: ${endingLabels[alert.resolvedBecause]}`}
          </Text>
        </Group>
        <Title order={2} fz="lg">
          <bdi>{alert.title}</bdi>
        </Title>
        <Text size="sm" mt={4}>
          <bdi>{alert.text}</bdi>
        </Text>
      </div>
      <Facts facts={alert.details.map(({ label, value }) => [label, value] as const)} />
      <Group gap="xs">
        {alert.budgetId === null || !may("budgets:read") ? null : (
          <Button component={Link} href={`/budgets/${encodeURIComponent(alert.budgetId)}`} size="xs" variant="default">
            To the budget
          </Button>
        )}
        {calls === undefined ? null : (
          <Button component={Link} href={calls} size="xs" variant="default">
            To its calls
          </Button>
        )}
        {rule === undefined ? null : (
          <Button component={Link} href={`/alerts/rules/${encodeURIComponent(rule.id)}`} size="xs" variant="default">
            To the rule
          </Button>
        )}
      </Group>
      <div>
        <Title order={3} fz="sm" mb="xs">
          What happened
        </Title>
        <ol className="steps">
          {alert.history.map(({ step, at, by, note }) => (
            <li key={step}>
              <Text size="sm">
                {stepLabels[step]}
                {by === null ? null : (
                  <>
                    {" "}
                    by <bdi>{by.name ?? by.kind}</bdi>
                  </>
                )}
              </Text>
              <Text size="xs" c="dimmed">
                {formatInstant(at, zone)}
              </Text>
              {note === null || note === "" ? null : (
                <Text size="sm" fs="italic" style={{ whiteSpace: "pre-wrap" }}>
                  <bdi>{note}</bdi>
                </Text>
              )}
            </li>
          ))}
        </ol>
      </div>
      {may("alerts:write") && alert.state !== "resolved" ? <Decide alert={alert} /> : null}
    </Stack>
  );
}

function Decide({ alert }: { alert: Alert }) {
  const [note, setNote] = useState("");
  const step = useAct(
    (client, verb: "acknowledge" | "resolve") =>
      client.alerts[verb](alert.id, note.trim() === "" ? undefined : note.trim()),
    ["alerts"],
  );
  const decide = (verb: "acknowledge" | "resolve"): void => step.mutate(verb, { onSuccess: () => setNote("") });
  return (
    <Stack gap="xs">
      <Textarea
        label="Note"
        placeholder="What you found, or do about it"
        autosize
        minRows={2}
        maxRows={8}
        value={note}
        onChange={({ currentTarget }) => setNote(currentTarget.value)}
      />
      {step.error === null ? null : <ErrorState error={step.error} />}
      <Group gap="xs">
        {alert.state === "open" ? (
          <Button loading={step.isPending && step.variables === "acknowledge"} onClick={() => decide("acknowledge")}>
            Acknowledge
          </Button>
        ) : null}
        <Button
          variant="default"
          loading={step.isPending && step.variables === "resolve"}
          onClick={() => decide("resolve")}
        >
          Resolve
        </Button>
      </Group>
    </Stack>
  );
}
