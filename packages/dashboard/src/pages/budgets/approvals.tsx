import type { BudgetApproval } from "@llm-cost-ops/sdk";
import { Alert, Anchor, Badge, Button, Group, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { useAct } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatAgo, formatInstant } from "../../format/instants.ts";
import { Icon } from "../../shell/icons.tsx";
import { ErrorState } from "../../shell/states.tsx";
import { useApprovals } from "./budget-questions.ts";
import { amountText } from "./budget-words.ts";

/** Says on the list of budgets that somebody waits. */
export function WaitingApprovals({ tenantId }: { tenantId: string | undefined }) {
  const approvals = useApprovals(tenantId);
  const waiting = (approvals.data ?? []).filter(({ state }) => state === "pending");
  if (waiting.length === 0) return null;
  const budgets = new Map(waiting.map(({ budgetId, budgetName }) => [budgetId, budgetName]));
  return (
    <Alert color="yellow" variant="light" py="xs" icon={<Icon name="warning" />} role="status">
      <Text size="sm">
        {waiting.length === 1 ? "One request waits" : `${waiting.length} requests wait`} for approval, of{" "}
        {[...budgets].slice(0, 5).map(([id, name], at) => (
          <span key={id}>
            {at > 0 ? ", " : ""}
            <Anchor component={Link} inherit c="inherit" td="underline" href={`/budgets/${encodeURIComponent(id)}`}>
              <bdi>{name}</bdi>
            </Anchor>
          </span>
        ))}
        {budgets.size > 5 ? ` and ${budgets.size - 5} more` : ""}.
      </Text>
    </Alert>
  );
}

const stateWords = {
  pending: { label: "waits", color: "yellow" },
  approved: { label: "approved", color: "teal" },
  denied: { label: "denied", color: "red" },
  used: { label: "used", color: "gray" },
} as const satisfies Record<BudgetApproval["state"], unknown>;

const shownMax = 20;

/** Requests to go beyond the budget once: those that wait first. */
export function ApprovalList(props: { approvals: readonly BudgetApproval[]; mayDecide: boolean }) {
  const { approvals, mayDecide } = props;
  const decide = useAct(
    (client, { id, isGranted }: { id: string; isGranted: boolean }) =>
      isGranted ? client.budgets.approve(id) : client.budgets.deny(id),
    ["budgets"],
  );
  if (approvals.length === 0) return <Text c="dimmed">Nobody has asked to go beyond this budget.</Text>;
  const waiting = approvals.filter(({ state }) => state === "pending");
  const decided = approvals.filter(({ state }) => state !== "pending");
  return (
    <Stack gap="sm">
      {decide.error === null ? null : <ErrorState error={decide.error} />}
      {[...waiting, ...decided].slice(0, shownMax).map((approval) => (
        <Group key={approval.id} justify="space-between" gap="xs" wrap="wrap">
          <Asked approval={approval} />
          <Group gap="xs">
            <Badge size="sm" variant="dot" tt="none" color={stateWords[approval.state].color}>
              {stateWords[approval.state].label}
            </Badge>
            {mayDecide && approval.state === "pending" ? (
              <Button
                size="compact-sm"
                loading={decide.isPending && decide.variables.id === approval.id && decide.variables.isGranted}
                onClick={() => decide.mutate({ id: approval.id, isGranted: true })}
              >
                Approve
              </Button>
            ) : null}
            {mayDecide && (approval.state === "pending" || approval.state === "approved") ? (
              <Button
                size="compact-sm"
                variant="default"
                loading={decide.isPending && decide.variables.id === approval.id && !decide.variables.isGranted}
                onClick={() => decide.mutate({ id: approval.id, isGranted: false })}
              >
                {approval.state === "pending" ? "Deny" : "Take back"}
              </Button>
            ) : null}
          </Group>
        </Group>
      ))}
    </Stack>
  );
}

function Asked({ approval }: { approval: BudgetApproval }) {
  const zone = useTimeZone();
  const { requested, currency, model, requestedBy, requestedAt, projectId, userId, decidedBy } = approval;
  const labels = [
    model,
    projectId === null ? null : `project ${projectId}`,
    userId === null ? null : `user ${userId}`,
  ].filter((label) => label !== null);
  return (
    <div style={{ minWidth: 0, flex: "1 1 16rem" }}>
      <Text size="sm">
        <Text component="span" inherit fw={600}>
          {amountText(requested, { currency })}
        </Text>{" "}
        for <bdi>{labels.join(", ") || "a call"}</bdi>
      </Text>
      <Text size="xs" c="dimmed" title={formatInstant(requestedAt, zone)}>
        asked {requestedBy === null ? "" : "by "}
        <bdi>{requestedBy}</bdi> {formatAgo(requestedAt, Date.now())}
        {decidedBy === null ? null : (
          <>
            , decided by <bdi>{decidedBy}</bdi>
          </>
        )}
      </Text>
    </div>
  );
}
