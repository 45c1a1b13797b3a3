import type { Budget, BudgetStatus } from "@llm-cost-ops/sdk";
import { Alert, Anchor, Badge, Breadcrumbs, Button, Group, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { useAct, useForget } from "../../data/ask.ts";
import { useBudget, useBudgets } from "../../data/budgets.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatInstant } from "../../format/instants.ts";
import { formatShare } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { ConfirmDialog } from "../../shell/confirm-dialog.tsx";
import { Icon } from "../../shell/icons.tsx";
import { budgetColors } from "../../shell/state-colors.ts";
import { Answer, ErrorState, Loading, Panel } from "../../shell/states.tsx";
import { Tile } from "../../shell/tile.tsx";
import { UnreadAddress } from "../../url-state/unread-address.tsx";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { AlertsOfBudget } from "../alerts/alerts-of-budget.tsx";
import { ApprovalList } from "./approvals.tsx";
import { BarKey, BudgetBar, figuresOf } from "./budget-bar.tsx";
import { BudgetFacts, Parts } from "./budget-facts.tsx";
import { useApprovals, useHistory, useMayChange, useStatus, useTenantOf, useTenants } from "./budget-questions.ts";
import { ancestorsOf } from "./budget-tree.ts";
import { amountShort, amountText, amountTextExact, blockedText, stateLabels, uncountedText } from "./budget-words.ts";
import { BurnDownChart } from "./burn-down-chart.tsx";
import { History, historyFields } from "./history.tsx";
import { type Picked, pickedOf, valueFields } from "./per.ts";
import { TransferDialog } from "./transfer-dialog.tsx";
import { Values, Whose } from "./values.tsx";

const budgetFields = { ...valueFields, ...historyFields };

export default function BudgetPage() {
  const { id = "" } = useParams<{ id: string }>();
  const budget = useBudget(id);
  const [state] = useUrlState(budgetFields);
  // What its parts need is asked for at once, not after the budget is here.
  useStatus(id, pickedOf("any", state));
  useHistory(id, state.before);
  useTenants();
  return (
    <Answer of={budget} height={320} back={{ to: "/budgets", label: "Budgets" }}>
      {(data) => <OneBudget key={data.id} budget={data} />}
    </Answer>
  );
}

function OneBudget({ budget }: { budget: Budget }) {
  const tenantId = useTenantOf()(budget);
  const [state, change] = useUrlState(valueFields);
  const picked = pickedOf(budget.per, state);
  const status = useStatus(budget.id, picked);
  const { per } = budget;
  const pick = ({ value, withoutValue }: Picked): void => change({ value: value ?? null, none: withoutValue === true });
  const { may } = useSession();
  return (
    <>
      <Heading budget={budget} status={status.data} />
      <UnreadAddress fields={budgetFields} />
      <Stack gap="sm">
        {status.data === undefined ? (
          status.error === null ? (
            <Loading height={300} />
          ) : (
            <ErrorState error={status.error} onRetry={() => void status.refetch()} />
          )
        ) : (
          <>
            {per === null ? null : <Whose per={per} status={status.data} picked={picked} onPick={pick} />}
            <Standing key={String(status.data.value)} budget={budget} status={status.data} />
          </>
        )}
        {per === null ? null : <Values budget={budget} per={per} status={status.data} onPick={pick} />}
        <div className="panels budget-panels">
          <Panel title="What it is">
            <BudgetFacts budget={budget} />
          </Panel>
          <Blocked budget={budget} status={status.data} />
          {may("alerts:read") && tenantId === undefined ? <AlertsOfBudget budgetId={budget.id} /> : null}
          {status.data === undefined || status.data.children.length === 0 ? null : <Parts status={status.data} />}
        </div>
        <History budget={budget} />
      </Stack>
    </>
  );
}

function Heading({ budget, status }: { budget: Budget; status: BudgetStatus | undefined }) {
  const mayChange = useMayChange();
  const tenantId = useTenantOf()(budget);
  const tenant = useTenants().find(({ id }) => id === tenantId);
  const listAddress = tenantId === undefined ? "/budgets" : `/budgets?tenant=${encodeURIComponent(tenantId)}`;
  const all = useBudgets(tenantId);
  const [, navigate] = useLocation();
  const [asks, setAsks] = useState<"delete" | "transfer">();
  const forget = useForget();
  const remove = useAct(
    async (client, budgetId: string) => {
      await client.budgets.delete(budgetId);
      forget("budgets", "alerts");
      navigate(listAddress);
    },
    ["budgets", "alerts"],
  );
  const above = ancestorsOf(budget, all.data ?? []);
  return (
    <>
      <Breadcrumbs mb={6} separatorMargin={6} fz="sm" style={{ flexWrap: "wrap" }}>
        <Anchor component={Link} href={listAddress} size="sm">
          Budgets
        </Anchor>
        {above.map(({ id, name }) => (
          <Anchor
            key={id}
            component={Link}
            href={`/budgets/${encodeURIComponent(id)}`}
            size="sm"
            className="clip"
            maw="16rem"
          >
            <bdi>{name}</bdi>
          </Anchor>
        ))}
      </Breadcrumbs>
      <Group justify="space-between" mb="md" gap="sm">
        <Group gap="xs" miw={0} wrap="nowrap">
          <Title order={1} lineClamp={2}>
            <bdi>{budget.name}</bdi>
          </Title>
          {status === undefined ? null : (
            <Badge variant="dot" tt="none" flex="none" color={budgetColors[status.state]}>
              {stateLabels[status.state]}
            </Badge>
          )}
          <Badge variant="default" tt="none" flex="none">
            {budget.enforcement}
          </Badge>
          {budget.setBy === "parent" ? (
            <Badge variant="default" tt="none" maw="16rem">
              {tenantId === undefined ? (
                "set by the parent organization"
              ) : (
                <bdi>set for {tenant?.name ?? "a tenant"}</bdi>
              )}
            </Badge>
          ) : null}
        </Group>
        {mayChange(budget) ? (
          <Group gap="xs">
            <Button component={Link} href={`/budgets/${encodeURIComponent(budget.id)}/edit`} variant="default">
              Edit
            </Button>
            {budget.per === null ? (
              <Button variant="default" onClick={() => setAsks("transfer")}>
                Transfer
              </Button>
            ) : null}
            <Button variant="subtle" color="red" onClick={() => setAsks("delete")}>
              Delete
            </Button>
          </Group>
        ) : null}
      </Group>
      {budget.description === "" ? null : (
        <Text c="dimmed" size="sm" mb="sm" style={{ whiteSpace: "pre-wrap" }}>
          <bdi>{budget.description}</bdi>
        </Text>
      )}
      <TransferDialog budget={budget} isOpen={asks === "transfer"} onClose={() => setAsks(undefined)} />
      <ConfirmDialog
        isOpen={asks === "delete"}
        title="Delete this budget?"
        verb="Delete the budget"
        name={budget.name}
        isBusy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(budget.id)}
        onClose={() => {
          remove.reset();
          setAsks(undefined);
        }}
      >
        It goes with its history and its alerts are resolved.{" "}
        {budget.enforcement === "hard" ? "It no longer refuses anything. " : ""}
        The audit trail keeps what it was.
      </ConfirmDialog>
    </>
  );
}

