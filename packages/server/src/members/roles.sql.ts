import type { RoleInput, RoleRecord, RoleUpdate } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { type Permission, permissions, type Role, roles } from "@llm-cost-ops/contract/permissions";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { accessChanged } from "../identity/access-revision.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, type Store, storeChange, storeRead } from "../store/operation.ts";
import { type Granter, requireGrantable, requireRevocable } from "./granting.ts";
import { isBuiltInRole, readPermissions } from "./grants.ts";
import type { Roles } from "./members.ts";

interface RoleRow {
  readonly role: string;
  readonly description: string;
  readonly permissions: string;
  readonly created_at: number;
  readonly updated_at: number;
}

interface NamedRole extends OfOrganization {
  readonly name: string;
}

const columns = "role, description, permissions, created_at, updated_at";

const toWire = (row: RoleRow): RoleRecord => ({
  name: row.role,
  description: row.description,
  permissions: [...readPermissions(row.permissions)],
  custom: true,
  created_at: formatInstant(row.created_at),
  updated_at: formatInstant(row.updated_at),
});

const meanings: Readonly<Record<Role, string>> = {
  admin: "Everything.",
  developer: "Records and imports usage, and reads everything but who belongs to the organization.",
  analyst: "Reads and exports.",
  billing: "Reads and exports, corrects costs, keeps prices and reprices.",
  viewer: "Reads.",
};

const builtIn = (name: Role): RoleRecord => ({
  name,
  description: meanings[name],
  permissions: permissions.filter((permission) => (roles[name] as ReadonlySet<Permission>).has(permission)),
  custom: false,
  created_at: null,
  updated_at: null,
});

async function requireCustomRole(connection: StoreConnection, organizationId: string, name: string): Promise<RoleRow> {
  if (isBuiltInRole(name)) throw new Refusal("CONFLICT", "Every organization has this role, which cannot be changed.");
  const row = await connection.get<RoleRow>(
    `SELECT ${columns} FROM custom_roles WHERE organization_id = ? AND role = ?`,
    organizationId,
    name,
  );
  if (row === undefined) throw new Refusal("NOT_FOUND", "There is no role of this name.");
  return row;
}

const selectRoles = (connection: StoreConnection, organizationId: string) =>
  connection.all<RoleRow>(
    `SELECT ${columns} FROM custom_roles WHERE organization_id = ? ORDER BY role`,
    organizationId,
  );

const listRoles = storeRead("roles.list", async (connection, { organizationId }: OfOrganization) => [
  ...(Object.keys(roles) as Role[]).map(builtIn),
  ...(await selectRoles(connection, organizationId)).map(toWire),
]);

const getRole = storeRead("roles.get", async (connection, { organizationId, name }: NamedRole) =>
  isBuiltInRole(name) ? builtIn(name) : toWire(await requireCustomRole(connection, organizationId, name)),
);

interface Change extends OfOrganization {
  readonly by: Granter;
}

const textOf = (named: readonly Permission[]): string =>
  JSON.stringify(permissions.filter((permission) => named.includes(permission)));

const createRole = storeChange(
  "roles.create",
  async (connection, { organizationId, by, input }: Change & { readonly input: RoleInput }): Promise<RoleRecord> => {
    requireGrantable(by, { allows: new Set(input.permissions), reach: "organization" });
    const known = await selectRoles(connection, organizationId);
    if (isBuiltInRole(input.name) || known.some(({ role }) => role === input.name)) {
      throw new Refusal("CONFLICT", "There is a role of this name already.", { fieldErrors: { name: "is taken" } });
    }
    if (known.length >= limits.customRoles) {
      throw new Refusal("CONFLICT", `An organization has at most ${limits.customRoles} roles of its own.`);
    }
    const row: RoleRow = {
      role: input.name,
      description: input.description,
      permissions: textOf(input.permissions),
      created_at: connection.now(),
      updated_at: connection.now(),
    };
    await connection.run(
      `INSERT INTO custom_roles (organization_id, ${columns}) VALUES (?, ?, ?, ?, ?, ?)`,
      organizationId,
      row.role,
      row.description,
      row.permissions,
      row.created_at,
      row.updated_at,
    );
    const made = toWire(row);
    const resource = { type: "role", id: row.role };
    await recordChange(connection, { organizationId, action: "roles.create", resource, after: told(made) });
    return made;
  },
);

const told = ({ description, permissions: allowed }: RoleRecord) => ({ description, permissions: allowed });

const updateRole = storeChange(
  "roles.update",
  async (
    connection,
    { organizationId, by, name, update }: Change & NamedRole & { readonly update: RoleUpdate },
  ): Promise<RoleRecord> => {
    const before = await requireCustomRole(connection, organizationId, name);
    if (update.permissions !== undefined) {
      const kept = new Set(update.permissions);
      requireGrantable(by, { allows: kept, reach: "organization" });
      // Whoever has the role loses these.
      const lost = [...readPermissions(before.permissions)].filter((permission) => !kept.has(permission));
      requireRevocable(by, { allows: new Set(lost), reach: "organization" });
    }
    const after: RoleRow = {
      ...before,
      description: update.description ?? before.description,
      permissions: update.permissions === undefined ? before.permissions : textOf(update.permissions),
      updated_at: connection.now(),
    };
    await connection.run(
      "UPDATE custom_roles SET description = ?, permissions = ?, updated_at = ? WHERE organization_id = ? AND role = ?",
      after.description,
      after.permissions,
      after.updated_at,
      organizationId,
      name,
    );
    await accessChanged(connection);
    await recordChange(connection, {
      organizationId,
      action: "roles.update",
      resource: { type: "role", id: name },
      before: told(toWire(before)),
      after: told(toWire(after)),
    });
    return toWire(after);
  },
);

const deleteRole = storeChange("roles.delete", async (connection, { organizationId, name }: NamedRole) => {
  const before = await requireCustomRole(connection, organizationId, name);
  const held = await connection.get(
    "SELECT user_id FROM role_grants WHERE organization_id = ? AND role = ? LIMIT 1",
    organizationId,
    name,
  );
  const promised = await connection.get(
    `SELECT id FROM invitations WHERE organization_id = ? AND role = ? AND accepted_at IS NULL AND revoked_at IS NULL
       AND expires_at > ? LIMIT 1`,
    organizationId,
    name,
    connection.now(),
  );
  if (held !== undefined || promised !== undefined) {
    throw new Refusal("CONFLICT", "Members have this role or are invited to it: give them another one first.");
  }
  await connection.run("DELETE FROM custom_roles WHERE organization_id = ? AND role = ?", organizationId, name);
  await recordChange(connection, {
    organizationId,
    action: "roles.delete",
    resource: { type: "role", id: name },
    before: told(toWire(before)),
  });
});

/** Roles in a store. `onChanged` is called before a change is answered after which somebody may do less than before. */
export const createRoles = (store: Store, onChanged: () => void): Roles => ({
  list: (organizationId) => store.run(listRoles, { organizationId }),
  get: (organizationId, name) => store.run(getRole, { organizationId, name }),
  create: (organizationId, by, input) => store.run(createRole, { organizationId, by, input }),
  async update(organizationId, by, name, update) {
    const changed = await store.run(updateRole, { organizationId, by, name, update });
    onChanged();
    return changed;
  },
  remove: (organizationId, name) => store.run(deleteRole, { organizationId, name }),
});

export const roleOperations = [listRoles, getRole, createRole, updateRole, deleteRole] as const;
