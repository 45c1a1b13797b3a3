import { always } from "../costs/cost-filter.ts";
import type { CostQuery } from "../costs/cost-query.ts";
import { readCursor, writeCursor } from "../costs/page-cursor.ts";
import type { Routes } from "../http/route.ts";
import type { Budgets } from "./budget.ts";
import type { BudgetTransfers } from "./budget-transfer.sql.ts";
import { readValue, requireValues } from "./budget-value.ts";
import { readBudgetChange, readBudgetTerms, readTransfer } from "./read-budget.ts";
import { standingOf, valueStandingOf } from "./standing.ts";
import { readUsed, type UsedValue } from "./used-values.ts";

export interface BudgetRouteDeps {
  readonly budgets: Budgets & BudgetTransfers;
  readonly query: CostQuery;
  /** UTC milliseconds. */
  readonly now: () => number;
}

const defaultLimit = 100;
/** A place in a history is the number of a change alone. */
const noId = "0".repeat(32);

/** The use of the last value of a page, and how many have used as much up to there. */
function placeAfter(all: readonly UsedValue[], end: number): [string, string] {
  const used = all[end - 1]?.used ?? 0n;
  return [used.toString(), String(end - all.findIndex((one) => one.used === used))];
}

/** Where the page begins that follows such a place, as the values stand now. */
function firstAfter(all: readonly UsedValue[], used: bigint, skipped: number): number {
  const start = all.findIndex((one) => one.used <= used);
  if (start === -1) return all.length;
  return all[start]?.used === used ? start + skipped : start;
}

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
      handle: async ({ caller, params, query: asked }) => {
        const scoped = await budgets.find(caller, params);
        return { json: { data: await standingOf(query, scoped, now(), readValue(scoped, asked)) } };
      },
    },
    "budgets.values": {
      body: "json",
      handle: async ({ caller, params, query: { limit = defaultLimit, cursor } }) => {
        const identity = { view: "budget values", organization: caller.organizationId, budget: params.id };
        const place = cursor === undefined ? undefined : readCursor(identity, cursor, 2).position.values;
        const scoped = await budgets.find(caller, params);
        requireValues(scoped);
        const nowMs = now();
        const all = await readUsed(query, scoped, nowMs);
        const from = place === undefined ? 0 : firstAfter(all, BigInt(place[0] ?? 0), Number(place[1] ?? 0));
        const items = all.slice(from, from + limit);
        const last = items.at(-1);
        const hasMore = from + items.length < all.length && last !== undefined;
        const next = hasMore
          ? writeCursor(identity, {
              period: always,
              position: { id: noId, values: placeAfter(all, from + items.length) },
            })
          : null;
        const data = items.map((one) => valueStandingOf(scoped, one, nowMs));
        return { json: { data, pagination: { limit, has_more: hasMore, next_cursor: next } } };
      },
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
