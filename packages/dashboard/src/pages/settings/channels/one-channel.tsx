import type { Channel, ChannelDelivery, UpdateChannelParams } from "@llm-cost-ops/sdk";
import { useAct, useAskPages } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { channelKindLabel } from "../../../delivery/delivery-words.ts";
import { StateBadge } from "../../../delivery/state-badge.tsx";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Facts } from "../../../shell/facts.tsx";
import { Panel } from "../../../shell/states.tsx";
import type { ChangeState } from "../../../url-state/use-url-state.ts";
import { type DeliveryFilter, DeliveryLog } from "../delivery-log.tsx";
import { AddressActions, ListPath } from "../one-address.tsx";
import { ChannelForm } from "./channel-form.tsx";

/** What the tab has in its address. */
interface ChannelState {
  readonly channel: string;
  readonly delivery: string;
  readonly status: DeliveryFilter;
}

/** One channel: where it goes, whether that works, and what was sent. */
export function OneChannel(props: {
  readonly channel: Channel;
  readonly state: ChannelState;
  readonly change: ChangeState<ChannelState>;
}) {
  const { channel, state, change } = props;
  const { id, name, kind, address, to, smtp } = channel;
  const { may } = useSession();
  const zone = useTimeZone();
  const deliveries = useAskPages<ChannelDelivery>(
    ["channel-deliveries", id, state.status],
    (client, { cursor, ...options }) =>
      client.channels.deliveries(
        id,
        { limit: 50, cursor, ...(state.status === "all" ? {} : { status: state.status }) },
        options,
      ),
  );
  return (
    <div className="settings-stack">
      <ListPath all="Channels" name={name} onBack={() => change({ channel: "", delivery: "" })} />
      <Panel title="Channel" aside={<StateBadge address={channel} />}>
        <Facts
          facts={{
            Name: <bdi>{name}</bdi>,
            Kind: channelKindLabel(kind),
            Address: address === null ? null : <bdi>{address}</bdi>,
            To: to === null ? null : <bdi>{to.join(", ")}</bdi>,
            "Mail server":
              kind === "email" ? (
                <bdi>{smtp === null ? "the server’s own" : `${smtp.host}:${smtp.port} (${smtp.tls})`}</bdi>
              ) : null,
            Description: channel.description === "" ? null : <bdi>{channel.description}</bdi>,
            "Failing since": channel.failingSince === null ? null : formatInstant(channel.failingSince, zone),
            Created: formatInstant(channel.createdAt, zone),
          }}
        />
        {may("channels:write") ? <ChannelActions channel={channel} onGone={() => change({ channel: "" })} /> : null}
      </Panel>
      <DeliveryLog
        deliveries={deliveries}
        filter={state.status}
        onFilter={(status) => change({ status })}
        picked={state.delivery}
        onPick={(delivery) => change({ delivery })}
      />
    </div>
  );
}

function ChannelActions({ channel, onGone }: { channel: Channel; onGone: () => void }) {
  const { id, name, status } = channel;
  const test = useAct((client) => client.channels.test(id), ["channel-deliveries"]);
  const update = useAct((client, params: UpdateChannelParams) => client.channels.update(id, params), ["channels"]);
  const remove = useAct((client) => client.channels.delete(id), ["channels"]);
  return (
    <AddressActions
      what="channel"
      name={name}
      isActive={status === "active"}
      onTest={() => test.mutate()}
      test={test}
      onPause={(paused) => update.mutate({ paused })}
      update={update}
      form={(close) => <ChannelForm channel={channel} onClose={close} />}
      onDelete={() => remove.mutate(undefined, { onSuccess: onGone })}
      remove={remove}
    >
      Alerts do not go there any more, also not what waits.
    </AddressActions>
  );
}
