import { Button, CopyButton, Group, Select, Tabs, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { memo, useMemo, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { csvOf, download } from "../../chart/download.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatInstantExact } from "../../format/instants.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatCount } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { Icon } from "../../shell/icons.tsx";
import { Answer, ErrorState, Loading } from "../../shell/states.tsx";
import { type Column, DataTable } from "../../table/data-table.tsx";
import type { ChangeState } from "../../url-state/use-url-state.ts";
import type { Condition } from "./dimensions.ts";
import { type GroupSums, groupsAtFirst, type Question, useEveryGroup, useRecords } from "./explore-questions.ts";
import { commandOf, type ExploreState } from "./explore-state.ts";
import { type GroupLine, groupColumns, groupLines, groupTable } from "./group-lines.tsx";
import { nameOf, othersIn } from "./groups.ts";
import { type Measure, measures } from "./measures.ts";

/** Below the picture: the exact figures of each group, and the records that they are sums of. */
export function Details(props: {
  readonly state: ExploreState;
  readonly change: ChangeState<ExploreState>;
  readonly question: Question;
  readonly groups: UseQueryResult<GroupSums, Error>;
  readonly onNarrow: (conditions: readonly Condition[]) => void;
}) {
  const { state, change, question, groups, onNarrow } = props;
  const measure = measures[state.m];
  return (
    <section className="panel explore-details" aria-label="Figures and records">
      <Tabs
        value={state.tab}
        onChange={(tab) => change({ tab: tab === "records" ? "records" : "groups" })}
        keepMounted={false}
      >
        <Tabs.List mb="xs">
          <Tabs.Tab value="groups">Groups</Tabs.Tab>
          <Tabs.Tab value="records">Records</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="groups">
          <Answer of={groups} rows={8}>
            {(sums) => <Groups sums={sums} measure={measure} onNarrow={onNarrow} />}
          </Answer>
        </Tabs.Panel>
        <Tabs.Panel value="records">
          <Records question={question} order={state.order} onOrder={(order) => change({ order })} />
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}

const Groups = memo(function Groups(props: {
  readonly sums: GroupSums;
  readonly measure: Measure;
  readonly onNarrow: (conditions: readonly Condition[]) => void;
}) {
  const { sums, measure, onNarrow } = props;
  const { asked } = sums;
  const left = othersIn(sums.now.data);
  const [wanted, want] = useState<Question>();
  const every = useEveryGroup(asked, left > 0 && wanted === asked);
  const shown = (left > 0 ? every.data : undefined) ?? sums;
  const lines = useMemo(() => groupLines(shown, measure), [shown, measure]);
  const columns = useMemo(() => groupColumns(asked, measure), [asked, measure]);
  const command = commandOf(asked.period, asked.filters, asked.by);
  const isPart = shown === sums && left > 0;
  // Further ones are there because they are first by something else: between them others are missing.
  const first = isPart ? lines.slice(0, groupsAtFirst) : lines;
  const countAll = formatCount(lines.length + (isPart ? left : 0));
  const save = async (): Promise<void> => {
    const whole = isPart ? (await every.refetch()).data : shown;
    if (whole === undefined) return;
    const table = groupTable(isPart ? groupLines(whole, measure) : lines, asked, measure);
    download("groups.csv", new Blob([csvOf(table)], { type: "text/csv" }));
  };
  return (
    <>
      <Group justify="space-between" mb={4} gap="xs">
        <Text size="xs" c="dimmed">
          {isPart ? `The first ${formatCount(first.length)} of ` : ""}
          {countAll} {lines.length === 1 ? "group" : "groups"}
          {asked.by.length > 0 ? "; one that is picked becomes a filter" : ""}
        </Text>
        <Group gap={4}>
          {isPart ? (
            <Button size="compact-xs" variant="light" loading={every.isFetching} onClick={() => want(asked)}>
              Show all {countAll}
            </Button>
          ) : null}
          {command === undefined ? null : (
            <CopyButton value={command}>
              {({ copied, copy }) => (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  title={command}
                  leftSection={<Icon name={copied ? "check" : "copy"} size={12} />}
                  onClick={copy}
                >
                  {copied ? "Copied" : "Copy as command"}
                </Button>
              )}
            </CopyButton>
          )}
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<Icon name="download" size={12} />}
            onClick={() => void save()}
          >
            CSV
          </Button>
        </Group>
      </Group>
      {every.error === null ? null : <ErrorState error={every.error} onRetry={() => void every.refetch()} />}
      <DataTable<GroupLine>
        name="Exact figures of each group"
        columns={columns}
        rows={first}
        // By another figure, and by names, quite other groups are first.
        onSort={() => want(asked)}
        rowKey={({ key }) => key}
        {...(asked.by.length === 0 ? {} : { onPick: ({ conditions }: GroupLine) => onNarrow(conditions) })}
        empty="No record matches."
      />
    </>
  );
});

const orderLabels: Readonly<Record<ExploreState["order"], string>> = {
  "-occurredAt": "Latest first",
  "-totalCost": "Highest cost first",
  "-totalTokens": "Most tokens first",
};

type RecordRow = NonNullable<ReturnType<typeof useRecords>["data"]>[number];

function Records(props: {
  readonly question: Question;
  readonly order: ExploreState["order"];
  readonly onOrder: (order: ExploreState["order"]) => void;
}) {
  const { question, order, onOrder } = props;
  const { may } = useSession();
  const zone = useTimeZone();
  const search = useSearch();
  const [, navigate] = useLocation();
  const records = useRecords(question, order);
  const columns = useMemo(() => recordColumns(zone), [zone]);
  const rows = records.data;
  if (rows === undefined) {
    return records.error === null ? (
      <Loading rows={8} />
    ) : (
      <ErrorState error={records.error} onRetry={() => void records.refetch()} />
    );
  }
  const open = ({ id }: RecordRow): void => {
    // The rest of the address stays, so that the way back leads to the same records.
    const query = new URLSearchParams(search);
    query.set("id", id);
    navigate(`/explore/record?${query}`);
  };
  return (
    <div className={records.isPlaceholderData ? "old-answer" : undefined} aria-busy={records.isPlaceholderData}>
      <Group justify="space-between" mb={4} gap="xs">
        <Text size="xs" c="dimmed">
          {formatCount(rows.length)} {rows.length === 1 ? "record" : "records"}
          {records.hasNextPage ? ", and more" : ""}
          {may("usage:read") ? "; each leads to the proof of its cost" : ""}
        </Text>
        <Select
          size="xs"
          w={170}
          aria-label="Order"
          allowDeselect={false}
          value={order}
          data={Object.entries(orderLabels).map(([value, label]) => ({ value, label }))}
          onChange={(value) => onOrder((value ?? "-occurredAt") as ExploreState["order"])}
        />
      </Group>
      <DataTable<RecordRow>
        name="Records"
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        {...(may("usage:read") ? { onPick: open } : {})}
        empty="No record matches."
      />
      {records.hasNextPage ? (
        <Button
          mt="xs"
          size="xs"
          variant="default"
          loading={records.isFetchingNextPage}
          onClick={() => void records.fetchNextPage()}
        >
          Show more
        </Button>
      ) : null}
    </div>
  );
}

const clipped = (text: string) => (
  <span className="clip cell-name" title={text}>
    <bdi>{text}</bdi>
  </span>
);

const recordColumns = (zone: string): readonly Column<RecordRow>[] => [
  {
    key: "time",
    label: "Time",
    cell: ({ occurredAt }) => <span className="amount">{formatInstantExact(occurredAt, zone)}</span>,
  },
  { key: "model", label: "Model", cell: ({ provider, model }) => clipped(`${provider} / ${model}`) },
  { key: "project", label: "Project", cell: ({ projectId }) => clipped(nameOf(projectId)) },
  { key: "user", label: "User", cell: ({ userId }) => clipped(nameOf(userId)) },
  { key: "input", label: "Input", numeric: true, cell: ({ inputTokens }) => formatCount(inputTokens) },
  { key: "cached", label: "Cached", numeric: true, cell: ({ cachedTokens }) => formatCount(cachedTokens) },
  { key: "output", label: "Output", numeric: true, cell: ({ outputTokens }) => formatCount(outputTokens) },
  {
    key: "cost",
    label: "Cost",
    numeric: true,
    cell: ({ costStatus, totalCostExact, currency, corrected }) => (
      <>
        {costStatus === "priced" && !corrected ? null : (
          <span className="quiet">{corrected && costStatus === "priced" ? "corrected" : costStatus} </span>
        )}
        {costStatus === "unpriced" ? null : formatMoneyExact(totalCostExact, currency)}
      </>
    ),
  },
];
