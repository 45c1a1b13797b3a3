import { expect, test } from "vitest";
import { createUuidV7Maker } from "./uuid-v7.ts";

test("an id is a UUID of version 7 with the time in its first 48 bits", () => {
  const id = createUuidV7Maker(() => 0x0199a1f27c3e)();
  expect(id).toMatch(/^0199a1f2-7c3e-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("ids of one maker increase, in one millisecond, over many and when the clock goes back", () => {
  let now = 1_000;
  const make = createUuidV7Maker(() => now);
  const ids = Array.from({ length: 20_000 }, (_, index) => {
    if (index === 15_000) now = 500;
    return make();
  });
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(ids.length);
});
