import fc from "fast-check";
import { expect, test } from "vitest";
import { fromSettledBytes, settledMeasures, toSettledBytes } from "./settled-day.ts";

const sum = fc.oneof(fc.constant(0), fc.maxSafeInteger());
const series = { series_id: fc.nat(), sums: fc.tuple(...settledMeasures.map(() => sum)) };
const someUsers = fc.array(fc.record({ user_id: fc.string({ unit: "grapheme" }), ...series }), { maxLength: 20 });
const someSeries = fc.array(fc.record(series), { maxLength: 20 });

test("every user, series and sum comes back from its bytes, wherever in a buffer they lie", () => {
  fc.assert(
    fc.property(fc.oneof(someUsers, someSeries), fc.nat(9), (entries, offset) => {
      const bytes = toSettledBytes(entries);
      const buffer = new Uint8Array(bytes.length + offset);
      buffer.set(bytes, offset);
      const { users, seriesIds, columns } = fromSettledBytes(buffer.subarray(offset));
      expect(users).toEqual(entries.flatMap((entry) => ("user_id" in entry ? [entry.user_id] : [])));
      expect([...seriesIds]).toEqual(entries.map(({ series_id }) => series_id));
      for (const [at, { sums }] of entries.entries()) {
        expect(columns.map((column) => column?.[at] ?? 0)).toEqual(sums.map((own) => own + 0));
      }
    }),
  );
});

test("what is zero for all takes no room", () => {
  const entry = { series_id: 1, sums: settledMeasures.map((measure) => (measure === "requests" ? 2 : 0)) };
  expect(toSettledBytes([entry, entry])).toHaveLength(8 + 2 * 2 * 8);
});
