import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { collect, inPieces } from "../import-fixture.ts";
import { instantMs } from "../instants.ts";
import { isTooDeep, type JsonSlice, readJsonValues } from "./json-values.ts";
import { readLines } from "./source-lines.ts";
import { unzipSource } from "./unzip-source.ts";

const valuesOf = async (text: string, keys: readonly string[], pieceBytes = 7): Promise<readonly JsonSlice[]> =>
  (await collect(readJsonValues(inPieces(text, pieceBytes), keys))).flat();
const parsed = (slices: readonly JsonSlice[]): unknown[] => slices.map((slice) => JSON.parse(slice.bytes.toString()));

// A JSON text cannot tell -0 from 0 or keep the key __proto__ of a literal: values are compared after one round.
const json = fc.jsonValue({ maxDepth: 4 }).map((value): unknown => JSON.parse(JSON.stringify(value)));

test("the elements of any list are found, however the bytes are cut and the text is indented", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(json, { maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(0, 2),
      async (elements, pieceBytes, indent) => {
        expect(parsed(await valuesOf(JSON.stringify(elements, null, indent), [], pieceBytes))).toEqual(elements);
        const wrapped = JSON.stringify({ before: { records: [1] }, records: elements, after: [2] }, null, indent);
        expect(parsed(await valuesOf(wrapped, ["records"], pieceBytes))).toEqual(elements);
        const inARow = elements.map((element) => JSON.stringify({ element }, null, indent));
        expect(parsed(await valuesOf(inARow.join("\n"), [], pieceBytes))).toEqual(
          elements.map((element) => ({ element })),
        );
      },
    ),
  );
});

test("what is cut off or unbalanced is said with its line", async () => {
  expect(await valuesOf('[{"a":1},\n{"b":', [])).toMatchObject([{ line: 1 }, { line: 2, defect: "truncated" }]);
  expect(await valuesOf('{"a":1}\n]\n{"b":1}', [])).toMatchObject([{ line: 1 }, { line: 2, defect: "unbalanced" }]);
  expect(await valuesOf(`[${"[".repeat(300)}${"]".repeat(300)},1]`, [])).toMatchObject([{ defect: "too_deep" }, {}]);
});

test("nesting is counted outside of strings only", () => {
  expect(isTooDeep(Buffer.from(`{"a":"${"[".repeat(500)}\\"${"{".repeat(500)}"}`))).toBe(false);
  expect(isTooDeep(Buffer.from("[".repeat(200_000)))).toBe(true);
});

test("lines come out as they went in, however the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: "grapheme" }).map((line) => line.replace(/[\r\n]/g, "").trim()),
        { maxLength: 10 },
      ),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom("\n", "\r\n"),
      async (lines, pieceBytes, end) => {
        const read = (await collect(readLines(inPieces(lines.join(end), pieceBytes)))).flat();
        const wanted = lines
          .map((text, index) => ({ line: index + 1, text: index === 0 ? text.replace(/^\uFEFF/, "") : text }))
          .filter(({ text }) => !/^[ \t]*$/.test(text));
        expect(read.map(({ line, bytes }) => ({ line, text: bytes.toString() }))).toEqual(wanted);
      },
    ),
  );
});

test("gzip is told by its first bytes, not by a name", async () => {
  for (const bytes of [Buffer.from("plain"), gzipSync("zipped"), Buffer.alloc(0), Buffer.from([0x1f])]) {
    const plain = Buffer.concat(await collect(unzipSource(inPieces(bytes, 1))));
    expect(plain).toEqual(bytes[1] === 0x8b ? Buffer.from("zipped") : bytes);
  }
  await expect(collect(unzipSource(inPieces(gzipSync("x".repeat(999)).subarray(0, 20))))).rejects.toThrow(/gzip/);
});

test.each([
  ["2023-11-16 18:15:46.6805900", Date.UTC(2023, 10, 16, 18, 15, 46, 680)],
  ["2026-01-05T10:00:00Z", 1767607200000],
  ["2026-01-05 12:00:00+02:00", 1767607200000],
  ["2026-01-05 10:00:00 UTC", 1767607200000],
  ["2026-01-05T10:00:00.123456789+0000", 1767607200123],
  ["2026-01-05", 1767571200000],
  [1767607200, 1767607200000],
  [1767607200000, 1767607200000],
  ["1767607200000000000", 1767607200000],
  ["2026-02-30T00:00:00Z", undefined],
  ["01/05/2026", undefined],
  [-1, undefined],
  [Number.NaN, undefined],
  [null, undefined],
])("the time %j is read as %j", (value, ms) => {
  expect(instantMs(value)).toBe(ms);
});