function Standing({ budget, status }: { budget: Budget; status: BudgetStatus }) {
  const zone = useTimeZone();
  // The records of a tenant are its own, so of what it spent there is no picture.
  const tenantId = useTenantOf()(budget);
  const { amountExact, spentExact, reservedExact, remainingExact, projectedExact, burnRatePerDayExact } = status;
  const text = (value: string | null): string => amountShort(value, status);
  const unit = status.currency === null ? "tokens " : "";
  const exact = (value: string | null): string => amountTextExact(value, status);
  const share = (value: string): string => formatShare(value, amountExact);
  const { from, to, timeZone } = status.period;
  const ownZone = timeZone ?? zone;
  const span =
    to === null
      ? `since ${formatInstant(from, ownZone)}`
      : `${formatInstant(from, ownZone)} – ${formatInstant(to, ownZone)}`;
  return (
    <>
      <div className="tiles">
        <Tile
          label="Spent"
          value={text(spentExact)}
          exact={exact(spentExact)}
          note={`${share(spentExact)} of the amount`}
          isMain
        />
        <Tile label="Amount" value={text(amountExact)} exact={exact(amountExact)} note={`${unit}for the period`} />
        <Tile
          label="Reserved"
          value={text(reservedExact)}
          exact={exact(reservedExact)}
          note={`${unit}for calls under way`}
        />
        <Tile
          label="Remaining"
          value={text(remainingExact)}
          exact={exact(remainingExact)}
          note={`${share(remainingExact)} of the amount`}
        />
        <Tile
          label="Pace"
          value={text(burnRatePerDayExact)}
          exact={exact(burnRatePerDayExact)}
          note={`${unit}for each 24 hours`}
        />
        {projectedExact === null ? null : (
          <Tile
            label="Projected"
            value={text(projectedExact)}
            exact={exact(projectedExact)}
            note={
              status.exhaustedAt === null
                ? `${share(projectedExact)} at the period's end`
                : `used up ${formatInstant(status.exhaustedAt, zone)}`
            }
          />
        )}
      </div>
      <section className="panel" aria-label="Standing">
        <Group justify="space-between" mb={8} gap="xs">
          <Text size="sm" fw={600}>
            {text(spentExact)} of {amountText(amountExact, status)}
          </Text>
          <Text size="xs" c="dimmed">
            {span}
            {ownZone === zone ? "" : `, ${ownZone}`}
          </Text>
        </Group>
        <BudgetBar figures={figuresOf(status)} thresholds={budget.thresholds} isTall />
        <BarKey state={status.state} />
      </section>
      <Doubts status={status} />
      {tenantId === undefined ? <BurnDownChart budget={budget} status={status} /> : null}
    </>
  );
}

/** What the budget does not know of. */
function Doubts({ status }: { status: BudgetStatus }) {
  const text = uncountedText(status);
  if (text === "") return null;
  return (
    <Alert color="yellow" variant="light" py="xs" icon={<Icon name="warning" />} role="status">
      <Text size="sm">{text}</Text>
    </Alert>
  );
}

/** Who is refused at the moment, and who has asked to go on. */
function Blocked({ budget, status }: { budget: Budget; status: BudgetStatus | undefined }) {
  const { may } = useSession();
  const mayChange = useMayChange();
  const tenantId = useTenantOf()(budget);
  const approvals = useApprovals(tenantId);
  const ours = (approvals.data ?? []).filter(({ budgetId }) => budgetId === budget.id);
  const isApproving = budget.atLimit?.action === "approve";
  return (
    <Panel title="Who is blocked">
      <Stack gap="sm">
        {status === undefined ? (
          <Loading rows={2} />
        ) : (
          <Text size="sm">{blockedText(budget, status, tenantId === undefined ? "organization" : "tenant")}</Text>
        )}
        {may("budgets:write") && (isApproving || ours.length > 0) ? (
          <>
            <Title order={3} fz="sm">
              Requests to go beyond
            </Title>
            <Answer of={approvals} rows={2}>
              {() => <ApprovalList approvals={ours} mayDecide={mayChange(budget)} />}
            </Answer>
          </>
        ) : null}
      </Stack>
    </Panel>
  );
}
