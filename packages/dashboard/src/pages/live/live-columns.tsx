import { Anchor, Badge, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { Link } from "wouter";
import { formatInstantExact, formatRecent } from "../../format/instants.ts";
import { formatMoney, formatMoneyExact } from "../../format/money.ts";
import { formatCount, formatTokens } from "../../format/numbers.ts";
import type { Column } from "../../table/data-table.tsx";
import type { FilterName } from "../../url-state/filters.ts";
import type { LiveCall } from "./live-feed.ts";

export interface LiveCellActions {
  readonly zone: string;
  readonly mayReadUsage: boolean;
  readonly mayAddPrice: boolean;
  /** Only calls with this value from now on. */
  readonly onFilter: (name: FilterName, value: string) => void;
}

/** What is most wanted comes first: on a small screen the others are scrolled to. */
export function liveColumns(actions: LiveCellActions): readonly Column<LiveCall>[] {
  const { zone } = actions;
  const filtering = (name: FilterName, label: string, value: string | null) => (
    <Filtering name={name} label={label} value={value} onFilter={actions.onFilter} />
  );
  return [
    { key: "time", label: "Time", cell: (call) => <Time call={call} zone={zone} isLinked={actions.mayReadUsage} /> },
    { key: "model", label: "Model", cell: ({ model }) => filtering("model", "model", model) },
    {
      key: "cost",
      label: "Cost",
      numeric: true,
      cell: (call) => <Cost call={call} mayAddPrice={actions.mayAddPrice} />,
    },
    {
      key: "latency",
      label: "Latency",
      numeric: true,
      cell: ({ latencyMs }) => (latencyMs === null ? "–" : `${formatCount(Math.round(latencyMs))} ms`),
    },
    { key: "status", label: "Status", cell: ({ status }) => <Status status={status} /> },
    { key: "input", label: "Input", numeric: true, cell: ({ inputTokens }) => formatTokens(inputTokens) },
    { key: "output", label: "Output", numeric: true, cell: ({ outputTokens }) => formatTokens(outputTokens) },
    { key: "project", label: "Project", cell: ({ projectId }) => filtering("projectId", "project", projectId) },
    { key: "user", label: "User", cell: ({ userId }) => filtering("userId", "user", userId) },
    { key: "provider", label: "Provider", cell: ({ provider }) => filtering("provider", "provider", provider) },
  ];
}

function Time({ call, zone, isLinked }: { call: LiveCall; zone: string; isLinked: boolean }) {
  const time = formatRecent(call.occurredAt, zone, Date.now());
  const whole = formatInstantExact(call.occurredAt, zone);
  if (!isLinked || !call.hasUsage) return <span title={whole}>{time}</span>;
  return (
    <Anchor
      component={Link}
      href={`/explore/record?${new URLSearchParams({ id: call.id })}`}
      inherit
      title={`${whole}: why it cost that`}
    >
      {time}
    </Anchor>
  );
}

function Filtering(props: {
  readonly name: FilterName;
  readonly label: string;
  readonly value: string | null;
  readonly onFilter: (name: FilterName, value: string) => void;
}) {
  const { name, label, value, onFilter } = props;
  if (value === null) return <span className="quiet">–</span>;
  return (
    <UnstyledButton
      fz="inherit"
      className="live-name clip"
      title={`${value}: only this ${label}`}
      onClick={() => onFilter(name, value)}
    >
      <bdi>{value}</bdi>
    </UnstyledButton>
  );
}

function Cost({ call, mayAddPrice }: { call: LiveCall; mayAddPrice: boolean }) {
  const { costStatus, costExact, currency, provider, model, unpricedReason } = call;
  if (costStatus === "void") return <span className="quiet">void</span>;
  if (costStatus !== "unpriced")
    return <span title={formatMoneyExact(costExact, currency)}>{formatMoney(costExact, currency)}</span>;
  const why = unpricedReason === null ? "no price" : unpricedReason.replaceAll("_", " ");
  if (!mayAddPrice) return <span title={why}>unpriced</span>;
  return (
    <Tooltip label={`${why}: add a price`}>
      <Anchor component={Link} href={`/prices/new?${new URLSearchParams({ provider, model })}`} inherit>
        unpriced
      </Anchor>
    </Tooltip>
  );
}

function Status({ status }: { status: LiveCall["status"] }) {
  if (status === null) return <span className="quiet">–</span>;
  if (status === "success")
    return (
      <Text component="span" c="dimmed" inherit>
        success
      </Text>
    );
  return (
    <Badge size="sm" variant="dot" tt="none" color="red">
      error
    </Badge>
  );
}
