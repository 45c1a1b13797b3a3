import { fullPath, type Operation, type OperationId, operations } from "@llm-cost-ops/contract";
import { expect, test } from "vitest";
import { type Endpoint, endpoints, pathOf } from "./endpoints.ts";

const table = Object.entries(operations) as [OperationId, Operation][];

test("the client's addresses are the contract's", () => {
  const ours = Object.entries<Endpoint>(endpoints).map(([id, { method, path }]) => [id, method, path]);
  const theirs = table.map(([id, operation]) => [id, operation.method, fullPath(operation)]);
  expect(ours.toSorted()).toEqual(theirs.toSorted());
});

test("every read is repeatable, and nothing that appends without an id of its own", () => {
  const repeatableWrites = Object.entries<Endpoint>(endpoints)
    .filter(([, endpoint]) => endpoint.repeatable && endpoint.method !== "GET")
    .map(([id]) => id);
  expect(Object.values<Endpoint>(endpoints).every(({ method, repeatable }) => method !== "GET" || repeatable)).toBe(
    true,
  );
  expect(repeatableWrites.toSorted()).toEqual([
    "alertRules.update",
    "alerts.acknowledge",
    "alerts.resolve",
    "aliases.delete",
    "apiKeys.revoke",
    "apiKeys.update",
    "approvals.approve",
    "approvals.deny",
    "audit.checkpoint",
    "audit.verify",
    "auth.browserRefresh",
    "auth.refresh",
    "budgets.update",
    "catalogue.preview",
    "channels.update",
    "costs.batchQuery",
    "costs.bulkCreate",
    "costs.create",
    "costs.delete",
    "costs.update",
    "invitations.revoke",
    "members.assignRole",
    "organizations.update",
    "projects.update",
    "reservations.create",
    "reservations.release",
    "reservations.settle",
    "roles.update",
    "teams.update",
    "usage.batchCreate",
    "usage.create",
    "views.update",
    "webhooks.update",
  ]);
});

test("has a key wherever the server heeds one", () => {
  const ours = Object.entries<Endpoint>(endpoints).filter(([, { keyed }]) => keyed);
  const theirs = table.filter(([, { method, access }]) => method === "POST" && access !== "public");
  expect(ours.map(([id]) => id).toSorted()).toEqual(theirs.map(([id]) => id).toSorted());
});

test.each([
  ["a/b", "/api/v1/usage/a%2Fb"],
  ["../costs", "/api/v1/usage/..%2Fcosts"],
  ["ü ?#", "/api/v1/usage/%C3%BC%20%3F%23"],
])("the id %j stays one segment", (id, path) => {
  expect(pathOf("usage.get", { id })).toBe(path);
});

test.each([["."], [".."], [""]])("the id %j is refused, since no address can carry it", (id) => {
  expect(() => pathOf("usage.get", { id })).toThrow(TypeError);
});
