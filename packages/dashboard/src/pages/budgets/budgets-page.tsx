import type { Budget, BudgetStatus, ListedBudgetStatus } from "@llm-cost-ops/sdk";
import { Anchor, Badge, Button, Group, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useMemo } from "react";
import { Link } from "wouter";
import { useBudgets } from "../../data/budgets.ts";
import { useTimeZone } from "../../data/organization.ts";
import { compareDecimals } from "../../format/decimal.ts";
import { formatInstant } from "../../format/instants.ts";
import { formatCount, formatShare } from "../../format/numbers.ts";
import { scopeText } from "../../scope/scope.ts";
import { useSession } from "../../session/session-context.tsx";
import { Icon } from "../../shell/icons.tsx";
import { budgetColors } from "../../shell/state-colors.ts";
import { Answer, EmptyState, PageHeader } from "../../shell/states.tsx";
import { choiceField, textField } from "../../url-state/fields.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { WaitingApprovals } from "./approvals.tsx";
import { BarKey, BudgetBar, figuresOf } from "./budget-bar.tsx";
import { useStandings, useTenantOf, useTenants } from "./budget-questions.ts";
import { type ListedBudget, listed } from "./budget-tree.ts";
import {
  amountShort,
  amountText,
  amountTextExact,
  limitText,
  periodText,
  stateLabels,
  uncountedShort,
  uncountedText,
} from "./budget-words.ts";
import { eachText, whoseText } from "./per.ts";

const orders = ["tree", "use"] as const;
const states = ["all", "exceeded", "warning", "ok"] as const;
const fields = {
  tenant: textField(),
  q: textField(),
  order: choiceField(orders),
  state: choiceField(states),
  page: textField("1"),
};

/** Shown at a time. */
const pageRows = 50;

const ownBudgets = "own";

export default function BudgetsPage() {
  const [state, change] = useUrlState(fields);
  const tenantId = state.tenant === "" ? undefined : state.tenant;
  const tenants = useTenants();
  const mayMake = useMayMake(tenantId);
  return (
    <>
      <PageHeader title="Budgets" reads={fields}>
        {tenants.length === 0 && tenantId === undefined ? null : (
          <Select
            aria-label="Whose budgets"
            w={220}
            searchable
            allowDeselect={false}
            limit={100}
            value={tenantId ?? ownBudgets}
            data={[
              { value: ownBudgets, label: "Of this organization" },
              ...tenants.map(({ id, name }) => ({ value: id, label: `Set for ${name}` })),
            ]}
            onChange={(value) =>
              change({ tenant: value === null || value === ownBudgets ? "" : value, page: "1", q: "", state: "all" })
            }
          />
        )}
        {mayMake ? (
          <Button component={Link} href={newBudgetAddress(tenantId)} leftSection={<Icon name="plus" size={16} />}>
            New budget
          </Button>
        ) : null}
      </PageHeader>
      <BudgetsOf key={tenantId} tenantId={tenantId} />
    </>
  );
}

const newBudgetAddress = (tenantId: string | undefined): string =>
  tenantId === undefined ? "/budgets/new" : `/budgets/new?tenant=${encodeURIComponent(tenantId)}`;

function useMayMake(tenantId: string | undefined): boolean {
  const { may } = useSession();
  return may("budgets:write") && (tenantId === undefined || may("organizations:write"));
}

function BudgetsOf({ tenantId }: { tenantId: string | undefined }) {
  const budgets = useBudgets(tenantId);
  // How they stand is asked for at once, not after they are here.
  useStandings(tenantId);
  return (
    <Stack gap="sm">
      <WaitingApprovals tenantId={tenantId} />
      <Answer of={budgets} height={320}>
        {(all) =>
          all.length === 0 ? <NoBudget tenantId={tenantId} /> : <BudgetList budgets={all} tenantId={tenantId} />
        }
      </Answer>
    </Stack>
  );
}

