import { expect, test } from "vitest";
import { measures } from "./exact-sums.ts";
import { GroupCollector } from "./group-collector.ts";
import type { SeriesGroups } from "./series-groups.ts";

const series = {
  groups: [{ values: {}, currency: "USD" }],
  groupOfSeries: [0],
  unpriced: [0],
} as unknown as SeriesGroups;

test.each([
  ["few", 2],
  ["many", 500],
])("each of many users has a sum of its own at each of %s times, and so has nobody", (_, times) => {
  const collector = new GroupCollector(series, times, true);
  const users = [null, ...Array.from({ length: 150 }, (_, at) => `user-${at}`)];
  for (const round of [1, 2]) {
    for (const [at, user] of users.entries()) {
      for (const time of [0, times - 1]) {
        collector.sums.add(collector.slotOf(0, time, user) * measures.length, round * (1_000 * at + time + 1));
      }
    }
  }
  const rows = collector.rows().map(({ user, bucket, slot }) => [user, bucket, collector.sums.total(slot, 0)]);
  expect(rows).toEqual(
    users.flatMap((user, at) => [0, times - 1].map((time) => [user, time, BigInt(3 * (1_000 * at + time + 1))])),
  );
});
