import type { Budget, BudgetStatus, BudgetValue } from "@llm-cost-ops/sdk";
import { Badge, Button, Group, Text } from "@mantine/core";
import { useMemo } from "react";
import { formatShare } from "../../format/numbers.ts";
import { budgetColors } from "../../shell/state-colors.ts";
import { Answer, Panel } from "../../shell/states.tsx";
import { type Column, DataTable } from "../../table/data-table.tsx";
import { useValues } from "./budget-questions.ts";
import { amountShort, amountTextExact, type Measure, stateLabels } from "./budget-words.ts";
import { eachText, type Picked, perWord, whoseText } from "./per.ts";

/** Whose the figures below are, and the way back to the one that used most. */
export function Whose(props: { per: string; status: BudgetStatus; picked: Picked; onPick: (picked: Picked) => void }) {
  const { per, status, picked, onPick } = props;
  const isPicked = picked.value !== undefined || picked.withoutValue === true;
  return (
    <Group justify="space-between" gap="xs" role="status">
      <Text size="sm" style={{ overflowWrap: "anywhere", minWidth: 0 }} lineClamp={3}>
        Figures of{" "}
        <Text component="span" inherit fw={600}>
          <bdi>{whoseText(per, status.value)}</bdi>
        </Text>
        {isPicked ? ". " : ", which used most. "}
        <Text component="span" inherit c="dimmed">
          {`The amount is for ${eachText(per)} by itself.`}
        </Text>
      </Text>
      {isPicked ? (
        <Button size="compact-sm" variant="default" onClick={() => onPick({})}>
          Show what used most
        </Button>
      ) : null}
    </Group>
  );
}

/** How a budget stands for each value, most used first; one is picked to see all of it. */
export function Values(props: {
  budget: Budget;
  per: string;
  status: BudgetStatus | undefined;
  onPick: (picked: Picked) => void;
}) {
  const { budget, per, status, onPick } = props;
  const values = useValues(budget.id);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = values;
  const shown = status === undefined ? undefined : status.value;
  const columns = useMemo(() => columnsOf(per, budget, shown), [per, budget, shown]);
  return (
    <Panel title={`For ${eachText(per)}`}>
      <Answer of={values} rows={4}>
        {(rows) => (
          <>
            <DataTable
              name={`How the budget stands for ${eachText(per)}`}
              columns={columns}
              rows={rows}
              rowKey={({ value }) => (value === null ? "-" : `=${value}`)}
              onPick={({ value }) => onPick(value === null ? { withoutValue: true } : { value })}
              maxHeight={420}
              empty="Nothing was used in this period."
            />
            {hasNextPage ? (
              <Group justify="center" mt="sm">
                <Button variant="default" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                  More
                </Button>
              </Group>
            ) : null}
          </>
        )}
      </Answer>
    </Panel>
  );
}

const columnsOf = (per: string, measure: Measure, shown: string | null | undefined): readonly Column<BudgetValue>[] => {
  const amount = (exact: string) => <span title={amountTextExact(exact, measure)}>{amountShort(exact, measure)}</span>;
  const word = perWord(per);
  return [
    {
      key: "value",
      label: `${word.charAt(0).toUpperCase()}${word.slice(1)}`,
      cell: ({ value }) => (
        <Text
          component="span"
          size="sm"
          fw={value === shown ? 700 : 400}
          className="clip budget-value"
          title={value ?? undefined}
          {...(value === shown ? { "aria-current": true } : {})}
        >
          {value === null ? `without a ${word}` : value === "" ? "(empty)" : <bdi>{value}</bdi>}
        </Text>
      ),
    },
    { key: "spent", label: "Spent", numeric: true, cell: ({ spentExact }) => amount(spentExact) },
    { key: "reserved", label: "Reserved", numeric: true, cell: ({ reservedExact }) => amount(reservedExact) },
    { key: "remaining", label: "Remaining", numeric: true, cell: ({ remainingExact }) => amount(remainingExact) },
    {
      key: "use",
      label: "Use",
      numeric: true,
      cell: ({ utilizationExact }) => (utilizationExact === null ? "–" : formatShare(utilizationExact, "1")),
    },
    {
      key: "state",
      label: "State",
      cell: ({ state }) => (
        <Badge size="sm" variant="dot" tt="none" color={budgetColors[state]}>
          {stateLabels[state]}
        </Badge>
      ),
    },
  ];
};
