import { Group, Select, TextInput } from "@mantine/core";
import { useAsk } from "../../../data/ask.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Suggestions } from "../suggestions.tsx";
import { type ScopeKind, scopeKindLabels, scopeKinds, scopeOf } from "./scope-words.ts";

/** A role and how far it reaches, as somebody chooses them. */
export interface RoleChoice {
  readonly role: string;
  readonly kind: ScopeKind;
  readonly name: string;
}

export const noRole: RoleChoice = { role: "viewer", kind: "organization", name: "" };
export const isWhole = ({ role, kind, name }: RoleChoice): boolean =>
  role !== "" && (kind === "organization" || kind === "own" || name.trim() !== "");
export const grantOf = ({ role, kind, name }: RoleChoice): { readonly role: string; readonly scope: string } => ({
  role,
  scope: scopeOf(kind, name),
});

export function RoleFields(props: {
  readonly value: RoleChoice;
  readonly onChange: (value: RoleChoice) => void;
  readonly errors: Readonly<Record<string, string>>;
}) {
  const { value, onChange, errors } = props;
  const { may } = useSession();
  const roles = useAsk(["roles"], (client, options) => client.roles.list(options));
  const teams = useAsk(["teams"], (client, options) => client.teams.list(options));
  const projects = useAsk(["projects", false], (client, options) => client.projects.list({}, options), {
    enabled: may("projects:read"),
  });
  const names =
    value.kind === "team" ? (teams.data ?? []).map(({ slug }) => slug) : (projects.data ?? []).map(({ id }) => id);
  return (
    <>
      <Group grow align="flex-start">
        <Select
          label="Role"
          allowDeselect={false}
          searchable
          data={(roles.data ?? []).map(({ name }) => name)}
          value={value.role}
          error={errors["role"]}
          onChange={(role) => onChange({ ...value, role: role ?? "" })}
        />
        <Select
          label="Reaches"
          allowDeselect={false}
          data={scopeKinds.map((kind) => ({ value: kind, label: scopeKindLabels[kind] }))}
          value={value.kind}
          error={value.kind === "team" || value.kind === "project" ? undefined : errors["scope"]}
          onChange={(kind) => onChange({ ...value, kind: (kind ?? "organization") as ScopeKind, name: "" })}
        />
      </Group>
      {value.kind === "team" || value.kind === "project" ? (
        <>
          <TextInput
            label={value.kind === "team" ? "Team" : "Project"}
            required
            list="names-of-scopes"
            value={value.name}
            error={errors["scope"]}
            onChange={({ currentTarget }) => onChange({ ...value, name: currentTarget.value })}
          />
          <Suggestions id="names-of-scopes" of={names} />
        </>
      ) : null}
    </>
  );
}
