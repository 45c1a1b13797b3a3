import { randomUUID } from "node:crypto";
import type { Caller, Routes } from "../http/route.ts";
import type { Store } from "../store/operation.ts";
import { createView, deleteView, getView, listViews, updateView, type Viewer } from "./views.sql.ts";

/** A person's views are the person's and a key's the key's own. */
const viewerOf = ({ organizationId, principal, permissions, records }: Caller): Viewer => ({
  organizationId,
  owner: `${principal.kind}:${principal.id}`,
  name: principal.name,
  seesShared: records === undefined,
  mayShare: permissions.has("views:share"),
  mayManage: permissions.has("views:manage"),
});

/** Ways to look at a page, kept under names. */
export function viewRoutes({ store }: { readonly store: Store }): Routes {
  return {
    "views.create": {
      body: "json",
      handle: async ({ caller, body: input }) => {
        const { organizationId } = caller;
        const id = `view_${randomUUID().replaceAll("-", "")}`;
        const viewer = viewerOf(caller);
        return { json: { data: await store.run(createView, { organizationId, viewer, id, input }) } };
      },
    },
    "views.list": {
      body: "json",
      handle: async ({ caller }) => {
        const { organizationId } = caller;
        return { json: { data: await store.run(listViews, { organizationId, viewer: viewerOf(caller) }) } };
      },
    },
    "views.get": {
      body: "json",
      handle: async ({ caller, params: { id } }) => {
        const { organizationId } = caller;
        return { json: { data: await store.run(getView, { organizationId, viewer: viewerOf(caller), id }) } };
      },
    },
    "views.update": {
      body: "json",
      handle: async ({ caller, params: { id }, body: update }) => {
        const { organizationId } = caller;
        const viewer = viewerOf(caller);
        return { json: { data: await store.run(updateView, { organizationId, viewer, id, update }) } };
      },
    },
    "views.delete": {
      body: "json",
      handle: async ({ caller, params: { id } }) => {
        const { organizationId } = caller;
        await store.run(deleteView, { organizationId, viewer: viewerOf(caller), id });
        return {};
      },
    },
  };
}
