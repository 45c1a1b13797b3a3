import type { StoreConnection } from "../store/connection.ts";
import { storeRead } from "../store/operation.ts";
import type { ScopedBudget } from "./budget.ts";
import { type BudgetRow, columns, toWire } from "./budget-row.ts";
import { projectsOfTeam } from "./budget-scope.sql.ts";
import type { TeamOfBudget } from "./budget-value.ts";

/** A budget with what its scope and its values are found by. */
export async function scoped(connection: StoreConnection, row: BudgetRow): Promise<ScopedBudget> {
  const teamProjects =
    row.team_id === null ? undefined : await projectsOfTeam(connection, row.organization_id, row.team_id);
  const teams = row.per === "team" ? { teams: await teamsOf(connection, row.organization_id) } : {};
  return { budget: toWire(row), teamProjects, ...teams };
}

/** The same of several of one organization, whose teams are read once. */
export async function scopedEach(
  connection: StoreConnection,
  organizationId: string,
  rows: readonly BudgetRow[],
): Promise<readonly ScopedBudget[]> {
  const named = [...new Set(rows.flatMap(({ team_id: teamId }) => (teamId === null ? [] : [teamId])))];
  const isPerTeam = rows.some(({ per }) => per === "team");
  const teams = isPerTeam || named.length > 0 ? await teamsOf(connection, organizationId, isPerTeam ? [] : named) : [];
  return rows.map((row) => ({
    budget: toWire(row),
    teamProjects: row.team_id === null ? undefined : (teams.find(({ id }) => id === row.team_id)?.projects ?? []),
    ...(row.per === "team" ? { teams } : {}),
  }));
}

/** Teams of an organization with their projects: those that are named, or all. */
async function teamsOf(
  connection: StoreConnection,
  organizationId: string,
  named: readonly string[] = [],
): Promise<readonly TeamOfBudget[]> {
  const ofNamed = named.length === 0 ? "" : `AND t.team_id IN (${named.map(() => "?").join(", ")})`;
  const rows = await connection.all<{ id: string; slug: string; project: string | null }>(
    `SELECT t.team_id AS id, t.slug AS slug, p.project_id AS project FROM teams t
     LEFT JOIN team_projects p ON p.organization_id = t.organization_id AND p.team_id = t.team_id
     WHERE t.organization_id = ? ${ofNamed} ORDER BY t.slug, p.project_id`,
    organizationId,
    ...named,
  );
  return [...Map.groupBy(rows, ({ id }) => id)].map(([id, own]) => ({
    id,
    slug: own[0]?.slug ?? id,
    projects: own.flatMap(({ project }) => (project === null ? [] : [project])),
  }));
}

/** A budget by its id, whoever asks; undefined where it is gone. */
export async function findScoped(
  connection: StoreConnection,
  organizationId: string,
  id: string,
): Promise<ScopedBudget | undefined> {
  const row = await connection.get<BudgetRow>(
    `SELECT ${columns} FROM budgets WHERE organization_id = ? AND id = ?`,
    organizationId,
    id,
  );
  return row === undefined ? undefined : scoped(connection, row);
}

/** All budgets of an organization, each with the projects of its team. */
export async function scopedBudgets(
  connection: StoreConnection,
  organizationId: string,
): Promise<readonly ScopedBudget[]> {
  const rows = await connection.all<BudgetRow>(
    `SELECT ${columns} FROM budgets WHERE organization_id = ? ORDER BY created_at, id`,
    organizationId,
  );
  return scopedEach(connection, organizationId, rows);
}

/** The budgets that reservations are made of, with the projects of their teams. */
export const listHardBudgets = storeRead(
  "budgets.listHard",
  async (connection, { organizationId }: { readonly organizationId: string }): Promise<readonly ScopedBudget[]> => {
    const rows = await connection.all<BudgetRow>(
      `SELECT ${columns} FROM budgets WHERE organization_id = ? AND enforcement = 'hard' ORDER BY id`,
      organizationId,
    );
    return scopedEach(connection, organizationId, rows);
  },
);
