import { randomUUID } from "node:crypto";
import type { Team, TeamInput, TeamUpdate } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { accessChanged } from "../identity/access-revision.sql.ts";
import { beyondGranter, type Granter } from "../members/granting.ts";
import { roleOf } from "../members/grants.sql.ts";
import { findTeamId } from "../members/role-scope.sql.ts";
import { slugOf } from "../organizations/organizations.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, type Store, storeChange, storeRead } from "../store/operation.ts";
import type { Teams } from "./projects.ts";

interface TeamRow {
  readonly team_id: string;
  readonly slug: string;
  readonly name: string;
  readonly created_at: number;
  readonly updated_at: number;
}

interface NamedTeam extends OfOrganization {
  readonly name: string;
}

/** Teams by name, or the one of `teamId`. */
async function selectTeams(
  connection: StoreConnection,
  organizationId: string,
  teamId: string | null,
): Promise<readonly Team[]> {
  const places = [organizationId, teamId, teamId] as const;
  const ofTeam = "organization_id = ? AND (CAST(? AS TEXT) IS NULL OR team_id = ?)";
  const rows = await connection.all<TeamRow>(
    `SELECT team_id, slug, name, created_at, updated_at FROM teams WHERE ${ofTeam} ORDER BY lower(name), team_id`,
    ...places,
  );
  const projects = await connection.all<{ team_id: string; project_id: string }>(
    `SELECT team_id, project_id FROM team_projects WHERE ${ofTeam} ORDER BY team_id, project_id`,
    ...places,
  );
  const members = await connection.all<{ team_id: string; user_id: string }>(
    `SELECT team_id, user_id FROM team_members WHERE ${ofTeam} ORDER BY team_id, user_id`,
    ...places,
  );
  const projectsOf = Map.groupBy(projects, ({ team_id }) => team_id);
  const membersOf = Map.groupBy(members, ({ team_id }) => team_id);
  return rows.map((row) => ({
    id: row.team_id,
    organization_id: organizationId,
    slug: row.slug,
    name: row.name,
    projects: (projectsOf.get(row.team_id) ?? []).map(({ project_id }) => project_id),
    members: (membersOf.get(row.team_id) ?? []).map(({ user_id }) => user_id),
    created_at: formatInstant(row.created_at),
    updated_at: formatInstant(row.updated_at),
  }));
}

async function requireTeam(connection: StoreConnection, { organizationId, name }: NamedTeam): Promise<Team> {
  const teamId = await findTeamId(connection, organizationId, name);
  const [team] = teamId === undefined ? [] : await selectTeams(connection, organizationId, teamId);
  if (team === undefined) throw new Refusal("NOT_FOUND", "There is no team with this id.");
  return team;
}

async function putProjects(connection: StoreConnection, { organization_id, id }: Team, projects: readonly string[]) {
  await connection.run("DELETE FROM team_projects WHERE organization_id = ? AND team_id = ?", organization_id, id);
  for (const project of new Set(projects)) {
    await connection.run(
      "INSERT INTO team_projects (organization_id, team_id, project_id) VALUES (?, ?, ?)",
      organization_id,
      id,
      project,
    );
  }
}

async function putMembers(
  connection: StoreConnection,
  { organization_id, id }: Team,
  members: readonly string[],
  field = "members",
) {
  await connection.run("DELETE FROM team_members WHERE organization_id = ? AND team_id = ?", organization_id, id);
  for (const userId of new Set(members)) {
    const added = await connection.run(
      `INSERT INTO team_members (organization_id, team_id, user_id)
       SELECT organization_id, CAST(? AS TEXT), user_id FROM memberships WHERE organization_id = ? AND user_id = ?`,
      id,
      organization_id,
      userId,
    );
    if (added === 0) {
      throw new Refusal("VALIDATION_ERROR", "A team is made of members.", {
        fieldErrors: { [field]: `names nobody who is a member: ${userId}` },
      });
    }
  }
}

const told = ({ name, slug, projects, members }: Team) => ({ name, slug, projects, members });

const createTeam = storeChange(
  "teams.create",
  async (
    connection,
    { organizationId, id, input }: OfOrganization & { readonly id: string; readonly input: TeamInput },
  ): Promise<Team> => {
    const slug = input.slug ?? slugOf(input.name);
    if (slug === undefined) {
      throw new Refusal("VALIDATION_ERROR", "The team needs a slug.", {
        fieldErrors: { slug: "is needed, because the name has no Latin letter or digit" },
      });
    }
    if ((await findTeamId(connection, organizationId, slug)) !== undefined) {
      throw new Refusal("CONFLICT", `There is a team with the slug ${slug} already.`, {
        fieldErrors: { slug: "is taken" },
      });
    }
    const count = await connection.get<{ present: number }>(
      "SELECT count(*) AS present FROM teams WHERE organization_id = ?",
      organizationId,
    );
    if (Number(count?.present ?? 0) >= limits.teams) {
      throw new Refusal("CONFLICT", `An organization has at most ${limits.teams} teams.`);
    }
    const nowMs = connection.now();
    await connection.run(
      "INSERT INTO teams (organization_id, team_id, slug, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
      organizationId,
      id,
      slug,
      input.name,
      nowMs,
      nowMs,
    );
    const empty = await requireTeam(connection, { organizationId, name: id });
    await putProjects(connection, empty, input.projects ?? []);
    await putMembers(connection, empty, input.members ?? []);
    const made = await requireTeam(connection, { organizationId, name: id });
    const resource = { type: "team", id };
    await recordChange(connection, { organizationId, action: "teams.create", resource, after: told(made) });
    return made;
  },
);

