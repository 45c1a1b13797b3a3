import type { View, ViewInput, ViewPage, ViewUpdate } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, storeChange, storeRead } from "../store/operation.ts";

interface ViewRow {
  readonly organization_id: string;
  readonly id: string;
  readonly owner: string;
  readonly made_by: string;
  readonly page: ViewPage;
  readonly name: string;
  readonly state: string;
  readonly shared: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly pinned: number;
}

/** Who looks at views, and which of those of others may be seen and changed. */
export interface Viewer extends OfOrganization {
  /** Kind and id. */
  readonly owner: string;
  readonly name: string;
  /** A view's filters name projects and people, so nobody sees one of others whose records are not all to be seen. */
  readonly seesShared: boolean;
  readonly mayShare: boolean;
  readonly mayManage: boolean;
}

export interface NamedView {
  readonly viewer: Viewer;
  readonly id: string;
}

const selectViews = `SELECT v.organization_id, v.id, v.owner, v.made_by, v.page, v.name, v.state, v.shared, v.created_at,
    v.updated_at, CASE WHEN p.view_id IS NULL THEN 0 ELSE 1 END AS pinned
  FROM views v LEFT JOIN view_pins p ON p.organization_id = v.organization_id AND p.view_id = v.id AND p.owner = ?1
  WHERE v.organization_id = ?2 AND (v.owner = ?1 OR (v.shared = 1 AND ?3 = 1))`;

const mayChange = ({ owner, shared }: ViewRow, viewer: Viewer): boolean =>
  owner === viewer.owner || (shared === 1 && viewer.mayManage);

function toWire(row: ViewRow, viewer: Viewer): View {
  return {
    id: row.id,
    organization_id: row.organization_id,
    name: row.name,
    page: row.page,
    state: row.state,
    shared: row.shared === 1,
    pinned: row.pinned === 1,
    made_by: row.made_by,
    mine: row.owner === viewer.owner,
    may_change: mayChange(row, viewer),
    created_at: formatInstant(row.created_at),
    updated_at: formatInstant(row.updated_at),
  };
}

async function findView(connection: StoreConnection, { viewer, id }: NamedView): Promise<ViewRow> {
  const { organizationId, owner, seesShared } = viewer;
  const row = await connection.get<ViewRow>(
    `${selectViews} AND v.id = ?4`,
    owner,
    organizationId,
    seesShared ? 1 : 0,
    id,
  );
  if (row === undefined) throw new Refusal("NOT_FOUND", "There is no view with this id.");
  return row;
}

async function refuseTaken(
  connection: StoreConnection,
  { organization_id, owner, id, name }: Pick<ViewRow, "organization_id" | "owner" | "id" | "name">,
): Promise<void> {
  const other = await connection.get(
    "SELECT id FROM views WHERE organization_id = ? AND owner = ? AND name = ? AND id <> ?",
    organization_id,
    owner,
    name,
    id,
  );
  if (other !== undefined) throw new Refusal("CONFLICT", "The same person or key has another view of this name.");
}

async function refuseSharing(connection: StoreConnection, { organizationId, mayShare }: Viewer): Promise<void> {
  if (!mayShare) {
    throw new Refusal("AUTH_002", "This needs the permission views:share, which the credential does not have.");
  }
  const shared = await connection.get<{ readonly present: number }>(
    "SELECT count(*) AS present FROM views WHERE organization_id = ? AND shared = 1",
    organizationId,
  );
  if (Number(shared?.present ?? 0) >= limits.sharedViews) {
    throw new Refusal("CONFLICT", `An organization has at most ${limits.sharedViews} shared views.`);
  }
}

async function setPinned(connection: StoreConnection, { viewer, id }: NamedView, pinned: boolean): Promise<void> {
  const { organizationId, owner } = viewer;
  await connection.run(
    "DELETE FROM view_pins WHERE organization_id = ? AND view_id = ? AND owner = ?",
    organizationId,
    id,
    owner,
  );
  if (!pinned) return;
  await connection.run(
    "INSERT INTO view_pins (organization_id, view_id, owner) VALUES (?, ?, ?)",
    organizationId,
    id,
    owner,
  );
}

const told = ({ name, page, state, shared, pinned }: View) => ({ name, page, state, shared, pinned });

const record = (
  connection: StoreConnection,
  action: "create" | "update" | "delete",
  { organization_id, id }: View,
  states: { readonly before?: unknown; readonly after?: unknown },
): Promise<void> =>
  recordChange(connection, {
    organizationId: organization_id,
    action: `views.${action}`,
    resource: { type: "view", id },
    ...states,
  });

