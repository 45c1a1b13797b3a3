import type { Permission } from "@llm-cost-ops/contract/permissions";
import type { RoleRecord } from "@llm-cost-ops/sdk";
import { Badge, Button, Group, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct, useAsk } from "../../../data/ask.ts";
import { useSession } from "../../../session/session-context.tsx";
import { ConfirmDialog } from "../../../shell/confirm-dialog.tsx";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { Icon } from "../../../shell/icons.tsx";
import { Name } from "../../../shell/name.tsx";
import { SidePanel } from "../../../shell/side-panel.tsx";
import { Answer, Panel } from "../../../shell/states.tsx";
import { type Column, DataTable } from "../../../table/data-table.tsx";
import { textField } from "../../../url-state/fields.ts";
import { useUrlState } from "../../../url-state/use-url-state.ts";
import { DescriptionField } from "../description-field.tsx";
import { PermissionPicker, PermissionsShown } from "../permission-picker.tsx";

export const rolesFields = { role: textField() };

export default function RolesTab() {
  const [state, change] = useUrlState(rolesFields);
  const { may } = useSession();
  const roles = useAsk(["roles"], (client, options) => client.roles.list(options));
  const [isCreating, setCreating] = useState(false);
  return (
    <Panel
      title="Roles"
      aside={
        may("members:write") ? (
          <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>
            New role
          </Button>
        ) : undefined
      }
    >
      <Answer of={roles} height={200}>
        {(all) => {
          const role = all.find(({ name }) => name === state.role);
          return (
            <>
              <DataTable
                name="Roles"
                columns={columns}
                rows={all}
                rowKey={({ name }) => name}
                onPick={({ name }) => change({ role: name })}
                maxHeight={640}
              />
              <SidePanel title="Role" isOpen={role !== undefined} onClose={() => change({ role: "" })}>
                {role === undefined ? null : (
                  <OneRole key={role.name} role={role} onClose={() => change({ role: "" })} />
                )}
              </SidePanel>
            </>
          );
        }}
      </Answer>
      <Dialog title="New role" size="lg" isOpen={isCreating} onClose={() => setCreating(false)}>
        <RoleForm onClose={() => setCreating(false)} />
      </Dialog>
    </Panel>
  );
}

const columns: readonly Column<RoleRecord>[] = [
  { key: "name", label: "Name", cell: ({ name }) => <Name text={name} />, sortBy: ({ name }) => name },
  {
    key: "kind",
    label: "Kind",
    cell: ({ custom }) => (
      <Badge size="sm" variant="dot" tt="none" color={custom ? "petrol" : "gray"}>
        {custom ? "Your own" : "Built in"}
      </Badge>
    ),
  },
  {
    key: "permissions",
    label: "Permissions",
    numeric: true,
    cell: ({ permissions }) => <span title={permissions.join(", ")}>{permissions.length}</span>,
    sortBy: ({ permissions }) => String(permissions.length),
  },
  { key: "description", label: "Description", cell: ({ description }) => <Name isWide text={description || "–"} /> },
];

function OneRole({ role, onClose }: { role: RoleRecord; onClose: () => void }) {
  const { may } = useSession();
  const [asks, setAsks] = useState<"edit" | "delete">();
  const remove = useAct((client, name: string) => client.roles.delete(name), ["roles"]);
  return (
    <>
      <div>
        <Title order={2} fz="lg">
          <bdi>{role.name}</bdi>
        </Title>
        <Text size="sm" c="dimmed" style={{ whiteSpace: "pre-wrap" }}>
          <bdi>{role.description}</bdi>
        </Text>
      </div>
      {role.custom && may("members:write") ? (
        <Group gap="xs">
          <Button variant="default" onClick={() => setAsks("edit")}>
            Change
          </Button>
          <Button variant="default" c="var(--mantine-color-error)" onClick={() => setAsks("delete")}>
            Delete
          </Button>
        </Group>
      ) : null}
      <PermissionsShown value={role.permissions} />
      <Dialog title="Change the role" size="lg" isOpen={asks === "edit"} onClose={() => setAsks(undefined)}>
        <RoleForm role={role} onClose={() => setAsks(undefined)} />
      </Dialog>
      <ConfirmDialog
        isOpen={asks === "delete"}
        title="Delete the role"
        verb="Delete the role"
        name={role.name}
        isBusy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(role.name, { onSuccess: onClose })}
        onClose={() => setAsks(undefined)}
      >
        Nobody may have it any more for that: take it away from its members first.
      </ConfirmDialog>
    </>
  );
}

/** Makes a role, or changes one whose name stays. */
function RoleForm({ role, onClose }: { role?: RoleRecord; onClose: () => void }) {
  const [name, setName] = useState(role?.name ?? "");
  const [description, setDescription] = useState(role?.description ?? "");
  const [value, setValue] = useState<ReadonlySet<Permission>>(
    new Set((role?.permissions ?? ["costs:read"]) as readonly Permission[]),
  );
  const save = useAct(
    (client) => {
      const permissions = [...value];
      return role === undefined
        ? client.roles.create({ name: name.trim(), description, permissions })
        : client.roles.update(role.name, { description, permissions });
    },
    ["roles"],
  );
  const errors = fieldErrorsOf(save.error);
  return (
    <DialogForm
      verb={role === undefined ? "Make the role" : "Save"}
      isBusy={save.isPending}
      error={save.error}
      canSend={name.trim() !== "" && value.size > 0}
      onClose={onClose}
      onSend={() => save.mutate(undefined, { onSuccess: onClose })}
    >
      {role === undefined ? (
        <TextInput
          label="Name"
          description="Lower-case letters, digits, hyphens and underscores."
          required
          data-autofocus
          value={name}
          error={errors["name"]}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
      ) : null}
      <DescriptionField value={description} error={errors["description"]} onChange={setDescription} />
      <PermissionPicker value={value} onChange={setValue} error={errors["permissions"]} />
    </DialogForm>
  );
}
