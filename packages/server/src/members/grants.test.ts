import { permissions, roles } from "@llm-cost-ops/contract/permissions";
import { expect, test } from "vitest";
import { combineRoles } from "./grants.ts";

const me = ["user-1", "me@example.com"];

test("a role of the organization holds for everything", () => {
  const { permissions: may, scopes } = combineRoles([{ allows: roles.admin, reach: "organization" }], me);
  expect([...may]).toEqual(permissions);
  expect(scopes.size).toBe(0);
});

test("a role of a project allows what is about records and keys, for that project alone", () => {
  const { permissions: may, scopes } = combineRoles([{ allows: roles.admin, reach: { projects: ["checkout"] } }], me);
  expect([...may].sort()).toEqual([
    ...["budgets:read", "budgets:reserve", "budgets:write", "costs:read", "costs:write"],
    ...["exports:read", "exports:write", "imports:read", "imports:write"],
    ...["keys:read", "keys:write", "usage:read", "usage:write"],
  ]);
  for (const permission of may) expect(scopes.get(permission)).toEqual({ projects: ["checkout"] });
});

test("a role at `own` allows what is about records, for the member's id and e-mail", () => {
  const { permissions: may, scopes } = combineRoles([{ allows: roles.admin, reach: "own" }], me);
  expect(may.has("keys:read")).toBe(false);
  expect(scopes.get("usage:read")).toEqual({ userIds: me });
});

test("roles add up for each permission by itself", () => {
  const { permissions: may, scopes } = combineRoles(
    [
      { allows: roles.viewer, reach: { projects: ["b"] } },
      { allows: roles.developer, reach: { projects: ["a", "c"] } },
      { allows: new Set(["costs:read"]), reach: "organization" },
    ],
    me,
  );
  expect(may.has("prices:read")).toBe(false);
  expect(scopes.get("costs:read")).toBeUndefined();
  expect(scopes.get("usage:read")).toEqual({ projects: ["a", "b", "c"] });
  expect(scopes.get("usage:write")).toEqual({ projects: ["a", "c"] });
});

test("a team without projects reaches no record, and no role allows nothing", () => {
  const { scopes } = combineRoles([{ allows: roles.viewer, reach: { projects: [] } }], me);
  expect(scopes.get("usage:read")).toEqual({ projects: [] });
  expect(combineRoles([], me)).toEqual({ permissions: new Set(), scopes: new Map() });
});
