import { Fieldset, SimpleGrid, TextInput } from "@mantine/core";

/** What holds for lines that do not say it; lines that do keep theirs. */
export interface Unsaid {
  readonly provider?: string;
  readonly model?: string;
  readonly projectId?: string;
}

export interface UnsaidProps {
  readonly unsaid: Unsaid;
  readonly onUnsaid: (unsaid: Unsaid) => void;
}

const fields = [
  { name: "provider", label: "Provider", example: "openai" },
  { name: "model", label: "Model", example: "gpt-4o-mini" },
  { name: "projectId", label: "Project", example: "first-steps" },
] as const;

/** Many logs count tokens and leave unsaid what of. */
export function UnsaidFields({ unsaid, onUnsaid }: UnsaidProps) {
  const withField = (name: (typeof fields)[number]["name"], value: string): Unsaid => {
    const { [name]: _, ...others } = unsaid;
    return value.trim() === "" ? others : { ...others, [name]: value };
  };
  return (
    <Fieldset legend="For lines that do not say" variant="unstyled">
      <SimpleGrid cols={3} spacing="xs">
        {fields.map(({ name, label, example }) => (
          <TextInput
            key={name}
            size="xs"
            label={label}
            placeholder={example}
            value={unsaid[name] ?? ""}
            onChange={({ currentTarget }) => onUnsaid(withField(name, currentTarget.value))}
          />
        ))}
      </SimpleGrid>
    </Fieldset>
  );
}
