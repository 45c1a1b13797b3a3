import { expect, test } from "vitest";
import { externalId, RecordIdentity } from "./record-identity.ts";

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("an id begins with the record's time, so that ids of later records sort behind", () => {
  const identity = new RecordIdentity();
  const early = identity.identify("b", 1767607200000);
  const late = identity.identify("a", 1767607200001);
  expect(early).toMatch(pattern);
  expect(early < late).toBe(true);
});

test("two runs over the same contents give the same ids, and equal contents differ within a run, also when the table is full", () => {
  const contents = Array.from({ length: 20_000 }, (_, index) => `row ${index % 7_000}`);
  const run = (): string[] => {
    const identity = new RecordIdentity(1_000);
    return contents.map((content) => identity.identify(content, undefined));
  };
  const first = run();
  expect(new Set(first).size).toBe(contents.length);
  expect(run()).toEqual(first);
});

test("as long as the table is not full, an id does not depend on what else is in the file", () => {
  const [alone, among] = [new RecordIdentity(), new RecordIdentity()];
  for (let index = 0; index < 50_000; index++) among.identify(`other ${index}`, undefined);
  for (let count = 0; count < 3; count++) expect(among.identify("row", 5)).toBe(alone.identify("row", 5));
});

test("ids of providers are kept, and replaced by their hash only where the contract takes none such", () => {
  expect(externalId("chatcmpl-1")).toBe("chatcmpl-1");
  expect(externalId("x".repeat(200))).toMatch(pattern);
  expect(externalId("a\u0000b")).toMatch(pattern);
});