const listTeams = storeRead("teams.list", (connection, { organizationId }: OfOrganization) =>
  selectTeams(connection, organizationId, null),
);

const getTeam = storeRead("teams.get", requireTeam);

/** Roles and invitations that are limited to a team. */
const limitedTo = (connection: StoreConnection, { organization_id, id }: Team) =>
  connection.all<{ role: string }>(
    `SELECT role FROM role_grants WHERE organization_id = ? AND scope = ?
     UNION SELECT role FROM invitations
     WHERE organization_id = ? AND scope = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?`,
    organization_id,
    `team:${id}`,
    organization_id,
    `team:${id}`,
    connection.now(),
  );

/** Whoever moves projects into a team or out of it gives or takes their records, for everybody limited to the team. */
async function requireMayMove(connection: StoreConnection, by: Granter, team: Team, projects: readonly string[]) {
  const moved = [
    ...projects.filter((project) => !team.projects.includes(project)),
    ...team.projects.filter((project) => !projects.includes(project)),
  ];
  if (moved.length === 0) return;
  for (const { role } of await limitedTo(connection, team)) {
    const allows = await roleOf(connection, team.organization_id, role);
    const beyond = allows === undefined ? [] : beyondGranter(by, { allows, reach: { projects: moved } });
    if (beyond.length > 0) {
      const message = `The team's role ${role} allows there what the credential does not have: ${beyond.join(", ")}.`;
      throw new Refusal("AUTH_002", message, { fieldErrors: { projects: "goes beyond the credential" } });
    }
  }
}

/** A list of a team as an update leaves it; undefined where it says nothing of it. Refuses one that becomes too long. */
function changed(
  field: "projects" | "members",
  before: readonly string[],
  update: TeamUpdate,
  countMax: number,
): readonly string[] | undefined {
  const [whole, added, removed] = [update[field], update[`add_${field}`], update[`remove_${field}`]];
  if (whole !== undefined || (added === undefined && removed === undefined)) return whole;
  const after = new Set([...before, ...(added ?? [])]);
  for (const name of removed ?? []) after.delete(name);
  if (after.size <= countMax) return [...after];
  throw new Refusal("VALIDATION_ERROR", `A team has at most ${countMax} ${field}.`, {
    fieldErrors: { [`add_${field}`]: `makes more than ${countMax}` },
  });
}

const updateTeam = storeChange(
  "teams.update",
  async (
    connection,
    { organizationId, name, by, update }: NamedTeam & { readonly by: Granter; readonly update: TeamUpdate },
  ): Promise<Team> => {
    const before = await requireTeam(connection, { organizationId, name });
    const projects = changed("projects", before.projects, update, limits.teamProjects);
    if (projects !== undefined) {
      await requireMayMove(connection, by, before, projects);
      await putProjects(connection, before, projects);
    }
    const members = changed("members", before.members, update, limits.teamMembers);
    if (members !== undefined) {
      await putMembers(connection, before, members, update.members === undefined ? "add_members" : "members");
    }
    await connection.run(
      "UPDATE teams SET name = ?, updated_at = ? WHERE organization_id = ? AND team_id = ?",
      update.name ?? before.name,
      connection.now(),
      organizationId,
      before.id,
    );
    await accessChanged(connection);
    const after = await requireTeam(connection, { organizationId, name: before.id });
    await recordChange(connection, {
      organizationId,
      action: "teams.update",
      resource: { type: "team", id: before.id },
      before: told(before),
      after: told(after),
    });
    return after;
  },
);

const deleteTeam = storeChange("teams.delete", async (connection, named: NamedTeam): Promise<void> => {
  const team = await requireTeam(connection, named);
  if ((await limitedTo(connection, team)).length > 0) {
    throw new Refusal("CONFLICT", "Roles or invitations are limited to this team: take them away first.");
  }
  const counted = await connection.get<{ name: string }>(
    "SELECT name FROM budgets WHERE organization_id = ? AND team_id = ? ORDER BY name LIMIT 1",
    named.organizationId,
    team.id,
  );
  if (counted !== undefined) {
    throw new Refusal(
      "CONFLICT",
      `The budget "${counted.name}" counts what this team spends: change or delete it first.`,
    );
  }
  for (const table of ["team_projects", "team_members", "teams"]) {
    await connection.run(
      `DELETE FROM ${table} WHERE organization_id = ? AND team_id = ?`,
      named.organizationId,
      team.id,
    );
  }
  await recordChange(connection, {
    organizationId: named.organizationId,
    action: "teams.delete",
    resource: { type: "team", id: team.id },
    before: told(team),
  });
});

/** Teams in a store. `onChanged` is called before a change is answered after which somebody may see less than before. */
export const createTeams = (store: Store, onChanged: () => void): Teams => ({
  create: (organizationId, input) => store.run(createTeam, { organizationId, id: `team_${randomUUID()}`, input }),
  list: (organizationId) => store.run(listTeams, { organizationId }),
  get: (organizationId, name) => store.run(getTeam, { organizationId, name }),
  async update(organizationId, by, name, update) {
    const changed = await store.run(updateTeam, { organizationId, name, by, update });
    onChanged();
    return changed;
  },
  remove: (organizationId, name) => store.run(deleteTeam, { organizationId, name }),
});

export const teamOperations = [createTeam, listTeams, getTeam, updateTeam, deleteTeam] as const;
