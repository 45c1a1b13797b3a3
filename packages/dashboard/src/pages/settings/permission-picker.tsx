import { type Permission, permissionMeanings, permissions, roles } from "@llm-cost-ops/contract/permissions";
import { Button, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useSession } from "../../session/session-context.tsx";

/** Permissions by what they are about, in the order of the one list of them. */
export const permissionRows: readonly (readonly [subject: string, verbs: readonly string[]])[] = [
  ...permissions.reduce((rows, permission) => {
    const [subject = "", verb = ""] = permission.split(":");
    return rows.set(subject, [...(rows.get(subject) ?? []), verb]);
  }, new Map<string, readonly string[]>()),
];

/** Every verb that there is; what most subjects have stands first. */
const verbs: readonly string[] = [...new Set(["read", "write", ...permissionRows.flatMap(([, has]) => has)])];

/** Sets that somebody is likely to mean. */
const presets: readonly (readonly [label: string, set: readonly Permission[]])[] = [
  ["Record calls", ["usage:write", "budgets:reserve"]],
  ["Read costs", [...roles.viewer]],
  ["Developer", [...roles.developer]],
  ["Everything", permissions],
];

/** Chooses permissions, of those that one has oneself: nobody gives more than that. */
export function PermissionPicker(props: {
  readonly value: ReadonlySet<Permission>;
  readonly onChange: (value: ReadonlySet<Permission>) => void;
  readonly error?: string | undefined;
}) {
  const { value, onChange, error } = props;
  const { may } = useSession();
  const toggle = (permission: Permission): void => {
    const next = new Set(value);
    if (!next.delete(permission)) next.add(permission);
    onChange(next);
  };
  return (
    <Stack gap="xs">
      <Group gap={4}>
        {presets.map(([label, set]) => (
          <Button
            key={label}
            size="compact-sm"
            variant="default"
            onClick={() => onChange(new Set(set.filter((permission) => may(permission))))}
          >
            {label}
          </Button>
        ))}
      </Group>
      <PermissionTable
        cell={(permission) => (
          <input
            type="checkbox"
            className="settings-check"
            aria-label={permission}
            title={permissionMeanings[permission]}
            checked={value.has(permission)}
            disabled={!may(permission)}
            onChange={() => toggle(permission)}
          />
        )}
      />
      {error === undefined ? null : (
        <Text size="xs" c="var(--mantine-color-error)">
          {error}
        </Text>
      )}
    </Stack>
  );
}

/** What is allowed, as the same table without anything to choose. */
export function PermissionsShown({ value }: { value: readonly string[] }) {
  return (
    <PermissionTable
      cell={(permission) => (
        <span title={permissionMeanings[permission]}>{value.includes(permission) ? "yes" : "–"}</span>
      )}
    />
  );
}

function PermissionTable({ cell }: { cell: (permission: Permission) => ReactNode }) {
  return (
    <table className="settings-permissions">
      <thead>
        <tr>
          <th scope="col">May</th>
          {verbs.map((verb) => (
            <th key={verb} scope="col">
              {verb}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {permissionRows.map(([subject, has]) => (
          <tr key={subject}>
            <th scope="row">{subject}</th>
            {verbs.map((verb) => (
              <td key={verb}>{has.includes(verb) ? cell(`${subject}:${verb}` as Permission) : null}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
