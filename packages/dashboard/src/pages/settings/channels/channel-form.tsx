import { type ChannelKind, channelKinds } from "@llm-cost-ops/contract/channel-kinds";
import type { Channel } from "@llm-cost-ops/sdk";
import { Select, TagsInput, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct } from "../../../data/ask.ts";
import { channelKindLabel } from "../../../delivery/delivery-words.ts";
import { DialogForm } from "../../../shell/dialog.tsx";
import { SecretOnce } from "../secret-once.tsx";
import { channelChange, channelToMake, draftOfChannel, isComplete } from "./channel-draft.ts";

/** Makes a channel, or changes one whose kind stays. */
export function ChannelForm({ channel, onClose }: { channel?: Channel; onClose: (id?: string) => void }) {
  const [draft, setDraft] = useState(() => draftOfChannel(channel));
  const create = useAct((client) => client.channels.create(channelToMake(draft)), ["channels"]);
  const update = useAct((client) => client.channels.update(channel?.id ?? "", channelChange(draft)), ["channels"]);
  const save = channel === undefined ? create : update;
  const errors = fieldErrorsOf(save.error);
  const { kind } = draft;
  const isNew = channel === undefined;
  if (create.data?.secret !== undefined) {
    const { id, secret } = create.data;
    return (
      <SecretOnce what="signing secret" secret={secret} onClose={() => onClose(id)}>
        <Text size="sm">Whoever receives the alerts checks by it that they come from this server.</Text>
      </SecretOnce>
    );
  }
  const send = (): void => {
    if (isNew) {
      // One with a secret stays open to show it.
      create.mutate(undefined, { onSuccess: ({ id, secret }) => (secret === undefined ? onClose(id) : undefined) });
    } else {
      update.mutate(undefined, { onSuccess: () => onClose() });
    }
  };
  return (
    <DialogForm
      verb={isNew ? "Make the channel" : "Save"}
      isBusy={save.isPending}
      error={save.error}
      canSend={isNew ? isComplete(draft) : draft.name.trim() !== ""}
      onClose={() => onClose()}
      onSend={send}
    >
      {isNew ? (
        <Select
          label="Kind"
          allowDeselect={false}
          data={channelKinds.map((value) => ({ value, label: channelKindLabel(value) }))}
          value={kind}
          onChange={(value) => setDraft({ ...draft, kind: (value ?? "email") as ChannelKind })}
        />
      ) : null}
      <TextInput
        label="Name"
        required
        value={draft.name}
        error={errors["name"]}
        onChange={({ currentTarget }) => setDraft({ ...draft, name: currentTarget.value })}
      />
      {kind === "email" ? (
        <TagsInput
          label="To"
          description="E-mail addresses; Enter adds one."
          required
          acceptValueOnBlur
          splitChars={[",", ";", " "]}
          value={[...draft.to]}
          error={Object.entries(errors).find(([path]) => path.startsWith("to"))?.[1]}
          onChange={(to) => setDraft({ ...draft, to })}
        />
      ) : null}
      {kind === "pagerduty" ? (
        <TextInput
          label="Integration key"
          description={isNew ? "Of an Events API v2 integration." : "Empty leaves it as it is."}
          required={isNew}
          autoComplete="off"
          value={draft.routingKey}
          error={errors["routingKey"]}
          onChange={({ currentTarget }) => setDraft({ ...draft, routingKey: currentTarget.value })}
        />
      ) : null}
      {kind === "email" ? null : (
        <TextInput
          label="Address"
          description={
            isNew
              ? kind === "pagerduty"
                ? "PagerDuty’s own where it is empty."
                : "An https address on the public internet, unless the installation allows others."
              : "Empty leaves it as it is."
          }
          required={isNew && kind !== "pagerduty"}
          type="url"
          autoComplete="off"
          value={draft.url}
          error={errors["url"]}
          onChange={({ currentTarget }) => setDraft({ ...draft, url: currentTarget.value })}
        />
      )}
      <TextInput
        label="Description"
        value={draft.description}
        error={errors["description"]}
        onChange={({ currentTarget }) => setDraft({ ...draft, description: currentTarget.value })}
      />
    </DialogForm>
  );
}
