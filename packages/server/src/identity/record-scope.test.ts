import { describe, expect, test } from "vitest";
import { listen } from "../http/app-fixture.ts";
import type { Caller } from "../http/route.ts";
import { commonScope, type RecordScope } from "./record-scope.ts";

describe("the part that two parts have in common", () => {
  const cases: readonly [
    one: RecordScope | undefined,
    other: RecordScope | undefined,
    both: RecordScope | undefined,
  ][] = [
    [undefined, undefined, undefined],
    [{ projects: ["a"] }, undefined, { projects: ["a"] }],
    [{ projects: ["a", "b"] }, { projects: ["b", "c"] }, { projects: ["b"] }],
    [{ projects: ["a"] }, { projects: ["c"] }, { projects: [] }],
    [{ projects: ["a"] }, { userIds: ["u"] }, { projects: ["a"], userIds: ["u"] }],
    [{ userIds: ["u", "v"] }, { userIds: ["v"], projects: ["a"] }, { userIds: ["v"], projects: ["a"] }],
  ];
  test.each(cases)("of %j and %j is %j", (one, other, both) => {
    expect(commonScope(one, other)).toEqual(both);
    expect(commonScope(other, one)).toEqual(both);
  });
});

test("an operation of two permissions reaches the records alone for which both hold", async () => {
  let heard: Caller | undefined;
  const caller: Caller = {
    organizationId: "acme",
    principal: { kind: "user", id: "user_1", name: "a@acme.test", sessionId: "s" },
    permissions: new Set(["exports:read", "costs:read"]),
    scopes: new Map([["costs:read", { projects: ["inside"] }]]),
  };
  const app = await listen(
    {
      "exports.download": {
        body: "json",
        handle: async (request: { caller: Caller }) => {
          heard = request.caller;
          return { json: {} };
        },
      },
    },
    { authenticator: { authenticate: () => caller } },
  );
  try {
    expect((await fetch(`${app.url}/api/v1/exports/one/download`)).status).toBe(200);
    expect(heard?.records).toEqual({ projects: ["inside"] });
  } finally {
    await app.fastify.close();
  }
});
