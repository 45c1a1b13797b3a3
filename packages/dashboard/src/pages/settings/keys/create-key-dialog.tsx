import type { Permission } from "@llm-cost-ops/contract/permissions";
import type { CreateApiKeyParams } from "@llm-cost-ops/sdk";
import { Group, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct } from "../../../data/ask.ts";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { draftOfLimits, limitsOfDraft } from "../limits-draft.ts";
import { LimitsFields } from "../limits-fields.tsx";
import { PermissionPicker } from "../permission-picker.tsx";
import { SecretOnce } from "../secret-once.tsx";

const dayMs = 86_400_000;
const lives: readonly (readonly [days: string, label: string])[] = [
  ["", "Never"],
  ["30", "In 30 days"],
  ["90", "In 90 days"],
  ["365", "In a year"],
];

export function CreateKeyDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="New API key" size="lg" isOpen={isOpen} onClose={onClose}>
      <CreateKey onClose={onClose} />
    </Dialog>
  );
}

function CreateKey({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<ReadonlySet<Permission>>(new Set<Permission>(["usage:write"]));
  const [projectId, setProjectId] = useState("");
  const [days, setDays] = useState("90");
  const [environment, setEnvironment] = useState<"live" | "test">("live");
  const [limits, setLimits] = useState(draftOfLimits(null));
  const create = useAct((client, params: CreateApiKeyParams) => client.apiKeys.create(params), ["api-keys"]);
  const errors = fieldErrorsOf(create.error);
  if (create.data !== undefined) return <SecretOnce what="API key" secret={create.data.key} onClose={onClose} />;
  return (
    <DialogForm
      verb="Create the key"
      isBusy={create.isPending}
      error={create.error}
      canSend={name.trim() !== "" && scopes.size > 0}
      onClose={onClose}
      onSend={() =>
        create.mutate({
          name: name.trim(),
          scopes: [...scopes],
          environment,
          expiresAt: days === "" ? undefined : new Date(Date.now() + Number(days) * dayMs),
          projectId: projectId.trim() === "" ? undefined : projectId.trim(),
          limits: limitsOfDraft(limits),
        })
      }
    >
      <TextInput
        label="Name"
        description="What uses it, so that somebody knows later whether it may be revoked."
        required
        data-autofocus
        value={name}
        error={errors["name"]}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      />
      <Group grow align="flex-start">
        <Select
          label="Ends"
          allowDeselect={false}
          data={lives.map(([value, label]) => ({ value, label }))}
          value={days}
          error={errors["expiresAt"]}
          onChange={(value) => setDays(value ?? "")}
        />
        <Select
          label="For"
          allowDeselect={false}
          data={[
            { value: "live", label: "Live use" },
            { value: "test", label: "Tests" },
          ]}
          value={environment}
          onChange={(value) => setEnvironment(value === "test" ? "test" : "live")}
        />
      </Group>
      <TextInput
        label="Project"
        description="Its records get this project, and may name no other. Empty is any project."
        value={projectId}
        error={errors["projectId"]}
        onChange={({ currentTarget }) => setProjectId(currentTarget.value)}
      />
      <details className="settings-details" open>
        <summary>What it may do ({scopes.size})</summary>
        <PermissionPicker value={scopes} onChange={setScopes} error={errors["scopes"]} />
      </details>
      <details className="settings-details">
        <summary>Limits</summary>
        <LimitsFields value={limits} onChange={setLimits} errors={errors} path="limits" />
      </details>
    </DialogForm>
  );
}
