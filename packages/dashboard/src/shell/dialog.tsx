import { Button, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { ErrorState } from "./states.tsx";

/**
 * A dialog that is made anew each time, so that nothing of the last time is left in it. A click beside it does not close it:
 * what it shows may be shown once.
 */
export function Dialog(props: {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly size?: "md" | "lg" | "xl";
  readonly children: ReactNode;
}) {
  const { title, isOpen, onClose, size = "md", children } = props;
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} size={size} closeOnClickOutside={false}>
      {children}
    </Modal>
  );
}

/** Fields, what was wrong with them, and the button that sends them. */
export function DialogForm(props: {
  readonly verb: string;
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly canSend?: boolean;
  /** What is done cannot be undone. */
  readonly isGrave?: boolean;
  readonly onSend: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { verb, isBusy, error, canSend = true, isGrave = false, onSend, onClose, children } = props;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <Stack gap="sm">
        {children}
        {error === null || error === undefined ? null : <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isBusy} disabled={!canSend} {...(isGrave ? { color: "red" } : {})}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
