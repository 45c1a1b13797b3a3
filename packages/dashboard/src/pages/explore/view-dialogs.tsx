import type { CreateViewParams, UpdateViewParams, View } from "@llm-cost-ops/sdk";
import { Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLocation } from "wouter";
import { fieldErrorsOf, useAct } from "../../data/ask.ts";
import { viewAddress } from "../../data/views.ts";
import { useSession } from "../../session/session-context.tsx";
import { Dialog, DialogForm } from "../../shell/dialog.tsx";

interface Opened {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Keeps what the page shows now under a name, and opens that. */
export function SaveDialog({ isOpen, onClose, state }: Opened & { readonly state: string }) {
  return (
    <Dialog title="Save view" isOpen={isOpen} onClose={onClose}>
      <SaveForm state={state} onClose={onClose} />
    </Dialog>
  );
}

function SaveForm({ state, onClose }: { readonly state: string; readonly onClose: () => void }) {
  const { may } = useSession();
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const [pinned, setPinned] = useState(false);
  const save = useAct((client, params: CreateViewParams) => client.views.create(params), ["views"]);
  const { name: problem, ...others } = fieldErrorsOf(save.error);
  const send = (): void =>
    save.mutate(
      { name: name.trim(), page: "explore", state, shared, pinned },
      {
        onSuccess: (made) => {
          onClose();
          navigate(viewAddress(made));
        },
      },
    );
  return (
    <DialogForm
      verb="Save"
      isBusy={save.isPending}
      error={problem !== undefined && Object.keys(others).length === 0 ? null : save.error}
      canSend={name.trim() !== ""}
      onSend={send}
      onClose={onClose}
    >
      <NameInput value={name} onChange={setName} error={problem} />
      {may("views:share") ? (
        <Switch
          label="Share with everybody who may read all costs of the organization"
          checked={shared}
          onChange={({ currentTarget }) => setShared(currentTarget.checked)}
        />
      ) : null}
      <Switch
        label="Pin it, for yourself: to the navigation and the overview"
        checked={pinned}
        onChange={({ currentTarget }) => setPinned(currentTarget.checked)}
      />
    </DialogForm>
  );
}

export function RenameDialog({ isOpen, onClose, view }: Opened & { readonly view: View }) {
  return (
    <Dialog title="Rename view" isOpen={isOpen} onClose={onClose}>
      <RenameForm view={view} onClose={onClose} />
    </Dialog>
  );
}

function RenameForm({ view, onClose }: { readonly view: View; readonly onClose: () => void }) {
  const [name, setName] = useState(view.name);
  const rename = useAct((client, params: UpdateViewParams) => client.views.update(view.id, params), ["views"]);
  const { name: problem } = fieldErrorsOf(rename.error);
  return (
    <DialogForm
      verb="Rename"
      isBusy={rename.isPending}
      error={problem === undefined ? rename.error : null}
      canSend={name.trim() !== "" && name.trim() !== view.name}
      onSend={() => rename.mutate({ name: name.trim() }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <NameInput value={name} onChange={setName} error={problem} />
    </DialogForm>
  );
}

function NameInput(props: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
}) {
  const { value, onChange, error } = props;
  return (
    <TextInput
      label="Name"
      value={value}
      error={error}
      autoComplete="off"
      data-autofocus
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
