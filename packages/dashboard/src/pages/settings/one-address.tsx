import { Anchor, Button, Group, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { ConfirmDialog } from "../../shell/confirm-dialog.tsx";
import { Dialog } from "../../shell/dialog.tsx";
import { ErrorState } from "../../shell/states.tsx";

/** What is looked at out of a list, and the way back to all of it. */
export function ListPath({ all, name, onBack }: { all: string; name: string; onBack: () => void }) {
  return (
    <Group gap={6}>
      <Anchor component="button" type="button" size="sm" onClick={onBack}>
        {all}
      </Anchor>
      <span aria-hidden="true">/</span>
      <Text size="sm" className="clip" maw="100%" title={name}>
        <bdi>{name}</bdi>
      </Text>
    </Group>
  );
}

/** One thing that is done, while it is done and after it went wrong. */
interface Doing {
  readonly isPending: boolean;
  readonly error: Error | null;
}

/** What can be done with an address that something is sent to, be it a channel's or a webhook's. */
export function AddressActions(props: {
  readonly what: "channel" | "webhook";
  /** What is typed before it is deleted. */
  readonly name: string;
  readonly isActive: boolean;
  readonly onTest: () => void;
  readonly test?: Doing;
  readonly onPause: (paused: boolean) => void;
  readonly update: Doing;
  /** Another button, before the one that deletes. */
  readonly extra?: ReactNode;
  readonly form: (close: () => void) => ReactNode;
  readonly formSize?: "md" | "lg";
  readonly onDelete: () => void;
  readonly remove: Doing;
  /** What deleting it ends. */
  readonly children: ReactNode;
}) {
  const { what, name, isActive, onTest, test, onPause, update, extra, form, formSize, onDelete, remove } = props;
  const [asks, setAsks] = useState<"edit" | "delete">();
  const close = (): void => setAsks(undefined);
  const error = test?.error ?? update.error;
  return (
    <>
      <Group gap="xs" mt="sm">
        {isActive ? (
          <Button size="xs" loading={test?.isPending ?? false} onClick={onTest}>
            Send a test
          </Button>
        ) : null}
        <Button size="xs" variant="default" loading={update.isPending} onClick={() => onPause(isActive)}>
          {isActive ? "Pause" : "Resume"}
        </Button>
        <Button size="xs" variant="default" onClick={() => setAsks("edit")}>
          Change
        </Button>
        {extra}
        <Button size="xs" variant="default" c="var(--mantine-color-error)" onClick={() => setAsks("delete")}>
          Delete
        </Button>
      </Group>
      {error === null ? null : <ErrorState error={error} />}
      <Dialog title={`Change the ${what}`} size={formSize ?? "md"} isOpen={asks === "edit"} onClose={close}>
        {form(close)}
      </Dialog>
      <ConfirmDialog
        isOpen={asks === "delete"}
        title={`Delete the ${what}`}
        verb={`Delete the ${what}`}
        name={name}
        isBusy={remove.isPending}
        error={remove.error}
        onConfirm={onDelete}
        onClose={close}
      >
        {props.children}
      </ConfirmDialog>
    </>
  );
}