function NoBudget({ tenantId }: { tenantId: string | undefined }) {
  const mayMake = useMayMake(tenantId);
  return (
    <section className="panel">
      <EmptyState
        icon="budgets"
        title="No budget yet"
        action={
          mayMake ? (
            <Button component={Link} href={newBudgetAddress(tenantId)}>
              Make the first budget
            </Button>
          ) : undefined
        }
      >
        {tenantId === undefined ? null : "A tenant sees what you set for it, and cannot change it. "}A budget says what
        may be spent in a month, a day or any other time, by the whole organization or a part of it. It warns before
        that is used up, and where it is hard it refuses what would go beyond.
      </EmptyState>
    </section>
  );
}

function BudgetList({ budgets, tenantId }: { budgets: readonly Budget[]; tenantId: string | undefined }) {
  const [state, change] = useUrlState(fields);
  const standings = useStandings(tenantId);
  const known = standings.data;
  const found = useMemo(() => {
    const statusOf = ({ budget }: ListedBudget): BudgetStatus | null | undefined => known?.get(budget.id)?.status;
    const rows = listed(budgets, state.q).filter(
      (row) => state.state === "all" || statusOf(row)?.state === state.state,
    );
    const used = (row: ListedBudget): string => statusOf(row)?.utilizationExact ?? "-1";
    return state.order === "use" ? rows.toSorted((a, b) => compareDecimals(used(b), used(a))) : rows;
  }, [budgets, known, state.q, state.state, state.order]);
  const pages = Math.max(1, Math.ceil(found.length / pageRows));
  const page = Math.min(pages, Math.max(1, Number.parseInt(state.page, 10) || 1));
  const rows = found.slice((page - 1) * pageRows, page * pageRows);
  const isFlat = state.q !== "" || state.order === "use" || state.state !== "all";
  return (
    <section className="panel" aria-label="Budgets">
      <Group gap="xs" mb="sm" justify="space-between">
        <Group gap="xs">
          <TextInput
            aria-label="Find a budget"
            placeholder="Name or scope"
            value={state.q}
            w={{ base: "100%", xs: 200 }}
            onChange={({ currentTarget }) => change({ q: currentTarget.value, page: "1" }, { replace: true })}
          />
          <Select
            aria-label="State"
            w={125}
            allowDeselect={false}
            value={state.state}
            data={states.map((value) => ({ value, label: value === "all" ? "Any state" : stateLabels[value] }))}
            onChange={(value) => change({ state: (value ?? "all") as (typeof states)[number], page: "1" })}
          />
          <Select
            aria-label="Order"
            w={150}
            allowDeselect={false}
            value={state.order}
            data={[
              { value: "tree", label: "By hierarchy" },
              { value: "use", label: "Nearest to amount" },
            ]}
            onChange={(value) => change({ order: (value ?? "tree") as (typeof orders)[number], page: "1" })}
          />
        </Group>
        <BarKey />
      </Group>
      <div className="budget-row budget-head" aria-hidden="true">
        <span>Budget</span>
        <span>State</span>
        <span>Used</span>
        <span>Spent of amount</span>
        <span>Outlook</span>
      </div>
      {rows.length === 0 ? (
        <Text c="dimmed" size="sm" py="md">
          {standings.isPending ? "Asking how they stand …" : "No budget matches."}
        </Text>
      ) : (
        <ul className="budget-list">
          {rows.map((row) => (
            <BudgetRow
              key={row.budget.id}
              row={row}
              depth={isFlat ? 0 : row.depth}
              standing={known?.get(row.budget.id)}
              isKnown={!standings.isPending}
            />
          ))}
        </ul>
      )}
      {pages > 1 ? (
        <Group justify="space-between" mt="sm">
          <Text size="xs" c="dimmed">
            {formatCount(found.length)} budgets, page {page} of {pages}
          </Text>
          <Group gap="xs">
            <Button size="xs" variant="default" disabled={page <= 1} onClick={() => change({ page: String(page - 1) })}>
              Before
            </Button>
            <Button
              size="xs"
              variant="default"
              disabled={page >= pages}
              onClick={() => change({ page: String(page + 1) })}
            >
              Next
            </Button>
          </Group>
        </Group>
      ) : null}
    </section>
  );
}

