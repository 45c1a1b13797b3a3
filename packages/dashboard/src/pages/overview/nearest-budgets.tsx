import type { ListedBudgetStatus } from "@llm-cost-ops/sdk";
import { Anchor, Badge, Group, Progress, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { compareDecimals, pixels } from "../../format/decimal.ts";
import { formatMoney, formatMoneyFixed } from "../../format/money.ts";
import { formatCount, formatShare, formatTokens } from "../../format/numbers.ts";
import { budgetColors } from "../../shell/state-colors.ts";
import { EmptyState } from "../../shell/states.tsx";
import { whoseText } from "../budgets/per.ts";

const shownMax = 5;

/** The budgets that are nearest to their amount; of one with an amount for each value, the value that used most. */
export function NearestBudgets({ standings }: { standings: ReadonlyMap<string, ListedBudgetStatus> }) {
  const all = [...standings.values()];
  if (all.length === 0) {
    return (
      <EmptyState icon="budgets" title="No budget yet">
        A budget says what may be spent, and warns before it is.
      </EmptyState>
    );
  }
  const known = all.flatMap(({ status }) => (status === null ? [] : [status]));
  const nearest = known
    .toSorted((a, b) => compareDecimals(b.utilizationExact ?? "0", a.utilizationExact ?? "0"))
    .slice(0, shownMax);
  const unknown = all.length - known.length;
  return (
    <Stack gap="xs">
      {nearest.map((status) => {
        const { budgetId, unit, currency, amountExact, spentExact, reservedExact, utilizationExact, state } = status;
        const name = status.per === null ? status.name : `${status.name}, ${whoseText(status.per, status.value)}`;
        const text = (value: string): string =>
          unit === "money" ? formatMoneyFixed(value, currency) : formatTokens(value);
        const reserved =
          compareDecimals(reservedExact, "0") > 0
            ? `, ${unit === "money" ? formatMoney(reservedExact, currency) : formatTokens(reservedExact)} reserved`
            : "";
        return (
          <div key={budgetId}>
            <Group justify="space-between" wrap="nowrap" gap="xs">
              <Anchor
                component={Link}
                href={`/budgets/${encodeURIComponent(budgetId)}`}
                c="var(--mantine-color-text)"
                size="sm"
                className="clip"
                title={name}
              >
                <bdi>{name}</bdi>
              </Anchor>
              <Group gap="xs" wrap="nowrap" className="nearest-figures">
                {state === "ok" ? null : (
                  <Badge size="sm" variant="dot" tt="none" flex="none" color={budgetColors[state]}>
                    {state}
                  </Badge>
                )}
                <Text size="sm" className="amount nearest-amount">
                  {text(spentExact)} of {text(amountExact)}
                  {reserved}
                </Text>
              </Group>
            </Group>
            <Progress
              value={Math.min(100, pixels(utilizationExact) * 100)}
              color={budgetColors[state]}
              size="sm"
              aria-label={`${name}: ${formatShare(utilizationExact ?? "0", "1")} used${reserved}`}
            />
          </div>
        );
      })}
      {unknown === 0 ? null : (
        <Text size="xs" c="dimmed">
          How {formatCount(unknown)} more stand is not known: they have too many values.
        </Text>
      )}
    </Stack>
  );
}
