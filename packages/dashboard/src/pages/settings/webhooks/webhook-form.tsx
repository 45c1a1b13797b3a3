import type { Webhook } from "@llm-cost-ops/sdk";
import { SimpleGrid, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct } from "../../../data/ask.ts";
import { DialogForm } from "../../../shell/dialog.tsx";
import { SecretOnce } from "../secret-once.tsx";
import { type WebhookEventName, webhookEvents } from "./webhook-words.ts";

/** Adds an endpoint, whose secret is shown then, or changes one. */
export function WebhookForm({ webhook, onClose }: { webhook?: Webhook; onClose: (id?: string) => void }) {
  const [url, setUrl] = useState(webhook?.url ?? "");
  const [description, setDescription] = useState(webhook?.description ?? "");
  const [events, setEvents] = useState<ReadonlySet<WebhookEventName>>(
    new Set((webhook?.events ?? ["budget.threshold_exceeded", "budget.exceeded"]) as readonly WebhookEventName[]),
  );
  const params = { url: url.trim(), description, events: [...events] };
  const create = useAct((client) => client.webhooks.create(params), ["webhooks"]);
  const update = useAct((client) => client.webhooks.update(webhook?.id ?? "", params), ["webhooks"]);
  const save = webhook === undefined ? create : update;
  const errors = fieldErrorsOf(save.error);
  const toggle = (event: WebhookEventName): void => {
    const next = new Set(events);
    if (!next.delete(event)) next.add(event);
    setEvents(next);
  };
  if (create.data !== undefined) {
    const { id, secret } = create.data;
    return (
      <SecretOnce what="signing secret" secret={secret} onClose={() => onClose(id)}>
        <Text size="sm">Whoever receives the messages checks by it that they come from this server.</Text>
      </SecretOnce>
    );
  }
  return (
    <DialogForm
      verb={webhook === undefined ? "Add the webhook" : "Save"}
      isBusy={save.isPending}
      error={save.error}
      canSend={url.trim() !== "" && events.size > 0}
      onClose={() => onClose()}
      onSend={() =>
        webhook === undefined ? create.mutate() : update.mutate(undefined, { onSuccess: () => onClose() })
      }
    >
      <TextInput
        label="Address"
        description="An https address on the public internet, unless the installation allows others."
        placeholder="https://hooks.example.com/costs"
        type="url"
        required
        data-autofocus
        value={url}
        error={errors["url"]}
        onChange={({ currentTarget }) => setUrl(currentTarget.value)}
      />
      <TextInput
        label="Description"
        value={description}
        error={errors["description"]}
        onChange={({ currentTarget }) => setDescription(currentTarget.value)}
      />
      <fieldset className="settings-fieldset">
        <legend>Events</legend>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs">
          {webhookEvents.map(([event, meaning]) => (
            <label key={event} className="settings-choice">
              <input
                type="checkbox"
                className="settings-check"
                checked={events.has(event)}
                onChange={() => toggle(event)}
              />
              <span>
                {event}
                <Text span display="block" size="xs" c="dimmed">
                  {meaning}
                </Text>
              </span>
            </label>
          ))}
        </SimpleGrid>
      </fieldset>
      {errors["events"] === undefined ? null : (
        <Text size="xs" c="var(--mantine-color-error)">
          {errors["events"]}
        </Text>
      )}
    </DialogForm>
  );
}