const indentPx = 18;

function BudgetRow(props: {
  row: ListedBudget;
  depth: number;
  standing: ListedBudgetStatus | undefined;
  isKnown: boolean;
}) {
  const { row, depth, standing, isKnown } = props;
  const { budget } = row;
  const status = standing?.status ?? undefined;
  const isOurs = useTenantOf()(budget) === undefined;
  const scope = scopeText(budget.scope, isOurs ? "organization" : "tenant");
  const each = budget.per === null ? "" : ` for ${eachText(budget.per)}`;
  const about = `${periodText(budget.period)}${each}, ${scope}`;
  const measure = { currency: budget.currency };
  const amount = budget.amountExact ?? String(budget.tokens ?? 0);
  return (
    <li className="budget-row">
      <div style={{ paddingInlineStart: Math.min(depth, 6) * indentPx, minWidth: 0 }}>
        <Group gap="xs" wrap="nowrap">
          <Anchor
            component={Link}
            c="var(--mantine-color-text)"
            size="sm"
            href={`/budgets/${encodeURIComponent(budget.id)}`}
            fw={500}
            className="clip"
            title={budget.name}
          >
            <bdi>{budget.name}</bdi>
          </Anchor>
          {budget.enforcement === "hard" ? (
            <Badge size="xs" variant="default" tt="none" flex="none" title={limitText(budget)}>
              hard
            </Badge>
          ) : null}
          {budget.setBy === "parent" && isOurs ? (
            <Badge size="xs" variant="default" tt="none" flex="none" title="Set by the parent organization">
              by the parent
            </Badge>
          ) : null}
        </Group>
        <Text size="xs" c="dimmed" className="clip" title={about}>
          {row.parentName === undefined || depth > 0 ? null : (
            <>
              part of <bdi>{row.parentName}</bdi>;{" "}
            </>
          )}
          <bdi>{about}</bdi>
        </Text>
      </div>
      <div className="budget-state">
        {status === undefined ? (
          isKnown ? (
            <Text size="xs" c="dimmed" title={standing?.error?.message}>
              not known
            </Text>
          ) : (
            <Skeleton height={16} width={70} />
          )
        ) : (
          <Badge size="sm" variant="dot" tt="none" color={budgetColors[status.state]}>
            {stateLabels[status.state]}
          </Badge>
        )}
      </div>
      <div className="budget-bar">
        {status === undefined ? (
          <Skeleton height={12} visible={!isKnown} />
        ) : (
          <>
            <BudgetBar figures={figuresOf(status)} thresholds={budget.thresholds} />
            {status.per === null ? null : (
              <Text size="xs" c="dimmed" mt={4} className="clip" title={whoseText(status.per, status.value)}>
                most: <bdi>{whoseText(status.per, status.value)}</bdi>
              </Text>
            )}
          </>
        )}
      </div>
      <Text size="sm" className="budget-used" title={amountTextExact(status?.spentExact ?? null, measure)}>
        {status === undefined ? "" : `${amountShort(status.spentExact, measure)} of `}
        {amountText(amount, measure)}
        {status === undefined ? null : (
          <Text component="span" c="dimmed" inherit ml={6}>
            {formatShare(status.spentExact, status.amountExact)}
          </Text>
        )}
      </Text>
      <Text size="xs" c="dimmed" className="budget-outlook">
        {status === undefined ? null : <Outlook status={status} />}
        {status === undefined || uncountedShort(status) === "" ? null : (
          <Text component="span" inherit display="block" title={uncountedText(status)}>
            {uncountedShort(status)}
          </Text>
        )}
      </Text>
    </li>
  );
}

/** What will be, in a few words. */
function Outlook({ status }: { status: BudgetStatus }) {
  const zone = useTimeZone();
  if (status.exhaustedAt !== null) return <>used up {formatInstant(status.exhaustedAt, zone)}</>;
  if (status.projectedExact === null) return <>no end to reach</>;
  return <>{amountText(status.projectedExact, status)} projected</>;
}
