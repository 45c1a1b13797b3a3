import type { ChannelDelivery, WebhookDelivery } from "@llm-cost-ops/sdk";
import { Badge, Button, Group, SegmentedControl, Title } from "@mantine/core";
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { useTimeZone } from "../../data/organization.ts";
import { answerText, deliveryStateWords, isOnItsWay } from "../../delivery/delivery-words.ts";
import { formatInstantExact } from "../../format/instants.ts";
import { formatCount } from "../../format/numbers.ts";
import { Facts } from "../../shell/facts.tsx";
import { Name } from "../../shell/name.tsx";
import { SidePanel } from "../../shell/side-panel.tsx";
import { ErrorState, Loading, Panel } from "../../shell/states.tsx";
import { type Column, DataTable } from "../../table/data-table.tsx";
import { readable } from "./webhooks/webhook-words.ts";

type Delivery = Omit<WebhookDelivery, "webhookId"> | Omit<ChannelDelivery, "channelId">;
export const deliveryFilters = ["all", "pending", "succeeded", "failed"] as const;
export type DeliveryFilter = (typeof deliveryFilters)[number];

const labelOfFilter = (filter: DeliveryFilter): string => (filter === "all" ? "All" : deliveryStateWords[filter][0]);
const lookAgainMs = 1_500;

/** What was sent to one address, newest first, each with what was sent and what came back. */
export function DeliveryLog<D extends Delivery>(props: {
  readonly deliveries: UseInfiniteQueryResult<readonly D[], Error>;
  readonly filter: DeliveryFilter;
  readonly onFilter: (filter: DeliveryFilter) => void;
  /** The id of the one that is looked at; empty is none. */
  readonly picked: string;
  readonly onPick: (id: string) => void;
  /** What can be done with one, such as to send it again. */
  readonly actions?: (delivery: D) => ReactNode;
}) {
  const { deliveries, filter, onFilter, picked, onPick, actions } = props;
  const zone = useTimeZone();
  const { data: all, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = deliveries;
  const isUnderWay = all?.some(isOnItsWay) ?? false;
  useEffect(() => {
    // What was just asked for is on its way for a moment; a failed one waits longer than anybody looks.
    if (!isUnderWay) return;
    const timer = setInterval(() => void refetch(), lookAgainMs);
    return () => clearInterval(timer);
  }, [isUnderWay, refetch]);
  const one = all?.find(({ id }) => id === picked);
  return (
    <Panel
      title="Deliveries"
      aside={
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Which deliveries"
            data={deliveryFilters.map((value) => ({ value, label: labelOfFilter(value) }))}
            value={filter}
            onChange={(value) => onFilter(value as DeliveryFilter)}
          />
          <Button size="xs" variant="default" onClick={() => void refetch()}>
            Look again
          </Button>
        </Group>
      }
    >
      {error !== null && all === undefined ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : all === undefined ? (
        <Loading height={160} />
      ) : (
        <>
          <DataTable
            name="Deliveries"
            columns={deliveryColumns(zone)}
            rows={all}
            rowKey={({ id }) => id}
            onPick={({ id }) => onPick(id)}
            maxHeight={480}
            empty={filter === "all" ? "Nothing was sent there yet." : "None is like that."}
          />
          {hasNextPage ? (
            <Group justify="center" mt="sm">
              <Button variant="default" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                Show earlier ones
              </Button>
            </Group>
          ) : null}
        </>
      )}
      <SidePanel title="Delivery" size="xl" isOpen={one !== undefined} onClose={() => onPick("")}>
        {one === undefined ? null : <OneDelivery delivery={one} zone={zone} actions={actions?.(one)} />}
      </SidePanel>
    </Panel>
  );
}

function DeliveryBadge({ status }: Pick<Delivery, "status">) {
  const [label, color] = deliveryStateWords[status];
  return (
    <Badge size="sm" variant="dot" tt="none" color={color}>
      {label}
    </Badge>
  );
}

const deliveryColumns = (zone: string): readonly Column<Delivery>[] => [
  { key: "time", label: "When", cell: ({ createdAt }) => formatInstantExact(createdAt, zone) },
  { key: "event", label: "Event", cell: ({ eventType }) => <Name text={eventType} /> },
  { key: "status", label: "State", cell: ({ status }) => <DeliveryBadge status={status} /> },
  { key: "answer", label: "Answer", cell: (delivery) => <Name text={answerText(delivery)} /> },
  { key: "attempts", label: "Attempts", numeric: true, cell: ({ attempts }) => formatCount(attempts) },
  {
    key: "took",
    label: "Took",
    numeric: true,
    cell: ({ durationMs }) => (durationMs === null ? "–" : `${formatCount(durationMs)} ms`),
  },
];

function OneDelivery(props: { delivery: Delivery; zone: string; actions: ReactNode }) {
  const { delivery, zone, actions } = props;
  const at = (instant: string | null): string | null => (instant === null ? null : formatInstantExact(instant, zone));
  return (
    <>
      <div>
        <Title order={2} fz="lg" mb={4}>
          {delivery.eventType}
        </Title>
        <DeliveryBadge status={delivery.status} />
      </div>
      <Facts
        facts={{
          Made: at(delivery.createdAt),
          Finished: at(delivery.finishedAt),
          "Tried next": at(delivery.nextAttemptAt),
          Attempts: formatCount(delivery.attempts),
          Answer: <bdi>{answerText(delivery)}</bdi>,
          Took: delivery.durationMs === null ? null : `${formatCount(delivery.durationMs)} ms`,
          "Event id": <code>{delivery.eventId}</code>,
        }}
      />
      {actions === undefined ? null : <Group gap="xs">{actions}</Group>}
      <Body title="What was sent" text={delivery.requestBody} />
      {delivery.responseBody === null ? null : <Body title="What came back" text={delivery.responseBody} />}
    </>
  );
}

function Body({ title, text }: { title: string; text: string }) {
  return (
    <section aria-label={title}>
      <Title order={3} fz="sm" mb="xs">
        {title}
      </Title>
      {text === "" ? (
        <span className="quiet">nothing</span>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by keys as well.
        <pre className="settings-code" tabIndex={0}>
          {readable(text)}
        </pre>
      )}
    </section>
  );
}
