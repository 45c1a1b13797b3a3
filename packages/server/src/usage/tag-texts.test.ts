import fc from "fast-check";
import { expect, test } from "vitest";
import { readTags } from "./read-labels.ts";
import { TagTexts } from "./tag-texts.ts";

const key = fc.constantFrom("team", "env", "__proto__", "constructor", "ü", "a b");
const value = fc.oneof(fc.constantFrom("a", "b", ""), fc.nat(3), fc.boolean());

test("tags have one text, whatever was read before them and in whatever order they come", () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(key, value, { maxKeys: 4 }), { maxLength: 12 }), (maps) => {
      for (const map of maps) {
        const sorted = Object.keys(map).sort();
        const naive = `{${sorted.map((name) => `${JSON.stringify(name)}:${JSON.stringify(String(map[name]))}`).join(",")}}`;
        expect(readTags(JSON.parse(JSON.stringify(map)))).toBe(naive);
        expect(readTags(Object.fromEntries(Object.entries(map).reverse()))).toBe(naive);
      }
    }),
  );
});

test("remembers no more than a bound, and forgets all rather than a part", () => {
  const texts = new TagTexts();
  texts.keep({ team: "first", env: "x" }, "kept");
  expect(texts.find({ team: "first", env: "x" })).toBe("kept");
  expect(texts.find({ team: "first" })).toBeUndefined();
  for (let at = 0; at < 10_000; at += 1) texts.keep({ team: `t${at}` }, `text ${at}`);
  expect(texts.find({ team: "first", env: "x" })).toBeUndefined();
  expect(texts.find({ team: "t9999" })).toBe("text 9999");
});

test("keeps nothing of what must be judged each time", () => {
  expect(readTags({ team: { nested: true } })).not.toBeTypeOf("string");
  expect(readTags({ team: "a\u0007" })).not.toBeTypeOf("string");
  expect(readTags({ team: "a\u0007" })).not.toBeTypeOf("string");
});
