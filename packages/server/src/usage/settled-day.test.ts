import fc from "fast-check";
import { expect, test } from "vitest";
import { fromSettledBytes, settledMeasures, toSettledBytes } from "./settled-day.ts";

test("every user, series and sum comes back from its bytes, wherever in a buffer they lie", () => {
  const entry = fc.record({
    user_id: fc.string({ unit: "grapheme" }),
    series_id: fc.nat(),
    sums: fc.array(fc.maxSafeInteger(), { minLength: settledMeasures.length, maxLength: settledMeasures.length }),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), fc.nat(9), (entries, offset) => {
      const bytes = toSettledBytes(entries);
      const buffer = new Uint8Array(bytes.length + offset);
      buffer.set(bytes, offset);
      const { users, seriesIds, sums } = fromSettledBytes(buffer.subarray(offset));
      expect(users).toEqual(entries.map(({ user_id }) => user_id));
      expect(seriesIds).toEqual(entries.map(({ series_id }) => series_id));
      for (const [at, { sums: own }] of entries.entries()) {
        expect(own.map((_, measure) => sums[measure * entries.length + at])).toEqual(own.map((sum) => sum + 0));
      }
    }),
  );
});
