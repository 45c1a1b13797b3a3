import type { Project } from "@llm-cost-ops/sdk";
import { Badge, Button, Group, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct, useAsk } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { Icon } from "../../../shell/icons.tsx";
import { Name } from "../../../shell/name.tsx";
import { Answer, EmptyState, Panel } from "../../../shell/states.tsx";
import { type Column, DataTable } from "../../../table/data-table.tsx";
import { flagField } from "../../../url-state/fields.ts";
import { useUrlState } from "../../../url-state/use-url-state.ts";
import { DescriptionField } from "../description-field.tsx";
import { TeamsPanel } from "./teams-panel.tsx";

export const projectsFields = { archived: flagField(false) };

export default function ProjectsTab() {
  const [state, change] = useUrlState(projectsFields);
  const { may } = useSession();
  const zone = useTimeZone();
  const includeArchived = state.archived;
  const projects = useAsk(["projects", includeArchived], (client, options) =>
    client.projects.list({ includeArchived }, options),
  );
  const [edited, setEdited] = useState<Project | "new">();
  const make = may("projects:write") ? (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setEdited("new")}>
      New project
    </Button>
  ) : undefined;
  return (
    <div className="settings-stack">
      <Panel
        title="Projects"
        aside={
          <Group gap="xs">
            <Switch
              size="xs"
              label="Also archived ones"
              checked={includeArchived}
              onChange={({ currentTarget }) => change({ archived: currentTarget.checked })}
            />
            {make}
          </Group>
        }
      >
        <Answer of={projects} height={160}>
          {(all) =>
            all.length === 0 ? (
              <EmptyState icon="reports" title="No project has a name here yet">
                Records may name any project without it. Made here, one gets a name and a description.
              </EmptyState>
            ) : (
              <DataTable
                name="Projects"
                columns={projectColumns(zone)}
                rows={all}
                rowKey={({ id }) => id}
                maxHeight={480}
                {...(may("projects:write") ? { onPick: setEdited } : {})}
              />
            )
          }
        </Answer>
      </Panel>
      {may("members:read") ? <TeamsPanel /> : null}
      <Dialog
        title={edited === "new" ? "New project" : "Change the project"}
        isOpen={edited !== undefined}
        onClose={() => setEdited(undefined)}
      >
        <ProjectForm
          {...(edited === "new" || edited === undefined ? {} : { project: edited })}
          onClose={() => setEdited(undefined)}
        />
      </Dialog>
    </div>
  );
}

const projectColumns = (zone: string): readonly Column<Project>[] => [
  { key: "id", label: "Id in records", cell: ({ id }) => <Name text={id} />, sortBy: ({ id }) => id },
  { key: "name", label: "Name", cell: ({ name }) => <Name text={name} />, sortBy: ({ name }) => name },
  { key: "description", label: "Description", cell: ({ description }) => <Name isWide text={description || "–"} /> },
  {
    key: "state",
    label: "State",
    cell: ({ archivedAt }) => (
      <Badge size="sm" variant="dot" tt="none" color={archivedAt === null ? "teal" : "gray"}>
        {archivedAt === null ? "Active" : "Archived"}
      </Badge>
    ),
  },
  {
    key: "created",
    label: "Created",
    cell: ({ createdAt }) => formatInstant(createdAt, zone),
    sortBy: ({ createdAt }) => createdAt,
  },
];

function ProjectForm({ project, onClose }: { project?: Project; onClose: () => void }) {
  const [id, setId] = useState(project?.id ?? "");
  const [name, setName] = useState(project?.name ?? "");
  const [description, setDescription] = useState(project?.description ?? "");
  const [archived, setArchived] = useState(project !== undefined && project.archivedAt !== null);
  const save = useAct(
    (client) =>
      project === undefined
        ? client.projects.create({
            id: id.trim(),
            description,
            ...(name.trim() === "" ? {} : { name: name.trim() }),
          })
        : client.projects.update(project.id, { name: name.trim(), description, archived }),
    ["projects"],
  );
  const errors = fieldErrorsOf(save.error);
  return (
    <DialogForm
      verb={project === undefined ? "Make the project" : "Save"}
      isBusy={save.isPending}
      error={save.error}
      canSend={project === undefined ? id.trim() !== "" : name.trim() !== ""}
      onClose={onClose}
      onSend={() => save.mutate(undefined, { onSuccess: onClose })}
    >
      {project === undefined ? (
        <TextInput
          label="Id in records"
          description="What calls carry as their project. It stays as it is."
          required
          data-autofocus
          value={id}
          error={errors["id"]}
          onChange={({ currentTarget }) => setId(currentTarget.value)}
        />
      ) : null}
      <TextInput
        label="Name"
        value={name}
        error={errors["name"]}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      />
      <DescriptionField value={description} error={errors["description"]} onChange={setDescription} />
      {project === undefined ? null : (
        <Switch
          label="Archived: left out of lists, while its records stay"
          checked={archived}
          onChange={({ currentTarget }) => setArchived(currentTarget.checked)}
        />
      )}
    </DialogForm>
  );
}
