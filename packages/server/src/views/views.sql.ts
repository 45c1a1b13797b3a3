import type { View, ViewInput, ViewPage, ViewUpdate } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, storeChange, storeRead, storeWrite } from "../store/operation.ts";
import { forgetViewsOfEndedKeys, isGone, ownerOf } from "./view-owners.sql.ts";

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
  readonly who: string;
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

/** A viewer, with whose the views are that this one keeps. */
interface Owner extends Viewer {
  readonly owner: string;
}

const asOwner = async (connection: StoreConnection, viewer: Viewer): Promise<Owner> => ({
  ...viewer,
  owner: await ownerOf(connection, viewer.organizationId, viewer.who),
});

const selectViews = `SELECT v.organization_id, v.id, v.owner, v.made_by, v.page, v.name, v.state, v.shared, v.created_at,
    v.updated_at, CASE WHEN p.view_id IS NULL THEN 0 ELSE 1 END AS pinned
  FROM views v LEFT JOIN view_pins p ON p.organization_id = v.organization_id AND p.view_id = v.id AND p.owner = ?1
  WHERE v.organization_id = ?2 AND (v.owner = ?1 OR (v.shared = 1 AND ?3 = 1))`;

const mayChange = ({ owner, shared }: ViewRow, viewer: Owner): boolean =>
  owner === viewer.owner || (shared === 1 && viewer.mayManage);

function toWire(row: ViewRow, viewer: Owner): View {
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

async function findView(connection: StoreConnection, viewer: Owner, id: string): Promise<ViewRow> {
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

async function setPinned(connection: StoreConnection, viewer: Owner, id: string, pinned: boolean): Promise<void> {
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

/** What somebody keeps for themselves is not for who reads the trail, and pins are no change of a view. */
const told = ({ name, page, state, shared }: View) => (shared ? { name, page, state, shared } : { page, shared });

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
    { organizationId, viewer: asking, id, input }: OfOrganization & NamedView & { readonly input: ViewInput },
  ): Promise<View> => {
    const viewer = await asOwner(connection, asking);
    // Nothing happens when a key expires, so what it leaves goes with the next view that is made.
    await forgetViewsOfEndedKeys(connection, organizationId);
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
    if (pinned) await setPinned(connection, viewer, id, true);
    const made = toWire(await findView(connection, viewer, id), viewer);
    await record(connection, "create", made, { after: told(made) });
    return made;
  },
);

export const listViews = storeRead(
  "views.list",
  async (connection, args: OfOrganization & { readonly viewer: Viewer }): Promise<readonly View[]> => {
    const viewer = await asOwner(connection, args.viewer);
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
  async (connection, { viewer: asking, id }: OfOrganization & NamedView): Promise<View> => {
    const viewer = await asOwner(connection, asking);
    return toWire(await findView(connection, viewer, id), viewer);
  },
);

/** All of a view but its pins, which are no change of it. */
export const updateView = storeChange(
  "views.update",
  async (
    connection,
    args: OfOrganization & NamedView & { readonly update: Omit<ViewUpdate, "pinned"> },
  ): Promise<View> => {
    const { organizationId, id, update } = args;
    const viewer = await asOwner(connection, args.viewer);
    const row = await findView(connection, viewer, id);
    const before = toWire(row, viewer);
    const { name = row.name, state = row.state, shared = before.shared } = update;
    if (name === row.name && state === row.state && shared === before.shared) return before;
    requireMayChange(row, viewer);
    if (name !== row.name) await refuseTaken(connection, { ...row, name });
    if (shared && !before.shared) await refuseSharing(connection, viewer);
    const isUnshared = !shared && before.shared;
    if (isUnshared && !before.mine && (await isGone(connection, organizationId, row.owner))) {
      throw new Refusal(
        "CONFLICT",
        "Whoever made this view is gone, so nobody could see it any more: delete it instead.",
      );
    }
    const updatedAt = connection.now();
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
    if (isUnshared) {
      await connection.run(
        "DELETE FROM view_pins WHERE organization_id = ? AND view_id = ? AND owner <> ?",
        organizationId,
        id,
        row.owner,
      );
    }
    // Not read again: whoever manages views may have made it somebody else's own, and does not see it any more.
    const isPinned = before.pinned && (shared || before.mine);
    const changed = { ...row, name, state, shared: shared ? 1 : 0, pinned: isPinned ? 1 : 0, updated_at: updatedAt };
    const after = toWire(changed, viewer);
    await record(connection, "update", after, { before: told(before), after: told(after) });
    return after;
  },
);

export const pinView = storeWrite(
  "views.pin",
  async (connection, args: OfOrganization & NamedView & { readonly pinned: boolean }): Promise<View> => {
    const viewer = await asOwner(connection, args.viewer);
    const row = await findView(connection, viewer, args.id);
    if ((row.pinned === 1) !== args.pinned) await setPinned(connection, viewer, args.id, args.pinned);
    return { ...toWire(row, viewer), pinned: args.pinned };
  },
  "what somebody has at hand is no change of the view, and may go back and forth without end",
);

export const deleteView = storeChange(
  "views.delete",
  async (connection, { organizationId, viewer: asking, id }: OfOrganization & NamedView): Promise<void> => {
    const viewer = await asOwner(connection, asking);
    const row = await findView(connection, viewer, id);
    requireMayChange(row, viewer);
    await connection.run("DELETE FROM view_pins WHERE organization_id = ? AND view_id = ?", organizationId, id);
    await connection.run("DELETE FROM views WHERE organization_id = ? AND id = ?", organizationId, id);
    const before = toWire(row, viewer);
    await record(connection, "delete", before, { before: told(before) });
  },
);

function requireMayChange(row: ViewRow, viewer: Owner): void {
  if (mayChange(row, viewer)) return;
  throw new Refusal("AUTH_002", "Somebody else made this view: to change it needs the permission views:manage.");
}

/** For the registry. */
export const viewOperations = [createView, listViews, getView, updateView, pinView, deleteView] as const;
