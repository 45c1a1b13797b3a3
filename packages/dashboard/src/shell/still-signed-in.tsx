import { Button, Group, Text } from "@mantine/core";
import { problemOf } from "../data/ask.ts";
import { Icon } from "./icons.tsx";
import { Notice } from "./notice.tsx";

/** Says that signing out did not work: whoever believed it would leave the session to the next at this desk. */
export function StillSignedIn(props: {
  readonly error: unknown;
  readonly isBusy: boolean;
  readonly onRetry: () => void;
  readonly onClose: () => void;
}) {
  const { error, isBusy, onRetry, onClose } = props;
  return (
    <Notice kind="error" icon={<Icon name="warning" />} title="You are still signed in" onClose={onClose}>
      <Text size="sm">Your session has not ended: {problemOf(error).text}</Text>
      <Group mt="xs">
        <Button size="xs" variant="default" loading={isBusy} onClick={onRetry}>
          Sign out again
        </Button>
      </Group>
    </Notice>
  );
}
