import type { Budget, BudgetStatus } from "@llm-cost-ops/sdk";
import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { useTimeZone } from "../../data/organization.ts";
import { formatInstant } from "../../format/instants.ts";
import { formatShare } from "../../format/numbers.ts";
import { scopeDimensions } from "../../scope/scope.ts";
import { Panel } from "../../shell/states.tsx";
import { useTenantOf } from "./budget-questions.ts";
import { amountText, limitText, periodText } from "./budget-words.ts";
import { eachText } from "./per.ts";

const shownMax = 12;

/** Everything that was decided about a budget, in words. */
export function BudgetFacts({ budget }: { budget: Budget }) {
  const zone = useTimeZone();
  const tenantOf = useTenantOf();
  const { scope, atLimit } = budget;
  const named = scopeDimensions.filter(({ name }) => scope[name] !== undefined);
  const isHard = budget.enforcement === "hard";
  return (
    <dl className="facts">
      <dt>Period</dt>
      <dd>{periodText(budget.period)}</dd>
      <dt>Amount</dt>
      <dd>
        {amountText(budget.amountExact ?? String(budget.tokens ?? 0), budget)}
        {budget.per === null ? "" : <bdi> for {eachText(budget.per)}</bdi>}
      </dd>
      {named.length === 0 ? (
        <>
          <dt>Counts</dt>
          <dd>the whole {tenantOf(budget) === undefined ? "organization" : "tenant"}</dd>
        </>
      ) : (
        named.map(({ name, label, plural }) => {
          const values = [scope[name] ?? []].flat();
          return [
            <dt key={`${name} label`}>{values.length > 1 ? plural : label}</dt>,
            <dd key={name}>
              {values.slice(0, shownMax).map((value, at) => (
                <span key={value}>
                  {at > 0 ? ", " : ""}
                  <bdi>{value.length > 200 ? `${value.slice(0, 200)}…` : value}</bdi>
                </span>
              ))}
              {values.length > shownMax ? ` and ${values.length - shownMax} more` : ""}
            </dd>,
          ];
        })
      )}
      <dt>Thresholds</dt>
      <dd>{budget.thresholds.length === 0 ? "none" : budget.thresholds.map((value) => `${value}%`).join(", ")}</dd>
      <dt>At the limit</dt>
      <dd>
        {limitText(budget)}
        {atLimit?.action === "fallback" && atLimit.provider !== undefined ? ` (${atLimit.provider})` : ""}
      </dd>
      {isHard ? (
        <>
          <dt>Unpriced models</dt>
          <dd>{budget.unpriced === "allow" ? "allowed" : "refused"}</dd>
          <dt>Database away</dt>
          <dd>{budget.whenStoreIsAway === "allow" ? "calls are allowed" : "calls are refused"}</dd>
        </>
      ) : null}
      {budget.setBy === "parent" ? (
        <>
          <dt>Set by</dt>
          <dd>{tenantOf(budget) === undefined ? "the parent organization" : "this organization, for its tenant"}</dd>
        </>
      ) : null}
      <dt>Made</dt>
      <dd>{formatInstant(budget.createdAt, zone)}</dd>
    </dl>
  );
}

/** How a budget is divided among its parts. */
export function Parts({ status }: { status: BudgetStatus }) {
  return (
    <Panel title="Parts">
      <Stack gap={4} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {status.children.map(({ budgetId, name, amountExact }) => (
          <Part
            key={budgetId}
            name={name}
            href={`/budgets/${encodeURIComponent(budgetId)}`}
            amount={amountExact}
            of={status}
          />
        ))}
        {status.unallocated === null ? null : <Part name="not allocated" amount={status.unallocated} of={status} />}
      </Stack>
    </Panel>
  );
}

function Part({ name, href, amount, of }: { name: string; href?: string; amount: string; of: BudgetStatus }) {
  const share = Number(of.amountExact) > 0 ? Math.max(0, Math.min(1, Number(amount) / Number(of.amountExact))) : 0;
  return (
    <li className="rank">
      {href === undefined ? null : <span className="rank-bar" style={{ width: `${(share * 100).toFixed(2)}%` }} />}
      {href === undefined ? (
        <Text size="sm" c="dimmed">
          {name}
        </Text>
      ) : (
        <Anchor component={Link} href={href} size="sm" c="var(--mantine-color-text)" className="clip">
          <bdi>{name}</bdi>
        </Anchor>
      )}
      <Text size="xs" c="dimmed" className="amount">
        {formatShare(amount, of.amountExact)}
      </Text>
      <Text size="sm" className="amount">
        {amountText(amount, of)}
      </Text>
    </li>
  );
}
