import { always } from "../costs/cost-filter.ts";
import type { CostQuery } from "../costs/cost-query.ts";
import { readCursor, writeCursor } from "../costs/page-cursor.ts";
import type { Routes } from "../http/route.ts";
import type { Budgets } from "./budget.ts";
import type { BudgetTransfers } from "./budget-transfer.sql.ts";
import { readBudgetChange, readBudgetTerms, readTransfer } from "./read-budget.ts";
import { standingOf } from "./standing.ts";

export interface BudgetRouteDeps {
  readonly budgets: Budgets & BudgetTransfers;
  readonly query: CostQuery;
  /** UTC milliseconds. */
  readonly now: () => number;
}

const defaultLimit = 100;
/** A place in a history is the number of a change alone. */
const noId = "0".repeat(32);

/** Budgets, how they stand and what was changed about them. */
export function budgetRoutes({ budgets, query, now }: BudgetRouteDeps): Routes {
  return {
    "budgets.create": {
      body: "json",
      handle: async ({ caller, body }) => ({ json: { data: await budgets.create(caller, readBudgetTerms(body)) } }),
    },
    "budgets.list": {
      body: "json",
      handle: async ({ caller }) => ({ json: { data: await budgets.list(caller) } }),
    },
    "budgets.getCurrent": {
      body: "json",
      handle: async ({ caller, query: choice }) => ({
        json: { data: await standingOf(query, await budgets.find(caller, choice), now()) },
      }),
    },
    "budgets.get": {
      body: "json",
      handle: async ({ caller, params }) => ({ json: { data: (await budgets.find(caller, params)).budget } }),
    },
    "budgets.update": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: { data: await budgets.update(caller, params.id, readBudgetChange(body)) },
      }),
    },
    "budgets.delete": {
      body: "json",
      handle: async ({ caller, params }) => {
        await budgets.remove(caller, params.id);
        return {};
      },
    },
    "budgets.transfer": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: { data: await budgets.transfer(caller, readTransfer(params.id, body)) },
      }),
    },
    "budgets.status": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await standingOf(query, await budgets.find(caller, params), now()) },
      }),
    },
    "budgets.history": {
      body: "json",
      handle: async ({ caller, params, query: { limit = defaultLimit, cursor } }) => {
        const identity = { view: "budget history", organization: caller.organizationId, budget: params.id };
        const before = cursor === undefined ? undefined : Number(readCursor(identity, cursor, 1).position.values[0]);
        const found = await budgets.history(caller, params.id, { limit, before });
        const items = found.slice(0, limit);
        const position = { id: noId, values: [String(items.at(-1)?.number)] };
        const hasMore = found.length > limit;
        const next = hasMore ? writeCursor(identity, { period: always, position }) : null;
        return { json: { data: items, pagination: { limit, has_more: hasMore, next_cursor: next } } };
      },
    },
  };
}
