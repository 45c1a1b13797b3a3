import { Alert, Button, Group, Text } from "@mantine/core";
import { problemOf } from "../data/ask.ts";
import { Icon } from "./icons.tsx";

/** Says that signing out did not work: whoever believed it would leave the session to the next at this desk. */
export function StillSignedIn(props: {
  readonly error: unknown;
  readonly isBusy: boolean;
  readonly onRetry: () => void;
  readonly onClose: () => void;
}) {
  const { error, isBusy, onRetry, onClose } = props;
  return (
    <Alert
      color="red"
      variant="light"
      mb="sm"
      icon={<Icon name="warning" />}
      title="You are still signed in"
      role="alert"
      className="away-banner"
      withCloseButton
      closeButtonLabel="Close"
      onClose={onClose}
    >
      <Text size="sm">Your session has not ended: {problemOf(error).text}</Text>
      <Group mt="xs">
        <Button size="xs" variant="default" loading={isBusy} onClick={onRetry}>
          Sign out again
        </Button>
      </Group>
    </Alert>
  );
}
