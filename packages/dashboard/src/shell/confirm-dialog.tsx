import { Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Dialog, DialogForm } from "./dialog.tsx";

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
    <Dialog isOpen={isOpen} title={title} onClose={onClose}>
      <Question {...props} />
    </Dialog>
  );
}

function Question(props: Parameters<typeof ConfirmDialog>[0]) {
  const { verb, name, isBusy, error, onConfirm, onClose, children } = props;
  const [typed, setTyped] = useState("");
  return (
    <DialogForm
      verb={verb}
      isBusy={isBusy}
      error={error}
      canSend={name === undefined || typed === name}
      isGrave
      onSend={onConfirm}
      onClose={onClose}
    >
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
    </DialogForm>
  );
}
