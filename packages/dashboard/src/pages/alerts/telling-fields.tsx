import { MultiSelect, SimpleGrid, Text, TextInput } from "@mantine/core";
import { useSession } from "../../session/session-context.tsx";
import { errorUnder } from "../../shell/field-errors.ts";
import { useChannels } from "./alert-questions.ts";
import type { RuleFieldsProps } from "./rule-form.tsx";

/** Which channels are told, how often, and whom else if nobody answers. */
export function TellingFields({ draft, change, errors }: RuleFieldsProps) {
  const { may } = useSession();
  const channels = useChannels();
  const known = (channels.data ?? []).map(({ id, name, status }) => ({
    value: id,
    label: status === "paused" ? `${name} (paused)` : name,
  }));
  // Of a channel that went, or may not be read, the id stands for it and is kept.
  const all = (chosen: readonly string[]) => [
    ...known,
    ...chosen.filter((id) => !known.some(({ value }) => value === id)).map((id) => ({ value: id, label: id })),
  ];
  const canChoose = may("channels:read");
  return (
    <>
      {canChoose ? (
        <MultiSelect
          label="Channels"
          placeholder={draft.channels.length === 0 ? (known.length === 0 ? "there is no channel yet" : "none") : ""}
          searchable
          data={all(draft.channels)}
          value={[...draft.channels]}
          error={errorUnder(errors, "channels")}
          onChange={(value) => change({ channels: value })}
        />
      ) : (
        <Text size="sm" c="dimmed">
          You may not see the channels. Webhooks are told in any case.
        </Text>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
        <TextInput
          label="Quiet for, in minutes"
          description="For so long the same crossing is not told again."
          inputWrapperOrder={["label", "input", "description", "error"]}
          inputMode="numeric"
          value={draft.quietMinutes}
          error={errors["quietPeriodMinutes"]}
          onChange={({ currentTarget }) => change({ quietMinutes: currentTarget.value })}
        />
        {canChoose ? (
          <TextInput
            label="Escalate after, in minutes"
            description="Where nobody has acknowledged it; never if empty."
            inputWrapperOrder={["label", "input", "description", "error"]}
            inputMode="numeric"
            value={draft.escalateAfterMinutes}
            error={errors["escalateAfterMinutes"]}
            onChange={({ currentTarget }) => change({ escalateAfterMinutes: currentTarget.value })}
          />
        ) : null}
      </SimpleGrid>
      {canChoose && draft.escalateAfterMinutes.trim() !== "" ? (
        <MultiSelect
          label="Escalate to"
          searchable
          data={all(draft.escalateTo)}
          value={[...draft.escalateTo]}
          error={errorUnder(errors, "escalateTo")}
          onChange={(value) => change({ escalateTo: value })}
        />
      ) : null}
    </>
  );
}
