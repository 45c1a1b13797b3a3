import { Textarea } from "@mantine/core";

/** What something is for, in the words of whoever made it. */
export function DescriptionField(props: {
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  const { value, error, onChange } = props;
  return (
    <Textarea
      label="Description"
      autosize
      minRows={1}
      maxRows={6}
      value={value}
      error={error}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
