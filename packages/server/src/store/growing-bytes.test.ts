import fc from "fast-check";
import { expect, test } from "vitest";
import { GrowingBytes } from "./growing-bytes.ts";

const piece = fc.oneof(
  fc.record({ text: fc.string({ unit: "grapheme", maxLength: 90 }) }),
  fc.record({ ascii: fc.string({ unit: "grapheme-ascii", maxLength: 90 }) }),
  fc.record({ whole: fc.oneof(fc.maxSafeNat(), fc.nat(2_000), fc.constantFrom(0, 9, 10, Number.MAX_SAFE_INTEGER)) }),
);

test("grows to the UTF-8 of its pieces, texts and whole numbers, whatever it began with", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(300), (pieces, firstBytes) => {
      const bytes = new GrowingBytes(firstBytes);
      let text = "";
      for (const one of pieces) {
        if ("text" in one) bytes.addText(one.text);
        else if ("ascii" in one) bytes.addAscii(one.ascii);
        else bytes.addWhole(one.whole);
        text += "text" in one ? one.text : "ascii" in one ? one.ascii : one.whole;
      }
      expect(bytes.toString()).toBe(text);
      expect(Buffer.from(bytes.toBytes()).equals(Buffer.from(text))).toBe(true);
      expect(bytes.length).toBe(Buffer.byteLength(text));
    }),
    { numRuns: 1_000 },
  );
});

test("writes digits of numbers next to powers of ten and of two exactly", () => {
  const edges = Array.from({ length: 16 }, (_, at) => [10 ** at - 1, 10 ** at, 10 ** at + 1]).flat();
  const halves = Array.from({ length: 53 }, (_, at) => [2 ** at - 1, 2 ** at]).flat();
  for (const value of [...edges, ...halves, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1]) {
    const bytes = new GrowingBytes(1);
    bytes.addWhole(value);
    expect(bytes.toString()).toBe(String(value));
  }
});

test("begins anew in its memory, and a copy keeps what it was", () => {
  const bytes = new GrowingBytes(4);
  bytes.addText("first");
  const copy = bytes.toBytes();
  bytes.clear();
  bytes.addText("2nd");
  expect(bytes.toString()).toBe("2nd");
  expect(Buffer.from(copy).toString()).toBe("first");
});
