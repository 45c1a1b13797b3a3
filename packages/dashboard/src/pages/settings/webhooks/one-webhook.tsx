import type { UpdateWebhookParams, Webhook, WebhookDelivery } from "@llm-cost-ops/sdk";
import { Button, Select, Text } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct, useAskPages } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { StateBadge } from "../../../delivery/state-badge.tsx";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { Facts } from "../../../shell/facts.tsx";
import { ErrorState, Panel } from "../../../shell/states.tsx";
import type { ChangeState } from "../../../url-state/use-url-state.ts";
import { type DeliveryFilter, DeliveryLog } from "../delivery-log.tsx";
import { AddressActions, ListPath } from "../one-address.tsx";
import { SecretOnce } from "../secret-once.tsx";
import { WebhookForm } from "./webhook-form.tsx";
import { type WebhookEventName, webhookEvents } from "./webhook-words.ts";

/** What the tab has in its address. */
interface WebhookState {
  readonly webhook: string;
  readonly delivery: string;
  readonly status: DeliveryFilter;
}

const reasons = {
  failing: "Nothing was delivered for five days, so it was given up.",
  gone: "It answered 410, which says that it is gone.",
} as const;

/** One endpoint: what it is told of, whether that works, and what was sent. */
export function OneWebhook(props: {
  readonly webhook: Webhook;
  readonly state: WebhookState;
  readonly change: ChangeState<WebhookState>;
}) {
  const { webhook, state, change } = props;
  const { id } = webhook;
  const { may } = useSession();
  const zone = useTimeZone();
  const replay = useAct((client, deliveryId: string) => client.webhooks.replay(id, deliveryId), ["webhook-deliveries"]);
  const deliveries = useAskPages<WebhookDelivery>(
    ["webhook-deliveries", id, state.status],
    (client, { cursor, ...options }) =>
      client.webhooks.deliveries(
        id,
        { limit: 50, cursor, ...(state.status === "all" ? {} : { status: state.status }) },
        options,
      ),
  );
  return (
    <div className="settings-stack">
      <ListPath all="Webhooks" name={webhook.url} onBack={() => change({ webhook: "", delivery: "" })} />
      <Panel title="Webhook" aside={<StateBadge address={webhook} />}>
        {webhook.disabledReason === null ? null : (
          <Text size="sm" mb="xs">
            {reasons[webhook.disabledReason]} Resume it to send again; what happened meanwhile was not kept.
          </Text>
        )}
        <Facts
          facts={{
            Address: <bdi>{webhook.url}</bdi>,
            Description: webhook.description === "" ? null : <bdi>{webhook.description}</bdi>,
            Events: webhook.events.join(", "),
            "Failing since": webhook.failingSince === null ? null : formatInstant(webhook.failingSince, zone),
            "Old secret signs until":
              webhook.previousSecretUntil === null ? null : formatInstant(webhook.previousSecretUntil, zone),
            Created: formatInstant(webhook.createdAt, zone),
            Id: <code>{id}</code>,
          }}
        />
        {may("webhooks:write") ? <WebhookActions webhook={webhook} onGone={() => change({ webhook: "" })} /> : null}
      </Panel>
      <DeliveryLog
        deliveries={deliveries}
        filter={state.status}
        onFilter={(status) => change({ status })}
        picked={state.delivery}
        onPick={(delivery) => change({ delivery })}
        actions={({ id: deliveryId }) =>
          may("webhooks:write") && webhook.status === "active" ? (
            <>
              <Button
                variant="default"
                loading={replay.isPending}
                onClick={() => replay.mutate(deliveryId, { onSuccess: (made) => change({ delivery: made.id }) })}
              >
                Send it again
              </Button>
              {replay.error === null ? null : <ErrorState error={replay.error} />}
            </>
          ) : undefined
        }
      />
    </div>
  );
}

function WebhookActions({ webhook, onGone }: { webhook: Webhook; onGone: () => void }) {
  const { id, status, url } = webhook;
  const [asks, setAsks] = useState<"rotate" | "test">();
  const update = useAct((client, params: UpdateWebhookParams) => client.webhooks.update(id, params), ["webhooks"]);
  const remove = useAct((client) => client.webhooks.delete(id), ["webhooks"]);
  const close = (): void => setAsks(undefined);
  return (
    <>
      <AddressActions
        what="webhook"
        name={url}
        isActive={status === "active"}
        onTest={() => setAsks("test")}
        onPause={(paused) => update.mutate({ paused })}
        update={update}
        extra={
          <Button size="xs" variant="default" onClick={() => setAsks("rotate")}>
            New secret
          </Button>
        }
        form={(closeForm) => <WebhookForm webhook={webhook} onClose={closeForm} />}
        formSize="lg"
        onDelete={() => remove.mutate(undefined, { onSuccess: onGone })}
        remove={remove}
      >
        Nothing is sent there any more, also not what waits.
      </AddressActions>
      <Dialog title="New secret" isOpen={asks === "rotate"} onClose={close}>
        <RotateSecret id={id} onClose={close} />
      </Dialog>
      <Dialog title="Send a test" isOpen={asks === "test"} onClose={close}>
        <SendTest id={id} onClose={close} />
      </Dialog>
    </>
  );
}

function RotateSecret({ id, onClose }: { id: string; onClose: () => void }) {
  const [overlap, setOverlap] = useState("86400");
  const rotate = useAct(
    (client, overlapSeconds: number) => client.webhooks.rotateSecret(id, { overlapSeconds }),
    ["webhooks"],
  );
  if (rotate.data !== undefined)
    return <SecretOnce what="signing secret" secret={rotate.data.secret} onClose={onClose} />;
  return (
    <DialogForm
      verb="Make a new secret"
      isBusy={rotate.isPending}
      error={rotate.error}
      onClose={onClose}
      onSend={() => rotate.mutate(Number(overlap))}
    >
      <Select
        label="The old secret signs beside it"
        allowDeselect={false}
        data={[
          { value: "0", label: "No longer" },
          { value: "3600", label: "For an hour" },
          { value: "86400", label: "For a day" },
        ]}
        value={overlap}
        error={fieldErrorsOf(rotate.error)["overlapSeconds"]}
        onChange={(value) => setOverlap(value ?? "86400")}
      />
    </DialogForm>
  );
}

function SendTest({ id, onClose }: { id: string; onClose: () => void }) {
  const [event, setEvent] = useState<WebhookEventName>("webhook.test");
  const test = useAct(
    (client, name: WebhookEventName) => client.webhooks.test(id, { event: name }),
    ["webhook-deliveries"],
  );
  return (
    <DialogForm
      verb="Send"
      isBusy={test.isPending}
      error={test.error}
      onClose={onClose}
      onSend={() => test.mutate(event, { onSuccess: onClose })}
    >
      <Select
        label="Event"
        description="Made up and marked as a test. What came of it stands among the deliveries."
        allowDeselect={false}
        searchable
        data={webhookEvents.map(([value]) => value)}
        value={event}
        onChange={(value) => setEvent((value ?? "webhook.test") as WebhookEventName)}
      />
    </DialogForm>
  );
}
