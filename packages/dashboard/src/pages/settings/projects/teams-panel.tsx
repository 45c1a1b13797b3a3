import type { Team } from "@llm-cost-ops/sdk";
import { Button, Group, MultiSelect, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct, useAsk } from "../../../data/ask.ts";
import { useSession } from "../../../session/session-context.tsx";
import { ConfirmDialog } from "../../../shell/confirm-dialog.tsx";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { Icon } from "../../../shell/icons.tsx";
import { Name } from "../../../shell/name.tsx";
import { Answer, EmptyState, Panel } from "../../../shell/states.tsx";
import { type Column, DataTable } from "../../../table/data-table.tsx";

/** Sets of projects and people, which roles may be limited to. */
export function TeamsPanel() {
  const { may } = useSession();
  const teams = useAsk(["teams"], (client, options) => client.teams.list(options));
  const [edited, setEdited] = useState<Team | "new">();
  const [deleted, setDeleted] = useState<Team>();
  const remove = useAct((client, id: string) => client.teams.delete(id), ["teams"]);
  const mayChange = may("members:write");
  return (
    <Panel
      title="Teams"
      aside={
        mayChange ? (
          <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setEdited("new")}>
            New team
          </Button>
        ) : undefined
      }
    >
      <Answer of={teams} height={120}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState icon="people" title="No team yet">
              A team has projects; a role that is given at a team reaches those and no others.
            </EmptyState>
          ) : (
            <DataTable
              name="Teams"
              columns={teamColumns}
              rows={all}
              rowKey={({ id }) => id}
              maxHeight={480}
              {...(mayChange ? { onPick: setEdited } : {})}
            />
          )
        }
      </Answer>
      <Dialog
        title={edited === "new" ? "New team" : "Change the team"}
        isOpen={edited !== undefined}
        onClose={() => setEdited(undefined)}
      >
        <TeamForm
          {...(edited === "new" || edited === undefined ? {} : { team: edited })}
          onClose={() => setEdited(undefined)}
          onDelete={(team) => {
            setEdited(undefined);
            setDeleted(team);
          }}
        />
      </Dialog>
      <ConfirmDialog
        isOpen={deleted !== undefined}
        title="Delete the team"
        verb="Delete the team"
        name={deleted?.name ?? ""}
        isBusy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(deleted?.id ?? "", { onSuccess: () => setDeleted(undefined) })}
        onClose={() => setDeleted(undefined)}
      >
        Its projects and people stay. While somebody has a role at the team it cannot be deleted.
      </ConfirmDialog>
    </Panel>
  );
}

const teamColumns: readonly Column<Team>[] = [
  { key: "name", label: "Name", cell: ({ name }) => <Name text={name} />, sortBy: ({ name }) => name },
  { key: "slug", label: "Short name", cell: ({ slug }) => <Name text={slug} />, sortBy: ({ slug }) => slug },
  { key: "projects", label: "Projects", cell: ({ projects }) => <Name isWide text={projects.join(", ") || "none"} /> },
  {
    key: "members",
    label: "Members",
    numeric: true,
    cell: ({ members }) => members.length,
    sortBy: ({ members }) => String(members.length),
  },
];

function TeamForm(props: {
  readonly team?: Team;
  readonly onClose: () => void;
  readonly onDelete: (team: Team) => void;
}) {
  const { team, onClose, onDelete } = props;
  const { organizationId } = useSession();
  const [name, setName] = useState(team?.name ?? "");
  const [projects, setProjects] = useState<readonly string[]>(team?.projects ?? []);
  const [members, setMembers] = useState<readonly string[]>(team?.members ?? []);
  const people = useAsk(["members"], (client, options) => client.organizations.members.list(organizationId, options));
  const save = useAct(
    (client) => {
      const params = { name: name.trim(), projects, members };
      return team === undefined ? client.teams.create(params) : client.teams.update(team.id, params);
    },
    ["teams"],
  );
  const errors = fieldErrorsOf(save.error);
  return (
    <DialogForm
      verb={team === undefined ? "Make the team" : "Save"}
      isBusy={save.isPending}
      error={save.error}
      canSend={name.trim() !== ""}
      onClose={onClose}
      onSend={() => save.mutate(undefined, { onSuccess: onClose })}
    >
      <TextInput
        label="Name"
        required
        data-autofocus
        value={name}
        error={errors["name"]}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      />
      <TagsInput
        label="Projects"
        description="Ids as records carry them; Enter adds one."
        acceptValueOnBlur
        value={[...projects]}
        error={errors["projects"]}
        onChange={setProjects}
      />
      <MultiSelect
        label="Members"
        searchable
        limit={50}
        data={(people.data ?? []).map(({ userId, email }) => ({ value: userId, label: email }))}
        value={[...members]}
        error={errors["members"]}
        onChange={setMembers}
      />
      {team === undefined ? null : (
        <Group>
          <Button variant="subtle" c="var(--mantine-color-error)" onClick={() => onDelete(team)}>
            Delete the team
          </Button>
        </Group>
      )}
    </DialogForm>
  );
}