export const createView = storeChange(
  "views.create",
  async (
    connection,
    { organizationId, viewer, id, input }: OfOrganization & NamedView & { readonly input: ViewInput },
  ): Promise<View> => {
    const own = await connection.get<{ readonly present: number }>(
      "SELECT count(*) AS present FROM views WHERE organization_id = ? AND owner = ?",
      organizationId,
      viewer.owner,
    );
    if (Number(own?.present ?? 0) >= limits.viewsOfOwner) {
      throw new Refusal("CONFLICT", `A person or a key has at most ${limits.viewsOfOwner} views.`);
    }
    const { name, page, state, shared = false, pinned = false } = input;
    await refuseTaken(connection, { organization_id: organizationId, owner: viewer.owner, id, name });
    if (shared) await refuseSharing(connection, viewer);
    const nowMs = connection.now();
    await connection.run(
      `INSERT INTO views (organization_id, id, owner, made_by, page, name, state, shared, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      organizationId,
      id,
      viewer.owner,
      viewer.name,
      page,
      name,
      state,
      shared ? 1 : 0,
      nowMs,
      nowMs,
    );
    if (pinned) await setPinned(connection, { viewer, id }, true);
    const made = toWire(await findView(connection, { viewer, id }), viewer);
    await record(connection, "create", made, { after: told(made) });
    return made;
  },
);

export const listViews = storeRead(
  "views.list",
  async (connection, { viewer }: OfOrganization & { readonly viewer: Viewer }): Promise<readonly View[]> => {
    const { organizationId, owner, seesShared } = viewer;
    const rows = await connection.all<ViewRow>(
      `${selectViews} ORDER BY v.name, v.id`,
      owner,
      organizationId,
      seesShared ? 1 : 0,
    );
    return rows.map((row) => toWire(row, viewer));
  },
);

export const getView = storeRead(
  "views.get",
  async (connection, { viewer, id }: OfOrganization & NamedView): Promise<View> =>
    toWire(await findView(connection, { viewer, id }), viewer),
);

export const updateView = storeChange(
  "views.update",
  async (
    connection,
    { organizationId, viewer, id, update }: OfOrganization & NamedView & { readonly update: ViewUpdate },
  ): Promise<View> => {
    const row = await findView(connection, { viewer, id });
    const before = toWire(row, viewer);
    const { name = row.name, state = row.state, shared = before.shared, pinned = before.pinned } = update;
    const isChanged = name !== row.name || state !== row.state || shared !== before.shared;
    const updatedAt = isChanged ? connection.now() : row.updated_at;
    if (isChanged) {
      requireMayChange(row, viewer);
      if (name !== row.name) await refuseTaken(connection, { ...row, name });
      if (shared && !before.shared) await refuseSharing(connection, viewer);
      await connection.run(
        "UPDATE views SET name = ?, state = ?, shared = ?, updated_at = ? WHERE organization_id = ? AND id = ?",
        name,
        state,
        shared ? 1 : 0,
        updatedAt,
        organizationId,
        id,
      );
      // What others cannot see any more they do not have at hand any more, also when it is shared again.
      if (!shared && before.shared) {
        await connection.run(
          "DELETE FROM view_pins WHERE organization_id = ? AND view_id = ? AND owner <> ?",
          organizationId,
          id,
          row.owner,
        );
      }
    }
    const isLost = !shared && !before.mine;
    if (pinned !== before.pinned && !isLost) await setPinned(connection, { viewer, id }, pinned);
    if (!isChanged && pinned === before.pinned) return before;
    // Not read again: whoever manages views may have made it somebody else's own, and does not see it any more.
    const changed = {
      ...row,
      name,
      state,
      shared: shared ? 1 : 0,
      pinned: pinned && !isLost ? 1 : 0,
      updated_at: updatedAt,
    };
    const after = toWire(changed, viewer);
    await record(connection, "update", after, { before: told(before), after: told(after) });
    return after;
  },
);

export const deleteView = storeChange(
  "views.delete",
  async (connection, { organizationId, viewer, id }: OfOrganization & NamedView): Promise<void> => {
    const row = await findView(connection, { viewer, id });
    requireMayChange(row, viewer);
    await connection.run("DELETE FROM view_pins WHERE organization_id = ? AND view_id = ?", organizationId, id);
    await connection.run("DELETE FROM views WHERE organization_id = ? AND id = ?", organizationId, id);
    const before = toWire(row, viewer);
    await record(connection, "delete", before, { before: told(before) });
  },
);

function requireMayChange(row: ViewRow, viewer: Viewer): void {
  if (mayChange(row, viewer)) return;
  throw new Refusal("AUTH_002", "Somebody else made this view: to change it needs the permission views:manage.");
}

/**
 * Forgets what a person has for themselves, in the transaction that removes them from the organization. What they share stays:
 * others look at it, and who manages views may change it.
 */
export async function forgetPrivateViews(
  connection: StoreConnection,
  { organizationId, userId }: OfOrganization & { readonly userId: string },
): Promise<void> {
  const owner = `user:${userId}`;
  await connection.run("DELETE FROM view_pins WHERE organization_id = ? AND owner = ?", organizationId, owner);
  await connection.run(
    "DELETE FROM views WHERE organization_id = ? AND owner = ? AND shared = 0",
    organizationId,
    owner,
  );
}

/** For the registry. */
export const viewOperations = [createView, listViews, getView, updateView, deleteView] as const;
