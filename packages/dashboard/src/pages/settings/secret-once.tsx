import { Alert, Button, CopyButton, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Icon } from "../../shell/icons.tsx";

/** Something that nobody can show again, with a way to take it along. `what` is what it is called, such as `API key`. */
export function SecretOnce(props: {
  readonly what: string;
  readonly secret: string;
  readonly children?: ReactNode;
  readonly onClose: () => void;
}) {
  const { what, secret, children, onClose } = props;
  return (
    <Stack gap="sm">
      <Alert color="yellow" variant="light" icon={<Icon name="warning" />} role="status">
        <Text size="sm" fw={600}>
          Copy the {what} now
        </Text>
        <Text size="sm">This is shown once: the server keeps no copy that it could show again.</Text>
      </Alert>
      <code className="settings-secret" data-secret>
        {secret}
      </code>
      {children}
      <Group justify="flex-end" gap="xs">
        <CopyText text={secret} label={`Copy the ${what}`} />
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}

function CopyText({ text, label }: { text: string; label: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button
          variant="default"
          data-autofocus
          leftSection={<Icon name={copied ? "check" : "copy"} size={16} />}
          onClick={copy}
        >
          {copied ? "Copied" : label}
        </Button>
      )}
    </CopyButton>
  );
}
