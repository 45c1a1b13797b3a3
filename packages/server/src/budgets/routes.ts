import { always } from "../costs/cost-filter.ts";
import type { CostQuery } from "../costs/cost-query.ts";
import { readCursor, writeCursor } from "../costs/page-cursor.ts";
import type { Caller, Routes } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { BudgetAsker, Budgets, ScopedBudget } from "./budget.ts";
import type { BudgetTransfers } from "./budget-transfer.sql.ts";
import { readValue, requireValues } from "./budget-value.ts";
import { readBudgetChange, readBudgetTerms, readTransfer } from "./read-budget.ts";
import { standingOf, standingsOf, valueStandingOf } from "./standing.ts";
import { askerOfList, type TenantAskers } from "./tenant-askers.ts";
import { readUsed, type UsedValue } from "./used-values.ts";

export interface BudgetRouteDeps {
  readonly budgets: Budgets & BudgetTransfers;
  readonly tenants: TenantAskers;
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

const noTenant = (): Refusal =>
  new Refusal("VALIDATION_ERROR", "scope.tenant_id names no tenant of the organization.", {
    fieldErrors: { "scope.tenant_id": "names no tenant of the organization" },
  });

/** Budgets, how they stand and what was changed about them. */
export function budgetRoutes({ budgets, tenants, query, now }: BudgetRouteDeps): Routes {
  const read = (caller: Caller, id: string): Promise<ScopedBudget> =>
    tenants.either(caller, { kind: "budget", id, access: "read" }, (asker) => budgets.find(asker, { id }));
  const write = <Result>(caller: Caller, id: string, ask: (asker: BudgetAsker) => Promise<Result>): Promise<Result> =>
    tenants.either(caller, { kind: "budget", id, access: "write" }, ask);
  return {
    "budgets.create": {
      body: "json",
      handle: async ({ caller, body }) => {
        const terms = readBudgetTerms(body);
        const tenantId = terms.scope.tenant_id;
        const asker = tenantId === undefined ? caller : await tenants.of(caller, tenantId, "write");
        if (asker === undefined) throw noTenant();
        return { json: { data: await budgets.create(asker, terms) } };
      },
    },
    "budgets.list": {
      body: "json",
      handle: async ({ caller, query: { tenant_id: tenantId } }) => ({
        json: { data: await budgets.list(await askerOfList(tenants, caller, tenantId)) },
      }),
    },
    "budgets.statuses": {
      body: "json",
      handle: async ({ caller, query: { tenant_id: tenantId } }) => {
        const all = await budgets.findAll(await askerOfList(tenants, caller, tenantId));
        return { json: { data: [...(await standingsOf(query, all, now()))] } };
      },
    },
    "budgets.getCurrent": {
      body: "json",
      handle: async ({ caller, query: choice }) => {
        const scoped = await (choice.id === undefined ? budgets.find(caller, choice) : read(caller, choice.id));
        return { json: { data: await standingOf(query, scoped, now()) } };
      },
    },
    "budgets.get": {
      body: "json",
      handle: async ({ caller, params }) => ({ json: { data: (await read(caller, params.id)).budget } }),
    },
    "budgets.update": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: {
          data: await write(caller, params.id, (asker) => budgets.update(asker, params.id, readBudgetChange(body))),
        },
      }),
    },
    "budgets.delete": {
      body: "json",
      handle: async ({ caller, params }) => {
        await write(caller, params.id, (asker) => budgets.remove(asker, params.id));
        return {};
      },
    },
    "budgets.transfer": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: {
          data: await write(caller, params.id, (asker) => budgets.transfer(asker, readTransfer(params.id, body))),
        },
      }),
    },
    "budgets.status": {
      body: "json",
      handle: async ({ caller, params, query: asked }) => {
        const scoped = await read(caller, params.id);
        return { json: { data: await standingOf(query, scoped, now(), readValue(scoped, asked)) } };
      },
    },
    "budgets.values": {
      body: "json",
      handle: async ({ caller, params, query: { limit = defaultLimit, cursor } }) => {
        const identity = { view: "budget values", organization: caller.organizationId, budget: params.id };
        const place = cursor === undefined ? undefined : readCursor(identity, cursor, 2).position.values;
        const scoped = await read(caller, params.id);
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
        const page = { limit, before };
        const named = { kind: "budget", id: params.id, access: "read" } as const;
        const found = await tenants.either(caller, named, (asker) => budgets.history(asker, params.id, page));
        const items = found.slice(0, limit);
        const position = { id: noId, values: [String(items.at(-1)?.number)] };
        const hasMore = found.length > limit;
        const next = hasMore ? writeCursor(identity, { period: always, position }) : null;
        return { json: { data: items, pagination: { limit, has_more: hasMore, next_cursor: next } } };
      },
    },
  };
}
