import type { TenantCosts } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { readPeriod } from "../costs/cost-filter.ts";
import type { CostQuery } from "../costs/cost-query.ts";
import type { Caller, Routes } from "../http/route.ts";
import type { Organizations, Viewer } from "./organizations.ts";

export interface OrganizationRouteDeps {
  readonly organizations: Organizations;
  readonly query: CostQuery;
  /** UTC milliseconds. */
  readonly now: () => number;
}

/** Strictly isolated tenants are looked into by administrators of the parent alone: by those who could make tenants. */
const viewerOf = ({ organizationId, permissions }: Caller): Viewer => ({
  organizationId,
  seesStrict: permissions.has("organizations:write"),
});

/** Organizations, their tenants, and what each of them spent. */
export function organizationRoutes({ organizations, query, now }: OrganizationRouteDeps): Routes {
  return {
    "organizations.create": {
      body: "json",
      handle: async ({ caller, body }) => ({
        json: { data: await organizations.createTenant(caller.organizationId, body) },
      }),
    },
    "organizations.list": {
      body: "json",
      handle: async ({ caller }) => ({ json: { data: await organizations.list(viewerOf(caller)) } }),
    },
    "organizations.get": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await organizations.get(viewerOf(caller), params.id) },
      }),
    },
    "organizations.update": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: { data: await organizations.update(caller.organizationId, params.id, body) },
      }),
    },
    "organizations.costs": {
      body: "json",
      handle: async ({ caller, query: asked, signal }) => {
        const period = readPeriod(asked, now(), "last-30-days");
        const rows: TenantCosts["data"] = [];
        for (const { id, name } of await organizations.list(viewerOf(caller))) {
          signal.throwIfAborted();
          // Each organization is asked for by itself: no question ever spans two of them.
          const { totals } = await query.aggregate(id, {
            period,
            filter: { dimensions: {}, tags: [] },
            groupBy: [],
            metrics: ["sum", "count", "avg"],
          });
          rows.push(...totals.map((sums) => ({ organization_id: id, organization_name: name, ...sums })));
        }
        const answer: TenantCosts = {
          data: rows,
          range: { start: formatInstant(period.fromMs), end: formatInstant(period.toMs), timezone: period.zone },
        };
        return { json: answer };
      },
    },
  };
}
