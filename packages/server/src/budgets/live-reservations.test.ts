import { expect, test } from "vitest";
import { LiveReservations } from "./live-reservations.ts";

const nowMs = 1_764_000_000_000;

test("one organization has a tenth of the room, and the others theirs", () => {
  const live = new LiveReservations(20);
  const add = (organizationId: string): number => {
    live.requireRoom(organizationId);
    return live.add({ organizationId, entries: [], expiresAtMs: nowMs + 1_000, onEnd: undefined });
  };
  const first = add("org 0");
  add("org 0");
  expect(() => add("org 0")).toThrow("Too many reservations of the organization are open");
  for (let at = 1; at < 10; at += 1) {
    add(`org ${at}`);
    add(`org ${at}`);
  }
  expect(() => add("org 10")).toThrow("Too many reservations are open");
  live.end(first, "released", nowMs);
  add("org 10");
  expect(() => add("org 0")).toThrow("Too many reservations are open");
  live.expire(nowMs + 1_000);
  expect(live.size).toBe(0);
  add("org 0");
  add("org 0");
  expect(() => add("org 0")).toThrow("of the organization");
});
