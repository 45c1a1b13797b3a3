import type { Routes } from "../http/route.ts";
import type { Projects, Teams } from "./projects.ts";

/** Projects, and teams of them. */
export function projectRoutes({ projects, teams }: { readonly projects: Projects; readonly teams: Teams }): Routes {
  return {
    "projects.create": {
      body: "json",
      handle: async ({ caller, body }) => ({ json: { data: await projects.create(caller.organizationId, body) } }),
    },
    "projects.list": {
      body: "json",
      handle: async ({ caller, query }) => ({
        json: { data: await projects.list(caller.organizationId, query.include_archived === true) },
      }),
    },
    "projects.get": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await projects.get(caller.organizationId, params.id) },
      }),
    },
    "projects.update": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: { data: await projects.update(caller.organizationId, params.id, body) },
      }),
    },
    "teams.create": {
      body: "json",
      handle: async ({ caller, body }) => ({ json: { data: await teams.create(caller.organizationId, body) } }),
    },
    "teams.list": {
      body: "json",
      handle: async ({ caller }) => ({ json: { data: await teams.list(caller.organizationId) } }),
    },
    "teams.get": {
      body: "json",
      handle: async ({ caller, params }) => ({ json: { data: await teams.get(caller.organizationId, params.id) } }),
    },
    "teams.update": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: { data: await teams.update(caller.organizationId, caller, params.id, body) },
      }),
    },
    "teams.delete": {
      body: "json",
      handle: async ({ caller, params }) => {
        await teams.remove(caller.organizationId, params.id);
        return {};
      },
    },
  };
}
