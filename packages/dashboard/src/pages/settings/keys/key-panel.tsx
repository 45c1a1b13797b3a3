import type { ApiKey, UpdateApiKeyParams } from "@llm-cost-ops/sdk";
import { Badge, Button, Group, Select, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { ConfirmDialog } from "../../../shell/confirm-dialog.tsx";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { Facts } from "../../../shell/facts.tsx";
import { SidePanel } from "../../../shell/side-panel.tsx";
import { draftOfLimits, limitsOfDraft } from "../limits-draft.ts";
import { LimitsFields } from "../limits-fields.tsx";
import { PermissionsShown } from "../permission-picker.tsx";
import { SecretOnce } from "../secret-once.tsx";
import { keyState, keyStateWords, limitsText, works } from "./key-words.ts";

/** One key with what it may do, and what can be done with it. */
export function KeyPanel({ apiKey, onClose }: { apiKey: ApiKey | undefined; onClose: () => void }) {
  return (
    <SidePanel title="API key" isOpen={apiKey !== undefined} onClose={onClose}>
      {apiKey === undefined ? null : <OneKey key={apiKey.id} apiKey={apiKey} onClose={onClose} />}
    </SidePanel>
  );
}

export function KeyStateBadge({ apiKey }: { apiKey: ApiKey }) {
  const [label, color] = keyStateWords[keyState(apiKey, Date.now())];
  return (
    <Badge size="sm" variant="dot" tt="none" color={color}>
      {label}
    </Badge>
  );
}

function OneKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const zone = useTimeZone();
  const { may, whoami } = useSession();
  const [asks, setAsks] = useState<"rotate" | "revoke" | "edit">();
  const revoke = useAct((client, id: string) => client.apiKeys.revoke(id), ["api-keys"]);
  const isOwn = whoami.kind === "key" && whoami.id === apiKey.id;
  const at = (instant: string | null): string | null => (instant === null ? null : formatInstant(instant, zone));
  return (
    <>
      <div>
        <Title order={2} fz="lg" mb={4}>
          <bdi>{apiKey.name}</bdi>
        </Title>
        <KeyStateBadge apiKey={apiKey} />
      </div>
      <Facts
        facts={{
          "Begins with": <code>{apiKey.prefix}…</code>,
          Id: <code>{apiKey.id}</code>,
          For: apiKey.environment === "test" ? "Tests" : "Live use",
          Project: <bdi>{apiKey.projectId ?? "any"}</bdi>,
          Limits: limitsText(apiKey.limits) ?? "none of its own",
          Created: at(apiKey.createdAt),
          "Used last": at(apiKey.lastUsedAt) ?? "never",
          Ends: at(apiKey.expiresAt) ?? "never",
          Revoked: at(apiKey.revokedAt),
          "In place of": apiKey.rotatedFrom === null ? null : <code>{apiKey.rotatedFrom}</code>,
        }}
      />
      {may("keys:write") && works(apiKey, Date.now()) ? (
        <Group gap="xs">
          <Button variant="default" onClick={() => setAsks("edit")}>
            Change
          </Button>
          <Button variant="default" onClick={() => setAsks("rotate")}>
            Rotate
          </Button>
          <Button variant="default" c="var(--mantine-color-error)" onClick={() => setAsks("revoke")}>
            Revoke
          </Button>
        </Group>
      ) : null}
      <PermissionsShown value={apiKey.scopes} />
      <Dialog title="Change the key" isOpen={asks === "edit"} onClose={() => setAsks(undefined)}>
        <ChangeKey apiKey={apiKey} onClose={() => setAsks(undefined)} />
      </Dialog>
      <Dialog title="Rotate the key" isOpen={asks === "rotate"} onClose={() => setAsks(undefined)}>
        <RotateKey apiKey={apiKey} onClose={() => setAsks(undefined)} />
      </Dialog>
      <ConfirmDialog
        isOpen={asks === "revoke"}
        title="Revoke the key"
        verb="Revoke the key"
        name={apiKey.name}
        isBusy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => revoke.mutate(apiKey.id, { onSuccess: onClose })}
        onClose={() => setAsks(undefined)}
      >
        Whatever uses it is refused at once, and it cannot be brought back.
        {isOwn ? " It is the key that you are signed in with." : ""}
      </ConfirmDialog>
    </>
  );
}

const overlaps: readonly (readonly [seconds: string, label: string])[] = [
  ["0", "Ends at once"],
  ["3600", "For an hour"],
  ["86400", "For a day"],
  ["604800", "For a week"],
  ["2592000", "For 30 days"],
];

function RotateKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const [overlap, setOverlap] = useState("86400");
  const rotate = useAct(
    (client, overlapSeconds: number) => client.apiKeys.rotate(apiKey.id, { overlapSeconds }),
    ["api-keys"],
  );
  if (rotate.data !== undefined) return <SecretOnce what="API key" secret={rotate.data.key} onClose={onClose} />;
  return (
    <DialogForm
      verb="Make the new key"
      isBusy={rotate.isPending}
      error={rotate.error}
      onClose={onClose}
      onSend={() => rotate.mutate(Number(overlap))}
    >
      <Select
        label="The old key works"
        description="The new one has the same name, permissions, project and end."
        allowDeselect={false}
        data={overlaps.map(([value, label]) => ({ value, label }))}
        value={overlap}
        error={fieldErrorsOf(rotate.error)["overlapSeconds"]}
        onChange={(value) => setOverlap(value ?? "86400")}
      />
    </DialogForm>
  );
}

function ChangeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const [name, setName] = useState(apiKey.name);
  const [limits, setLimits] = useState(() => draftOfLimits(apiKey.limits));
  const update = useAct((client, params: UpdateApiKeyParams) => client.apiKeys.update(apiKey.id, params), ["api-keys"]);
  const errors = fieldErrorsOf(update.error);
  return (
    <DialogForm
      verb="Save"
      isBusy={update.isPending}
      error={update.error}
      canSend={name.trim() !== ""}
      onClose={onClose}
      onSend={() =>
        update.mutate({ name: name.trim(), limits: limitsOfDraft(limits) ?? null }, { onSuccess: () => onClose() })
      }
    >
      <TextInput
        label="Name"
        required
        value={name}
        error={errors["name"]}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      />
      <LimitsFields value={limits} onChange={setLimits} errors={errors} path="limits" />
    </DialogForm>
  );
}
