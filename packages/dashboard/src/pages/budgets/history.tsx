import type { Budget, BudgetAmendment } from "@llm-cost-ops/sdk";
import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { useBudgets } from "../../data/budgets.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatInstant } from "../../format/instants.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatCount } from "../../format/numbers.ts";
import { Answer, Panel } from "../../shell/states.tsx";
import { textField } from "../../url-state/fields.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { type HistoryPage, useHistory, useTenantOf } from "./budget-questions.ts";
import { amountText } from "./budget-words.ts";
import { eachText } from "./per.ts";

export const historyFields = { before: textField() };

/** Who changed what, when and why; transfers are told as such. */
export function History({ budget }: { budget: Budget }) {
  const [state, change] = useUrlState(historyFields);
  const page = useHistory(budget.id, state.before);
  return (
    <Panel title={budget.per === null ? "History" : `History, for ${eachText(budget.per)} alike`}>
      <Answer of={page} rows={3}>
        {(data) => <Changes page={data} budget={budget} />}
      </Answer>
      {state.before !== "" || (page.data?.nextCursor ?? null) !== null ? (
        <Group gap="xs" mt="sm">
          <Button size="xs" variant="default" disabled={state.before === ""} onClick={() => change({ before: "" })}>
            Newest
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={(page.data?.nextCursor ?? null) === null}
            onClick={() => change({ before: page.data?.nextCursor ?? "" })}
          >
            Older
          </Button>
        </Group>
      ) : null}
    </Panel>
  );
}

function Changes({ page, budget }: { page: HistoryPage; budget: Budget }) {
  const zone = useTimeZone();
  if (page.rows.length === 0) {
    return (
      <Text c="dimmed" size="sm">
        Never changed since it was made on {formatInstant(budget.createdAt, zone)}.
      </Text>
    );
  }
  return (
    <Stack gap="sm" component="ol" style={{ listStyle: "none", margin: 0, padding: 0 }}>
      {page.rows.map((change) => (
        <li key={change.number}>
          <Text size="xs" c="dimmed">
            {formatInstant(change.changedAt, zone)}, <bdi>{change.changedBy.name ?? change.changedBy.kind}</bdi>
          </Text>
          <What change={change} budget={budget} />
          {change.reason === null ? null : (
            <Text size="sm" fs="italic" lineClamp={6}>
              <bdi>{change.reason}</bdi>
            </Text>
          )}
        </li>
      ))}
    </Stack>
  );
}

function What({ change, budget }: { change: BudgetAmendment; budget: Budget }) {
  const all = useBudgets(useTenantOf()(budget));
  const { transfer, before, after } = change;
  if (transfer !== null) {
    const other = all.data?.find(({ id }) => id === transfer.budgetId);
    return (
      <Text size="sm">
        {amountText(transfer.amountExact, budget)} transferred {transfer.direction}{" "}
        {other === undefined ? (
          "a budget that is no longer there"
        ) : (
          <Anchor component={Link} inherit href={`/budgets/${encodeURIComponent(other.id)}`}>
            <bdi>{other.name}</bdi>
          </Anchor>
        )}
      </Text>
    );
  }
  const names = Object.keys(after) as (keyof typeof after)[];
  return names.map((name) => (
    <Text key={name} size="sm">
      {fieldLabels[name] ?? name}: <bdi>{valueText(before[name], name, budget)}</bdi> →{" "}
      <Text component="span" inherit fw={600}>
        <bdi>{valueText(after[name], name, budget)}</bdi>
      </Text>
    </Text>
  ));
}

/** Of the fields that changes tell of, by the wire's names. */
const fieldLabels: Readonly<Record<string, string>> = {
  name: "Name",
  description: "Description",
  amount: "Amount",
  tokens: "Tokens",
  currency: "Currency",
  period: "Period",
  parent_id: "Part of",
  scope: "Scope",
  thresholds: "Thresholds",
  enforcement: "Enforcement",
  at_limit: "At the limit",
  when_store_is_away: "Database away",
  unpriced: "Unpriced models",
  per: "For each",
};

const textMax = 300;

/** A value of a change in words; of what has parts each with its name. */
export function valueText(value: unknown, name: string, { currency }: { readonly currency: string | null }): string {
  if (value === null || value === undefined || value === "") return "none";
  if (name === "amount") return formatMoneyExact(String(value), currency);
  if (name === "tokens") return formatCount(String(value));
  if (name === "thresholds") return (value as number[]).map((percent) => `${percent}%`).join(", ") || "none";
  return plainText(value).slice(0, textMax);
}

function plainText(value: unknown): string {
  if (Array.isArray(value)) return value.map(plainText).join(" or ");
  if (typeof value !== "object" || value === null) return String(value);
  const parts = Object.entries(value).map(([name, part]) => `${name.replaceAll("_", " ")} ${plainText(part)}`);
  return parts.join(", ") || "everything";
}
