import fc from "fast-check";
import { expect, test } from "vitest";
import type { Segment } from "./rollup-plan.ts";
import { segmentLayers } from "./segment-layers.ts";

const segment = fc
  .tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: 1, max: 12 }), fc.nat(5), fc.nat(5))
  .map(([from, length, plus, minus]): Segment<string> => ({ source: "x", from, to: from + length, plus, minus }));

/** As SQL's width_bucket: the number of bounds that are not above the unit. */
const placeOf = (bounds: readonly number[], unit: number): number => bounds.filter((bound) => bound <= unit).length;

test("every unit of every segment is read once and told apart from all others, whatever overlaps", () => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 12 }), (segments) => {
      const expected = segments.flatMap(({ from, to, plus, minus }) =>
        Array.from({ length: to - from }, (_, at) => `${from + at} ${plus} ${minus}`),
      );
      const read = segmentLayers(segments).flatMap(({ bounds, segmentAt, sameAs, runs }) => {
        expect(bounds).toEqual([...new Set(bounds)].sort((a, b) => a - b));
        return runs.flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, at) => {
            const place = placeOf(bounds, from + at);
            const found = segmentAt[sameAs?.[place - 1] ?? place];
            return `${from + at} ${found?.plus} ${found?.minus}`;
          }),
        );
      });
      expect(read.sort()).toEqual(expected.sort());
    }),
  );
});

test("segments that touch are one run, and gaps are no segment", () => {
  const made = (from: number, to: number): Segment<string> => ({ source: "x", from, to, plus: 0, minus: -1 });
  const [layer, ...others] = segmentLayers([made(5, 7), made(1, 3), made(3, 5), made(9, 10)]);
  expect(others).toEqual([]);
  expect(layer?.runs).toEqual([
    { from: 1, to: 7 },
    { from: 9, to: 10 },
  ]);
  expect(layer?.segmentAt[placeOf(layer.bounds, 8)]).toBeUndefined();
});

test("many segments of a bucket have one place, so that an answer is not as long as they are many", () => {
  const hours = Array.from({ length: 300 }, (_, at) => at * 24);
  const [layer] = segmentLayers(
    hours.map(
      (from): Segment<string> => ({ source: "x", from, to: from + 1, plus: Math.floor(from / 2_400), minus: -1 }),
    ),
  );
  const places = hours.map((hour) => layer?.sameAs?.[placeOf(layer.bounds, hour) - 1]);
  expect(new Set(places).size).toBe(3);
  expect(places.map((place) => layer?.segmentAt[place ?? 0]?.plus)).toEqual(
    hours.map((from) => Math.floor(from / 2_400)),
  );
});
