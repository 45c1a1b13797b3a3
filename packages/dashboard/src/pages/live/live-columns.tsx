import { Anchor, Badge, Text, Tooltip, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
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

/** What is most wanted comes first. Where there is little room two of it stand below one another, so that all of it is seen at once. */
export function liveColumns(actions: LiveCellActions, isNarrow: boolean): readonly Column<LiveCall>[] {
  const { zone } = actions;
  const filtering = (name: FilterName, label: string, value: string | null) => (
    <Filtering name={name} label={label} value={value} onFilter={actions.onFilter} />
  );
  const time = (call: LiveCall) => <Time call={call} zone={zone} isLinked={actions.mayReadUsage} />;
  const model = (call: LiveCall) => filtering("model", "model", call.model);
  const cost = (call: LiveCall) => <Cost call={call} mayAddPrice={actions.mayAddPrice} />;
  const status = (call: LiveCall) => <Status status={call.status} />;
  const first: readonly Column<LiveCall>[] = isNarrow
    ? [
        {
          key: "call",
          label: "Model, time, latency",
          cell: (call) => (
            <Two
              above={model(call)}
              below={
                <>
                  {time(call)} {call.latencyMs === null ? null : `· ${latencyOf(call)}`}
                </>
              }
            />
          ),
        },
        {
          key: "cost",
          label: "Cost, status",
          numeric: true,
          cell: (call) => <Two above={cost(call)} below={status(call)} />,
        },
      ]
    : [
        { key: "time", label: "Time", cell: time },
        { key: "model", label: "Model", cell: model },
        { key: "cost", label: "Cost", numeric: true, cell: cost },
        { key: "latency", label: "Latency", numeric: true, cell: latencyOf },
        { key: "status", label: "Status", cell: status },
      ];
  return [
    ...first,
    { key: "input", label: "Input", numeric: true, cell: ({ inputTokens }) => formatTokens(inputTokens) },
    { key: "output", label: "Output", numeric: true, cell: ({ outputTokens }) => formatTokens(outputTokens) },
    { key: "project", label: "Project", cell: ({ projectId }) => filtering("projectId", "project", projectId) },
    { key: "user", label: "User", cell: ({ userId }) => filtering("userId", "user", userId) },
    { key: "provider", label: "Provider", cell: ({ provider }) => filtering("provider", "provider", provider) },
  ];
}

const latencyOf = ({ latencyMs }: LiveCall): string =>
  latencyMs === null ? "–" : `${formatCount(Math.round(latencyMs))} ms`;

const Two = ({ above, below }: { readonly above: ReactNode; readonly below: ReactNode }) => (
  <>
    <div className="live-line">{above}</div>
    <div className="live-line live-below">{below}</div>
  </>
);

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
