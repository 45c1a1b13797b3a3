import { channelKindsText } from "@llm-cost-ops/contract/channel-kinds";
import type { Channel, ChannelDelivery } from "@llm-cost-ops/sdk";
import { Anchor, Button, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { useAct } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { channelKindLabel, isOnItsWay, outcomeText } from "../../delivery/delivery-words.ts";
import { StateBadge } from "../../delivery/state-badge.tsx";
import { formatAgo, formatInstant } from "../../format/instants.ts";
import { useSession } from "../../session/session-context.tsx";
import { Answer, EmptyState, ErrorState } from "../../shell/states.tsx";
import { useChannels, useLastDelivery } from "./alert-questions.ts";
import "./alerts.css";

/** Where alerts go, whether that works, and a way to try it. */
export function ChannelList() {
  const channels = useChannels();
  const { may } = useSession();
  const toSettings = may("channels:write") ? (
    <Button component={Link} href="/settings/channels" size="compact-sm" variant="default">
      Add or change channels
    </Button>
  ) : null;
  return (
    <section className="panel" aria-label="Channels">
      <Answer of={channels} height={200}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState icon="webhooks" title="No channel yet" action={toSettings}>
              Alerts go out by {channelKindsText}, once there is a channel for it.
            </EmptyState>
          ) : (
            <>
              <ul className="alert-list">
                {all.map((channel) => (
                  <ChannelRow key={channel.id} channel={channel} />
                ))}
              </ul>
              {toSettings}
            </>
          )
        }
      </Answer>
    </section>
  );
}

function ChannelRow({ channel }: { channel: Channel }) {
  const { may } = useSession();
  const test = useAct((client, id: string) => client.channels.test(id), ["channels"]);
  const [awaited, setAwaited] = useState("");
  const last = useLastDelivery(channel.id, awaited !== "");
  const isTold = last.data?.id === awaited && !isOnItsWay(last.data);
  useEffect(() => {
    if (isTold) setAwaited("");
  }, [isTold]);
  const zone = useTimeZone();
  const { name, kind, address, to, status, failingSince } = channel;
  const where = address ?? (to ?? []).join(", ");
  return (
    <li className="alert-row channel-row">
      <div style={{ minWidth: 0 }}>
        <Text size="sm" fw={500} className="clip" title={name}>
          <Anchor
            component={Link}
            href={`/settings/channels?channel=${encodeURIComponent(channel.id)}`}
            c="var(--mantine-color-text)"
            inherit
          >
            <bdi>{name}</bdi>
          </Anchor>
        </Text>
        <Text size="xs" c="dimmed" className="clip" title={where}>
          {channelKindLabel(kind)}, <bdi>{where}</bdi>
        </Text>
      </div>
      <div>
        <StateBadge address={channel} />
      </div>
      <Text size="xs" c="dimmed" aria-live="polite">
        {last.data === undefined || last.data === null ? (
          failingSince !== null && `Failing since ${formatInstant(failingSince, zone)}`
        ) : (
          <Outcome delivery={last.data} />
        )}
      </Text>
      <div className="alert-actions">
        {may("channels:write") && status === "active" ? (
          <Button
            size="compact-sm"
            variant="default"
            loading={test.isPending || awaited !== ""}
            aria-label={`Test ${name}`}
            onClick={() => test.mutate(channel.id, { onSuccess: ({ id }) => setAwaited(id) })}
          >
            Test
          </Button>
        ) : null}
      </div>
      {test.error === null ? null : (
        <div style={{ gridColumn: "1 / -1" }}>
          <ErrorState error={test.error} />
        </div>
      )}
    </li>
  );
}

function Outcome({ delivery }: { delivery: ChannelDelivery }) {
  const zone = useTimeZone();
  const at = delivery.createdAt;
  return (
    <span title={formatInstant(at, zone)}>
      {outcomeText(delivery)}, {formatAgo(at, Date.now())}
    </span>
  );
}
