import { expect, it } from "vitest";
import { bytesOf, SettledDayMemory } from "./settled-day-memory.ts";

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(length);

it("keeps what was asked for last, within its bytes", () => {
  const memory = new SettledDayMemory(bytesOf(bytes(40)) * 2 + 20);
  memory.keep("a", bytes(40));
  memory.keep("b", bytes(40));
  expect(memory.find("a")).toEqual(bytes(40));
  memory.keep("c", bytes(30));
  expect(["a", "b", "c"].map((digest) => memory.find(digest)?.length)).toEqual([40, undefined, 30]);
  memory.keep("d", bytes(100));
  expect(["a", "c", "d"].map((digest) => memory.find(digest)?.length)).toEqual([undefined, undefined, 100]);
  expect(memory.bytes).toBe(bytesOf(bytes(100)));
});

it("does not give everything else up for what is larger than itself, and counts nothing twice", () => {
  const memory = new SettledDayMemory(bytesOf(bytes(100)));
  memory.keep("a", bytes(40));
  memory.keep("large", bytes(101));
  memory.keep("a", bytes(40));
  expect([memory.find("a")?.length, memory.find("large"), memory.bytes]).toEqual([40, undefined, bytesOf(bytes(40))]);
});

it("counts what small values take beside themselves", () => {
  const memory = new SettledDayMemory(100_000);
  for (let at = 0; at < 10_000; at += 1) memory.keep(String(at), bytes(1));
  const kept = Array.from({ length: 10_000 }, (_, at) => memory.find(String(at))).filter((one) => one !== undefined);
  expect(kept.length).toBeLessThan(200);
});
