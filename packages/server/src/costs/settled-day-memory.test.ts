import { expect, it } from "vitest";
import { SettledDayMemory } from "./settled-day-memory.ts";

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(length);

it("keeps what was asked for last, within its bytes", () => {
  const memory = new SettledDayMemory(100);
  memory.keep("a", bytes(40));
  memory.keep("b", bytes(40));
  expect(memory.find("a")).toEqual(bytes(40));
  memory.keep("c", bytes(30));
  expect(["a", "b", "c"].map((digest) => memory.find(digest)?.length)).toEqual([40, undefined, 30]);
  memory.keep("d", bytes(100));
  expect(["a", "c", "d"].map((digest) => memory.find(digest)?.length)).toEqual([undefined, undefined, 100]);
  expect(memory.bytes).toBe(100);
});

it("does not give everything else up for what is larger than itself, and counts nothing twice", () => {
  const memory = new SettledDayMemory(100);
  memory.keep("a", bytes(40));
  memory.keep("large", bytes(101));
  memory.keep("a", bytes(40));
  expect([memory.find("a")?.length, memory.find("large"), memory.bytes]).toEqual([40, undefined, 40]);
});
