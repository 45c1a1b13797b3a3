import {
  type Permission,
  permissions,
  projectPermissions,
  type Role,
  recordPermissions,
  roles,
} from "@llm-cost-ops/contract/permissions";
import type { RecordScope } from "../identity/record-scope.ts";

/** What somebody may do in an organization. */
export interface Grants {
  readonly permissions: ReadonlySet<Permission>;
  /** Of each permission that holds for a part of the records alone, that part. */
  readonly scopes: ReadonlyMap<Permission, RecordScope>;
}

/** A role at a scope, with the projects that the scope reaches where it is a project's or a team's. */
export interface ScopedRole {
  readonly allows: ReadonlySet<Permission>;
  readonly reach: "organization" | "own" | { readonly projects: readonly string[] };
}

/** What a role allows that reaches no further than this: most permissions are not about records. */
export function allowedAt({ allows, reach }: ScopedRole): readonly Permission[] {
  const possible = reach === "organization" ? allows : reach === "own" ? recordPermissions : projectPermissions;
  return [...allows].filter((permission) => possible.has(permission));
}

/**
 * Adds up the roles of one user. A permission of the organization's scope holds for everything, else for all projects
 * that some role names together; `userIds` are what the user's own records carry.
 */
export function combineRoles(scoped: readonly ScopedRole[], userIds: readonly string[]): Grants {
  const everywhere = new Set<Permission>();
  const inProjects = new Map<Permission, Set<string>>();
  const own = new Set<Permission>();
  for (const role of scoped) {
    for (const permission of allowedAt(role)) {
      if (role.reach === "organization") everywhere.add(permission);
      else if (role.reach === "own") own.add(permission);
      else {
        const projects = inProjects.get(permission) ?? new Set();
        for (const project of role.reach.projects) projects.add(project);
        inProjects.set(permission, projects);
      }
    }
  }
  const granted = permissions.filter((one) => everywhere.has(one) || inProjects.has(one) || own.has(one));
  const scopes = new Map<Permission, RecordScope>();
  for (const permission of granted) {
    if (everywhere.has(permission)) continue;
    const projects = inProjects.get(permission);
    scopes.set(permission, {
      ...(projects === undefined ? {} : { projects: [...projects].sort() }),
      ...(own.has(permission) ? { userIds } : {}),
    });
  }
  return { permissions: new Set(granted), scopes };
}

export const isBuiltInRole = (name: string): name is Role => Object.hasOwn(roles, name);

/** Names that this version does not know are left out: they can allow nothing here. */
export function readPermissions(text: string): ReadonlySet<Permission> {
  const names = JSON.parse(text) as readonly string[];
  return new Set(permissions.filter((permission) => names.includes(permission)));
}
