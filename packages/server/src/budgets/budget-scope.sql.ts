import type { BudgetScope } from "@llm-cost-ops/contract";
import type { RecordScope } from "../identity/record-scope.ts";
import { findTeamId } from "../members/role-scope.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { OfOrganization } from "../store/operation.ts";
import { isBudgetWithin, isTeamWithin } from "./budget.ts";

/** Who is limited to a part of the records asks and changes within it alone. */
export interface Limited extends OfOrganization {
  readonly within: RecordScope | undefined;
  /** The organization's parent, where that asks: it knows the budgets that it set there, and no others. */
  readonly parentId?: string | undefined;
}

/** The projects that a team has at the moment. */
export const projectsOfTeam = async (connection: StoreConnection, organizationId: string, teamId: string) =>
  (
    await connection.all<{ project_id: string }>(
      "SELECT project_id FROM team_projects WHERE organization_id = ? AND team_id = ? ORDER BY project_id",
      organizationId,
      teamId,
    )
  ).map(({ project_id }) => project_id);

interface PlacedScope {
  readonly scope: BudgetScope;
  readonly teamId: string | null;
}

/** A scope with its team by slug. Refuses a team that is none, or none to whoever is limited, and what is beyond them. */
export async function placeScope(
  connection: StoreConnection,
  { organizationId, within, parentId }: Limited,
  { tenant_id: tenantId, ...asked }: BudgetScope,
): Promise<PlacedScope> {
  if (tenantId !== undefined && (parentId === undefined || tenantId !== organizationId)) {
    const text = "is decided when a budget is made, by the parent of the tenant";
    throw new Refusal("VALIDATION_ERROR", `scope.tenant_id ${text}.`, { fieldErrors: { "scope.tenant_id": text } });
  }
  const scope = parentId === undefined ? asked : { ...asked, tenant_id: organizationId };
  const team = scope.team === undefined ? undefined : await findTeam(connection, organizationId, scope.team);
  if (scope.team !== undefined && (team === undefined || !isTeamWithin(team.projects, within))) {
    throw new Refusal("VALIDATION_ERROR", "scope.team names no team of the organization.", {
      fieldErrors: { "scope.team": "names no team of the organization" },
    });
  }
  if (!isBudgetWithin(scope, team?.projects, within)) {
    const field = within?.projects === undefined ? "scope.user_id" : "scope.project_id";
    const text =
      within?.projects === undefined
        ? "must name users whose records the credential sees, and no others"
        : "must name projects of the credential, and no others";
    throw new Refusal("AUTH_002", `The credential is limited to a part of the records: ${field} ${text}.`, {
      fieldErrors: { [field]: text },
    });
  }
  return team === undefined ? { scope, teamId: null } : { scope: { ...scope, team: team.slug }, teamId: team.id };
}

async function findTeam(connection: StoreConnection, organizationId: string, name: string) {
  const id = await findTeamId(connection, organizationId, name);
  if (id === undefined) return undefined;
  const row = await connection.get<{ slug: string }>(
    "SELECT slug FROM teams WHERE organization_id = ? AND team_id = ?",
    organizationId,
    id,
  );
  return { id, slug: row?.slug ?? id, projects: await projectsOfTeam(connection, organizationId, id) };
}
