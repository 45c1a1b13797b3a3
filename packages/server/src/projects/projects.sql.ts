import type { Project, ProjectInput, ProjectUpdate } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, type Store, storeChange, storeRead } from "../store/operation.ts";
import type { Projects } from "./projects.ts";

interface ProjectRow {
  readonly organization_id: string;
  readonly project_id: string;
  readonly name: string;
  readonly description: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly archived_at: number | null;
}

interface NamedProject extends OfOrganization {
  readonly id: string;
}

const columns = "organization_id, project_id, name, description, created_at, updated_at, archived_at";

const toWire = (row: ProjectRow): Project => ({
  id: row.project_id,
  organization_id: row.organization_id,
  name: row.name,
  description: row.description,
  created_at: formatInstant(row.created_at),
  updated_at: formatInstant(row.updated_at),
  archived_at: row.archived_at === null ? null : formatInstant(row.archived_at),
});

const findProject = async (connection: StoreConnection, { organizationId, id }: NamedProject) =>
  connection.get<ProjectRow>(
    `SELECT ${columns} FROM projects WHERE organization_id = ? AND project_id = ?`,
    organizationId,
    id,
  );

async function requireProject(connection: StoreConnection, named: NamedProject): Promise<ProjectRow> {
  const row = await findProject(connection, named);
  if (row === undefined) throw new Refusal("NOT_FOUND", "There is no project with this id.");
  return row;
}

const told = ({ name, description, archived_at }: Project) => ({ name, description, archived_at });

const createProject = storeChange(
  "projects.create",
  async (
    connection,
    { organizationId, input }: OfOrganization & { readonly input: ProjectInput },
  ): Promise<Project> => {
    const { id, name = id, description = "" } = input;
    if ((await findProject(connection, { organizationId, id })) !== undefined) {
      throw new Refusal("CONFLICT", "There is a project with this id already.", { fieldErrors: { id: "is taken" } });
    }
    const count = await connection.get<{ present: number }>(
      "SELECT count(*) AS present FROM projects WHERE organization_id = ?",
      organizationId,
    );
    if (Number(count?.present ?? 0) >= limits.projects) {
      throw new Refusal("CONFLICT", `An organization has at most ${limits.projects} projects.`);
    }
    const nowMs = connection.now();
    await connection.run(
      "INSERT INTO projects (organization_id, project_id, name, description, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
      organizationId,
      id,
      name,
      description,
      nowMs,
      nowMs,
    );
    const made = toWire(await requireProject(connection, { organizationId, id }));
    const resource = { type: "project", id };
    await recordChange(connection, { organizationId, action: "projects.create", resource, after: told(made) });
    return made;
  },
);

const listProjects = storeRead(
  "projects.list",
  async (connection, { organizationId, withArchived }: OfOrganization & { readonly withArchived: boolean }) => {
    const rows = await connection.all<ProjectRow>(
      `SELECT ${columns} FROM projects WHERE organization_id = ? AND (? = 1 OR archived_at IS NULL)
       ORDER BY lower(name), project_id`,
      organizationId,
      withArchived ? 1 : 0,
    );
    return rows.map(toWire);
  },
);

const getProject = storeRead("projects.get", async (connection, named: NamedProject) =>
  toWire(await requireProject(connection, named)),
);

const updateProject = storeChange(
  "projects.update",
  async (connection, { organizationId, id, update }: NamedProject & { readonly update: ProjectUpdate }) => {
    const row = await requireProject(connection, { organizationId, id });
    const nowMs = connection.now();
    const archivedAt =
      update.archived === undefined ? row.archived_at : update.archived ? (row.archived_at ?? nowMs) : null;
    await connection.run(
      `UPDATE projects SET name = ?, description = ?, updated_at = ?, archived_at = ?
       WHERE organization_id = ? AND project_id = ?`,
      update.name ?? row.name,
      update.description ?? row.description,
      nowMs,
      archivedAt,
      organizationId,
      id,
    );
    const changed = toWire(await requireProject(connection, { organizationId, id }));
    await recordChange(connection, {
      organizationId,
      action: "projects.update",
      resource: { type: "project", id },
      before: told(toWire(row)),
      after: told(changed),
    });
    return changed;
  },
);

/** Projects in a store. */
export const createProjects = (store: Store): Projects => ({
  create: (organizationId, input) => store.run(createProject, { organizationId, input }),
  list: (organizationId, withArchived) => store.run(listProjects, { organizationId, withArchived }),
  get: (organizationId, id) => store.run(getProject, { organizationId, id }),
  update: (organizationId, id, update) => store.run(updateProject, { organizationId, id, update }),
});

export const projectOperations = [createProject, listProjects, getProject, updateProject] as const;
