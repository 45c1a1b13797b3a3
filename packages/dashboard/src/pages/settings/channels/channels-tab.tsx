import { channelKindsText } from "@llm-cost-ops/contract/channel-kinds";
import type { Channel } from "@llm-cost-ops/sdk";
import { Button } from "@mantine/core";
import { useState } from "react";
import { useAsk } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { channelKindLabel } from "../../../delivery/delivery-words.ts";
import { StateBadge } from "../../../delivery/state-badge.tsx";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Dialog } from "../../../shell/dialog.tsx";
import { Icon } from "../../../shell/icons.tsx";
import { Name } from "../../../shell/name.tsx";
import { Answer, EmptyState, Panel } from "../../../shell/states.tsx";
import { type Column, DataTable } from "../../../table/data-table.tsx";
import { choiceField, textField } from "../../../url-state/fields.ts";
import { useUrlState } from "../../../url-state/use-url-state.ts";
import { deliveryFilters } from "../delivery-log.tsx";
import { ChannelForm } from "./channel-form.tsx";
import { OneChannel } from "./one-channel.tsx";

export const channelsFields = { channel: textField(), delivery: textField(), status: choiceField(deliveryFilters) };

export default function ChannelsTab() {
  const [state, change] = useUrlState(channelsFields);
  const { may } = useSession();
  const zone = useTimeZone();
  const channels = useAsk(["channels"], (client, options) => client.channels.list(options));
  const [isMaking, setMaking] = useState(false);
  const make = may("channels:write") ? (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>
      New channel
    </Button>
  ) : undefined;
  return (
    <>
      <Answer of={channels} height={200}>
        {(all) => {
          const channel = all.find(({ id }) => id === state.channel);
          if (channel !== undefined) return <OneChannel channel={channel} state={state} change={change} />;
          return (
            <Panel title="Channels" aside={all.length === 0 ? undefined : make}>
              {all.length === 0 ? (
                <EmptyState icon="alerts" title="No channel yet" action={make}>
                  Alerts go out by {channelKindsText}, once there is a channel for it.
                </EmptyState>
              ) : (
                <DataTable
                  name="Channels"
                  columns={channelColumns(zone)}
                  rows={all}
                  rowKey={({ id }) => id}
                  onPick={({ id }) => change({ channel: id })}
                  maxHeight={640}
                />
              )}
            </Panel>
          );
        }}
      </Answer>
      <Dialog title="New channel" isOpen={isMaking} onClose={() => setMaking(false)}>
        <ChannelForm
          onClose={(id) => {
            setMaking(false);
            if (id !== undefined) change({ channel: id });
          }}
        />
      </Dialog>
    </>
  );
}

const whereOf = ({ address, to }: Channel): string => address ?? (to ?? []).join(", ");

const channelColumns = (zone: string): readonly Column<Channel>[] => [
  { key: "name", label: "Name", cell: ({ name }) => <Name text={name} />, sortBy: ({ name }) => name },
  { key: "kind", label: "Kind", cell: ({ kind }) => channelKindLabel(kind), sortBy: ({ kind }) => kind },
  { key: "where", label: "Goes to", cell: (channel) => <Name isWide text={whereOf(channel)} />, sortBy: whereOf },
  { key: "state", label: "State", cell: (channel) => <StateBadge address={channel} /> },
  {
    key: "created",
    label: "Created",
    cell: ({ createdAt }) => formatInstant(createdAt, zone),
    sortBy: ({ createdAt }) => createdAt,
  },
];
