import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Principal } from "../http/route.ts";
import { type ActingRequest, commandActor, createActing } from "./acting.ts";
import { processActor } from "./actor.ts";

const request = (principal: Principal): (() => ActingRequest) => {
  const caller = { organizationId: "default", principal, permissions: new Set<never>() };
  return () => ({ caller, requestId: "req-1", clientAddress: "192.0.2.7", userAgent: "x".repeat(1_000) });
};
const key = { kind: "key", id: "key_1", name: "deploy" } as const;

test("whatever a request sets off is its doing, also later and beside other requests", async () => {
  const acting = createActing(processActor);
  const seen = await Promise.all(
    ["a", "b"].map((id) =>
      acting.during(request({ ...key, id }), async () => {
        await pause(1);
        return acting.current();
      }),
    ),
  );
  expect(seen).toMatchObject([{ id: "a" }, { id: "b" }]);
  expect(seen[0]).toEqual({
    kind: "key",
    id: "a",
    name: "deploy",
    clientAddress: "192.0.2.7",
    userAgent: "x".repeat(256),
    requestId: "req-1",
  });
  expect(acting.current()).toEqual(processActor);
});

test("what a request only gave the occasion for is the process's own doing", async () => {
  const acting = createActing(processActor);
  const seen = acting.during(request(key), () => acting.aside(async () => pause(1, acting.current())));
  expect(await seen).toEqual(processActor);
});

test("a process that asks itself is the command that it runs, or itself, and says with which request", () => {
  const command = commandActor();
  expect(command).toMatchObject({ kind: "command", name: expect.any(String) });
  const acting = createActing(command);
  const own = acting.during(request({ kind: "process", id: "process", name: "process" }), acting.current);
  expect(own).toMatchObject({ kind: "command", name: command.name, requestId: "req-1" });
});

test("who has no credential yet has neither id nor name", () => {
  const acting = createActing(processActor);
  const nobody = acting.during(request({ kind: "nobody", id: "", name: "" }), acting.current);
  expect(nobody).toMatchObject({ kind: "nobody", id: null, name: null, clientAddress: "192.0.2.7" });
});
