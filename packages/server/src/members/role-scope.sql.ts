import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";

const wrong = (text: string): Refusal =>
  new Refusal("VALIDATION_ERROR", `scope ${text}.`, { fieldErrors: { scope: text } });

/** The row of a team by its id or its slug. */
export async function findTeamId(
  connection: StoreConnection,
  organizationId: string,
  name: string,
): Promise<string | undefined> {
  const row = await connection.get<{ team_id: string }>(
    "SELECT team_id FROM teams WHERE organization_id = ?1 AND (team_id = ?2 OR slug = ?2)",
    organizationId,
    name,
  );
  return row?.team_id;
}

/** A scope as it is stored, of one as people write it: the organization by nothing or its id or slug, a team by its id. */
export async function readRoleScope(
  connection: StoreConnection,
  organizationId: string,
  text: string,
): Promise<string> {
  if (text === "own" || text === "organization") return text;
  const at = text.indexOf(":");
  const [kind, name] = [text.slice(0, at), text.slice(at + 1)];
  if (kind === "project") return text;
  if (kind === "team") {
    const team = await findTeamId(connection, organizationId, name);
    if (team === undefined) throw wrong("names no team of the organization");
    return `team:${team}`;
  }
  const organization = await connection.get(
    "SELECT organization_id FROM organizations WHERE organization_id = ?1 AND (organization_id = ?2 OR slug = ?2)",
    organizationId,
    name,
  );
  if (organization === undefined) throw wrong("names another organization");
  return "organization";
}

/** Scopes as people read them, of those that are stored. */
export async function scopeWriter(
  connection: StoreConnection,
  organizationId: string,
): Promise<(stored: string) => string> {
  const teams = await connection.all<{ team_id: string; slug: string }>(
    "SELECT team_id, slug FROM teams WHERE organization_id = ?",
    organizationId,
  );
  const slugs = new Map(teams.map(({ team_id, slug }) => [`team:${team_id}`, `team:${slug}`]));
  return (stored) => (stored === "organization" ? `organization:${organizationId}` : (slugs.get(stored) ?? stored));
}
