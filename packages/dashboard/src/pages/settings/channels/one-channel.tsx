import type { Channel, ChannelDelivery, UpdateChannelParams } from "@llm-cost-ops/sdk";
import { Anchor, Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { useAct, useAskPages } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { ConfirmDialog } from "../../../shell/confirm-dialog.tsx";
import { ErrorState, Panel } from "../../../shell/states.tsx";
import type { ChangeState } from "../../../url-state/use-url-state.ts";
import { type DeliveryFilter, DeliveryLog } from "../delivery-log.tsx";
import { Dialog } from "../dialog.tsx";
import { Facts } from "../side-panel.tsx";
import { StateBadge } from "../state-badge.tsx";
import { channelKindLabels } from "./channel-draft.ts";
import { ChannelForm } from "./channel-form.tsx";

/** What the tab has in its address. */
export interface ChannelState {
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
  const zone = useTimeZone() ?? "UTC";
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
      <Group gap={6}>
        <Anchor component="button" type="button" size="sm" onClick={() => change({ channel: "", delivery: "" })}>
          Channels
        </Anchor>
        <span aria-hidden="true">/</span>
        <Text size="sm" className="clip" maw="100%" title={name}>
          <bdi>{name}</bdi>
        </Text>
      </Group>
      <Panel title="Channel" aside={<StateBadge webhook={channel} />}>
        <Facts
          facts={{
            Name: <bdi>{name}</bdi>,
            Kind: channelKindLabels[kind],
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
  const [asks, setAsks] = useState<"edit" | "delete">();
  const test = useAct((client) => client.channels.test(id), ["channel-deliveries"]);
  const update = useAct((client, params: UpdateChannelParams) => client.channels.update(id, params), ["channels"]);
  const remove = useAct((client) => client.channels.delete(id), ["channels"]);
  const close = (): void => setAsks(undefined);
  const error = test.error ?? update.error;
  return (
    <>
      <Group gap="xs" mt="sm">
        {status === "active" ? (
          <Button size="xs" loading={test.isPending} onClick={() => test.mutate()}>
            Send a test
          </Button>
        ) : null}
        <Button
          size="xs"
          variant="default"
          loading={update.isPending}
          onClick={() => update.mutate({ paused: status === "active" })}
        >
          {status === "active" ? "Pause" : "Resume"}
        </Button>
        <Button size="xs" variant="default" onClick={() => setAsks("edit")}>
          Change
        </Button>
        <Button size="xs" variant="default" c="var(--mantine-color-error)" onClick={() => setAsks("delete")}>
          Delete
        </Button>
      </Group>
      {error === null ? null : <ErrorState error={error} />}
      <Dialog title="Change the channel" isOpen={asks === "edit"} onClose={close}>
        <ChannelForm channel={channel} onClose={close} />
      </Dialog>
      <ConfirmDialog
        isOpen={asks === "delete"}
        title="Delete the channel"
        verb="Delete the channel"
        name={name}
        isBusy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(undefined, { onSuccess: onGone })}
        onClose={close}
      >
        Alerts do not go there any more, also not what waits.
      </ConfirmDialog>
    </>
  );
}
