import { randomUUID } from "node:crypto";
import type { Caller, Routes } from "../http/route.ts";
import type { Store } from "../store/operation.ts";
import { createView, deleteView, getView, listViews, pinView, updateView, type Viewer } from "./views.sql.ts";

/** A person's views are the person's; a key's the key's own, and those of the keys that took its place. */
const viewerOf = ({ organizationId, principal, permissions, records }: Caller): Viewer => ({
  organizationId,
  who: `${principal.kind}:${principal.id}`,
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
      handle: async ({ caller, params: { id }, body: { pinned, ...update } }) => {
        const { organizationId } = caller;
        const named = { organizationId, viewer: viewerOf(caller), id };
        const isPinAlone = Object.values(update).every((value) => value === undefined);
        const view = isPinAlone ? undefined : await store.run(updateView, { ...named, update });
        // Made private for somebody else, it is not the caller's to pin any more.
        const isLost = view?.shared === false && !view.mine;
        if (pinned === undefined || isLost) return { json: { data: view } };
        return { json: { data: await store.run(pinView, { ...named, pinned }) } };
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
