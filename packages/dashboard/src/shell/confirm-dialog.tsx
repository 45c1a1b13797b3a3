import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { ErrorState } from "./states.tsx";

/**
 * Asks once before something that cannot be undone. Where `name` is given it has to be typed, so that nobody deletes what stood
 * beside the thing that was meant.
 */
export function ConfirmDialog(props: {
  readonly isOpen: boolean;
  readonly title: string;
  /** What the button says, such as `Delete the budget`. */
  readonly verb: string;
  readonly name?: string;
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { isOpen, title, onClose } = props;
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} centered closeButtonProps={{ "aria-label": "Close" }}>
      <Question {...props} />
    </Modal>
  );
}

function Question(props: Parameters<typeof ConfirmDialog>[0]) {
  const { verb, name, isBusy, error, onConfirm, onClose, children } = props;
  const [typed, setTyped] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onConfirm();
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{children}</Text>
        {name === undefined ? null : (
          <TextInput
            label={
              <>
                To confirm, type <bdi>{name}</bdi>
              </>
            }
            value={typed}
            autoComplete="off"
            data-autofocus
            onChange={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        )}
        {error === null || error === undefined ? null : <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="red" loading={isBusy} disabled={name !== undefined && typed !== name}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
