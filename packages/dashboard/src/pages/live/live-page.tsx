import "./live.css";
import { Badge, Button, Group, Pill, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { useTimeZone } from "../../data/organization.ts";
import { formatTime } from "../../format/instants.ts";
import { formatMoney, formatMoneyExact } from "../../format/money.ts";
import { formatCount } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { ErrorState, PageHeader } from "../../shell/states.tsx";
import { DataTable } from "../../table/data-table.tsx";
import { choiceField, textField } from "../../url-state/fields.ts";
import { type FilterName, type Filters, filtersField, toggled } from "../../url-state/filters.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { liveColumns } from "./live-columns.tsx";
import { keptMax, type LiveCall, minuteOf, type ShownKind, shownCalls, shownKinds } from "./live-feed.ts";
import { type Connection, useLiveCalls } from "./use-live-calls.ts";

/** What a stream can be narrowed to; a cost's status changes while it is followed, and that of usage and hours are no filters of it. */
const filterLabels = {
  provider: "Provider",
  model: "Model",
  projectId: "Project",
  userId: "User",
  apiKeyId: "API key",
  serviceTier: "Tier",
  region: "Region",
  tags: "Tag",
} as const satisfies { readonly [Name in FilterName]?: string };

const streamFilters = filtersField(Object.keys(filterLabels) as (keyof typeof filterLabels)[]);
const fields = { q: textField(), show: choiceField(shownKinds), f: streamFilters };

/** The calls as they are recorded. */
export default function LivePage() {
  const [state, change] = useUrlState(fields);
  const [isPaused, setPaused] = useState(false);
  const [isScrolled, setScrolled] = useState(false);
  // What somebody reads further down must not move away below them.
  const isHeld = isPaused || isScrolled;
  const { feed, connection } = useLiveCalls(state.f, isHeld);
  const { calls, waitingCount } = feed;
  return (
    <>
      <PageHeader title="Live" reads={fields}>
        <ConnectionBadge connection={connection} isHeld={isHeld} />
        <Button variant={isPaused ? "filled" : "default"} onClick={() => setPaused((paused) => !paused)} miw="7rem">
          {isPaused ? "Go on" : "Pause"}
        </Button>
      </PageHeader>
      <Stack gap="sm">
        {connection.kind === "ended" ? <ErrorState error={connection.error} /> : null}
        <section className="panel" aria-label="The last minute">
          <LastMinute calls={calls} />
        </section>
        <section className="panel" aria-label="Calls">
          <Group gap="xs" mb="xs" justify="space-between">
            <Group gap="xs">
              <TextInput
                aria-label="Find among the calls that are listed"
                placeholder="Model, project, user or tag"
                value={state.q}
                w={230}
                onChange={({ currentTarget }) => change({ q: currentTarget.value }, { replace: true })}
              />
              <SegmentedControl
                size="xs"
                aria-label="Which calls"
                value={state.show}
                onChange={(show) => change({ show: show as ShownKind })}
                data={[
                  { value: "all", label: "All" },
                  { value: "errors", label: "Errors" },
                  { value: "unpriced", label: "Unpriced" },
                ]}
              />
            </Group>
            <Text size="xs" c="dimmed" role="status">
              {isHeld
                ? `${isPaused ? "Paused" : "Held while you read further down"}: ${waitingText(waitingCount)}`
                : ""}
            </Text>
          </Group>
          <Chips filters={state.f} onChange={(f) => change({ f })} />
          <Calls
            calls={calls}
            search={state.q}
            kind={state.show}
            isConnected={connection.kind === "live"}
            onScrolled={setScrolled}
            onFilter={(name, value) => change({ f: withFilter(state.f, name, value) })}
          />
        </section>
      </Stack>
    </>
  );
}

const withFilter = (filters: Filters, name: FilterName, value: string): Filters =>
  (filters[name] ?? []).includes(value) ? filters : toggled(filters, name, value);

const twoLinesHeight = 58;

const waitingText = (count: number): string => (count === 1 ? "1 call waits" : `${formatCount(count)} calls wait`);

function Calls(props: {
  readonly calls: readonly LiveCall[];
  readonly search: string;
  readonly kind: ShownKind;
  readonly isConnected: boolean;
  readonly onScrolled: (isScrolled: boolean) => void;
  readonly onFilter: (name: FilterName, value: string) => void;
}) {
  const { calls, kind, isConnected, onScrolled, onFilter } = props;
  const { may } = useSession();
  const zone = useTimeZone();
  const search = useDeferredValue(props.search);
  const rows = useMemo(() => shownCalls(calls, search, kind), [calls, search, kind]);
  const mayReadUsage = may("usage:read");
  const mayAddPrice = may("prices:read", "prices:write");
  const isNarrow = useMediaQuery("(max-width: 62em)", undefined, { getInitialValueInEffect: false });
  // Only the address, the role and the screen change what a cell shows and does.
  const columns = useMemo(
    () => liveColumns({ zone, mayReadUsage, mayAddPrice, onFilter }, isNarrow),
    [zone, mayReadUsage, mayAddPrice, onFilter, isNarrow],
  );
  return (
    <div className="live-table" onScrollCapture={({ target }) => onScrolled((target as HTMLElement).scrollTop > 0)}>
      <DataTable
        name="Calls, newest first"
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        maxHeight={640}
        {...(isNarrow ? { rowHeight: twoLinesHeight } : {})}
        empty={
          calls.length > 0
            ? "No call that is listed matches."
            : isConnected
              ? "No call yet. The next one shows up here as soon as it is recorded."
              : "Connecting …"
        }
      />
      <Text size="xs" c="dimmed" mt="xs">
        {formatCount(rows.length)} {rows.length === 1 ? "call" : "calls"}
        {rows.length === calls.length ? "" : ` of ${formatCount(calls.length)} that are listed`}
        {calls.length >= keptMax ? "; older ones are in the explorer" : ""}
      </Text>
    </div>
  );
}

function Chips({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  const entries = (Object.keys(filterLabels) as (keyof typeof filterLabels)[]).flatMap((name) =>
    (filters[name] ?? []).map((value) => ({ name, value })),
  );
  if (entries.length === 0) return null;
  return (
    <Group gap="xs" mb="xs">
      {entries.map(({ name, value }) => (
        <Pill
          key={`${name}:${value}`}
          withRemoveButton
          removeButtonProps={{
            "aria-label": `Without ${filterLabels[name]} ${value.slice(0, 80)}`,
            "aria-hidden": false,
            tabIndex: 0,
          }}
          onRemove={() => onChange(toggled(filters, name, value))}
          maw="20rem"
          title={value}
        >
          {filterLabels[name]}: <bdi>{value}</bdi>
        </Pill>
      ))}
    </Group>
  );
}

function ConnectionBadge({ connection, isHeld }: { connection: Connection; isHeld: boolean }) {
  const zone = useTimeZone();
  const { color, text } = connectionWords(connection, isHeld, zone);
  return (
    <Badge variant="dot" tt="none" size="lg" fw={500} color={color} role="status">
      {text}
    </Badge>
  );
}

function connectionWords(connection: Connection, isHeld: boolean, zone: string): { color: string; text: string } {
  switch (connection.kind) {
    case "connecting":
      return { color: "gray", text: "connecting" };
    case "broken":
      return { color: "yellow", text: "connection lost, trying again" };
    case "ended":
      return { color: "red", text: "ended" };
    case "live": {
      const { resumedMs, hasGap = false } = connection;
      const since =
        resumedMs === undefined
          ? ""
          : `, reconnected ${formatTime(resumedMs, zone)}${hasGap ? " after a gap" : ", nothing missed"}`;
      return { color: isHeld ? "gray" : "teal", text: `${isHeld ? "held" : "live"}${since}` };
    }
    default:
      return connection satisfies never;
  }
}

function LastMinute({ calls }: { calls: readonly LiveCall[] }) {
  const [nowMs, setNow] = useState(() => Date.now());
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(ticking);
  }, []);
  const minute = useMemo(() => minuteOf(calls, nowMs), [calls, nowMs]);
  const { medianLatencyMs } = minute;
  return (
    <dl className="live-minute">
      <Figure label="Calls in the last minute" value={formatCount(minute.calls)} />
      {minute.costs.length === 0 ? <Figure label="Cost" value="–" /> : null}
      {minute.costs.map(({ currency, costExact }) => (
        <Figure
          key={currency}
          label={minute.costs.length === 1 ? "Cost" : `Cost in ${currency}`}
          value={formatMoney(costExact, currency)}
          exact={formatMoneyExact(costExact, currency)}
        />
      ))}
      <Figure
        label="Median latency"
        value={medianLatencyMs === undefined ? "–" : `${formatCount(Math.round(medianLatencyMs))} ms`}
      />
      <Figure label="Errors" value={formatCount(minute.errors)} />
      <Figure label="Unpriced" value={formatCount(minute.unpriced)} />
    </dl>
  );
}

function Figure({ label, value, exact }: { label: string; value: string; exact?: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd {...(exact === undefined ? {} : { title: exact })}>{value}</dd>
    </div>
  );
}
