import { randomUUID } from "node:crypto";
import { limits, type Pagination } from "@llm-cost-ops/contract";
import { readCursor, writeCursor } from "../costs/page-cursor.ts";
import type { Routes } from "../http/route.ts";
import type { Store } from "../store/operation.ts";
import { formatUuid } from "../usage/record-id.ts";
import { acknowledgeAlert, getAlert, listAlerts, resolveAlert } from "./alerts.sql.ts";
import { createRule, deleteRule, getRule, listRules, updateRule } from "./rules.sql.ts";

export interface AlertRouteDeps {
  readonly store: Store;
  /** Called where what is watched in an organization has changed. */
  readonly onChanged: (organizationId: string) => void;
  /** Called when something may be due to be sent. */
  readonly wakeSender: () => void;
}

const defaultLimit = 100;
const nowhere = { fromMs: 0, toMs: 0 };

/** Alert rules, and what came of them. */
export function alertRoutes({ store, onChanged, wakeSender }: AlertRouteDeps): Routes {
  return {
    "alertRules.create": {
      body: "json",
      handle: async ({ caller: { organizationId }, body: input }) => {
        const id = `rule_${randomUUID()}`;
        const made = await store.run(createRule, { organizationId, id, input });
        onChanged(organizationId);
        return { json: { data: made } };
      },
    },
    "alertRules.list": {
      body: "json",
      handle: async ({ caller: { organizationId } }) => ({
        json: { data: await store.run(listRules, { organizationId }) },
      }),
    },
    "alertRules.get": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id } }) => ({
        json: { data: await store.run(getRule, { organizationId, id }) },
      }),
    },
    "alertRules.update": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id }, body: update }) => {
        const changed = await store.run(updateRule, { organizationId, id, update });
        onChanged(organizationId);
        return { json: { data: changed } };
      },
    },
    "alertRules.delete": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id } }) => {
        await store.run(deleteRule, { organizationId, id });
        onChanged(organizationId);
        return {};
      },
    },
    "alerts.list": {
      body: "json",
      handle: async ({ caller: { organizationId }, query }) => {
        const { limit: asked, cursor, ...filter } = query;
        const question = { view: "alerts", organization: organizationId, ...filter };
        const limit = Math.min(asked ?? defaultLimit, limits.pageLimit);
        const behind = cursor === undefined ? undefined : readCursor(question, cursor, 0).position.id;
        const beforeId = behind === undefined ? null : formatUuid(Buffer.from(behind, "hex"));
        const found = await store.run(listAlerts, { organizationId, filter, beforeId, limit });
        const last = found.length > limit ? found[limit - 1] : undefined;
        const position = last && { id: last.id.replaceAll("-", ""), values: [] };
        const pagination: Pagination = {
          limit,
          has_more: last !== undefined,
          next_cursor: position === undefined ? null : writeCursor(question, { period: nowhere, position }),
        };
        return { json: { data: found.slice(0, limit), pagination } };
      },
    },
    "alerts.get": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id } }) => ({
        json: { data: await store.run(getAlert, { organizationId, id }) },
      }),
    },
    "alerts.acknowledge": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id }, body: { note } }) => {
        const alert = await store.run(acknowledgeAlert, { organizationId, id, note });
        wakeSender();
        return { json: { data: alert } };
      },
    },
    "alerts.resolve": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id }, body: { note } }) => {
        const alert = await store.run(resolveAlert, { organizationId, id, note });
        wakeSender();
        return { json: { data: alert } };
      },
    },
  };
}
