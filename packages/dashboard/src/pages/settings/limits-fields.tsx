import { Group, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { type LimitsDraft, limitWindows } from "./limits-draft.ts";

const each = { Minute: "a minute", Hour: "an hour", Day: "a day" } as const satisfies Record<
  (typeof limitWindows)[number],
  string
>;

/** Tokens and money in any minute, hour and day. */
export function LimitsFields(props: {
  readonly value: LimitsDraft;
  readonly onChange: (value: LimitsDraft) => void;
  readonly errors: Readonly<Record<string, string>>;
  /** The path of the limits in what is sent, such as `limits`. */
  readonly path: string;
}) {
  const { value, onChange, errors, path } = props;
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        A reservation beyond them is refused; what is recorded counts and never is. Empty is no limit.
      </Text>
      <SimpleGrid cols={3} spacing="xs" style={{ alignItems: "end" }}>
        {limitWindows.map((window) => (
          <TextInput
            key={window}
            label={`Tokens ${each[window]}`}
            inputMode="numeric"
            value={value.tokens[window]}
            error={errors[`${path}.tokensPer${window}`]}
            onChange={({ currentTarget }) =>
              onChange({ ...value, tokens: { ...value.tokens, [window]: currentTarget.value } })
            }
          />
        ))}
        {limitWindows.map((window) => (
          <TextInput
            key={window}
            label={`Cost ${each[window]}`}
            inputMode="decimal"
            value={value.cost[window]}
            error={errors[`${path}.costPer${window}`]}
            onChange={({ currentTarget }) =>
              onChange({ ...value, cost: { ...value.cost, [window]: currentTarget.value } })
            }
          />
        ))}
      </SimpleGrid>
      <Group>
        <TextInput
          label="Currency"
          maxLength={3}
          w="9rem"
          value={value.currency}
          error={errors[`${path}.currency`]}
          onChange={({ currentTarget }) => onChange({ ...value, currency: currentTarget.value.toUpperCase() })}
        />
      </Group>
    </Stack>
  );
}
