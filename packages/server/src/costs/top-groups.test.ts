import fc from "fast-check";
import { expect, test } from "vitest";
import { answerAggregate } from "./aggregate.ts";
import type { SummedRow } from "./answer-rows.ts";
import type { Metric } from "./cost-query.ts";
import { ExactSums, measures } from "./exact-sums.ts";
import { topGroups } from "./top-groups.ts";

const allMetrics: readonly Metric[] = ["sum", "count", "avg"];
const days = ["2026-11-20", "2026-11-21", "2026-11-22"];

const amount = fc.bigInt({ min: -5n, max: 40n });
const row = fc
  .record({
    bucket: fc.nat(days.length - 1),
    model: fc.constantFrom("a", "b", "c", "d", null),
    team: fc.constantFrom("web", null),
    currency: fc.constantFrom("USD", "EUR", null),
    sums: fc.array(amount, { minLength: measures.length, maxLength: measures.length }),
  })
  .map(
    ({ bucket, model, team, currency, sums }): SummedRow => ({
      bucket,
      values: [days[bucket] ?? "", model, team],
      currency,
      sums,
    }),
  );
/** As a store answers: each combination once. */
const ledger = fc.uniqueArray(row, {
  maxLength: 60,
  selector: ({ values, currency }) => JSON.stringify([values, currency]),
});
const tops = fc.integer({ min: 1, max: 6 });

const keyOf = ({ values }: SummedRow): string => JSON.stringify(values.slice(1));

/** The rows of an answer with no more than the first groups, whose rows have a day as their first value. */
function firstOf(rows: readonly SummedRow[], top: number, metrics = allMetrics): SummedRow[] {
  const sums = new ExactSums();
  const keys = new Map<string, number>();
  const cells = rows.map((one) => {
    const slot = sums.open();
    for (const [at, sum] of one.sums.entries()) sums.addBig(slot * measures.length + at, sum);
    const key = keys.get(keyOf(one)) ?? keys.size;
    keys.set(keyOf(one), key);
    return { slot, bucket: one.bucket, currency: one.currency, key, row: one };
  });
  const names = [...keys.keys()];
  const compare = (key: number, other: number) => ((names[key] ?? "") < (names[other] ?? "") ? -1 : 1);
  const { own, others } = topGroups(cells, sums, {
    ...{ top, metrics, compare },
    currencyOf: ({ currency }) => currency,
    keyOf: ({ key }) => key,
  });
  return [
    ...own.map(({ row: one }) => one),
    ...others.map(({ slot, bucket, currency, groups }) => ({
      values: [days[bucket] ?? "", null, null],
      ...{ bucket, currency, otherGroups: groups },
      sums: measures.map((_, at) => sums.total(slot, at)),
    })),
  ];
}

/** The sums of each place in time and currency. */
function perPlace(rows: readonly SummedRow[]): Record<string, string> {
  const sums = new Map<string, bigint[]>();
  for (const { values, currency, sums: own } of rows) {
    const key = `${values[0]} ${currency}`;
    const before = sums.get(key) ?? own.map(() => 0n);
    sums.set(
      key,
      before.map((sum, at) => sum + (own[at] ?? 0n)),
    );
  }
  return Object.fromEntries([...sums].toSorted().map(([key, all]) => [key, all.join(" ")]));
}

test("what is summed up changes no sum of any time and currency", () => {
  fc.assert(
    fc.property(ledger, tops, (rows, top) => {
      expect(perPlace(firstOf(rows, top))).toEqual(perPlace(rows));
    }),
  );
});

test("no group without a row of its own is larger, by cost or any count, than one of the first that has one", () => {
  fc.assert(
    fc.property(ledger, tops, (rows, top) => {
      const own = new Set(firstOf(rows, top).flatMap((one) => (one.otherGroups === undefined ? [keyOf(one)] : [])));
      const costOf = ({ sums }: SummedRow): bigint =>
        (sums[measures.indexOf("costMilli")] ?? 0n) * 1_000_000_000n + (sums[measures.indexOf("costPico")] ?? 0n);
      const questions: [(one: SummedRow) => boolean, (one: SummedRow) => bigint][] = [
        [() => true, ({ sums }) => sums[0] ?? 0n],
        [() => true, ({ sums }) => sums[measures.indexOf("outputTokens")] ?? 0n],
        [({ currency }) => currency === "USD", costOf],
        [({ currency }) => currency === "EUR", costOf],
      ];
      for (const [counts, sizeOf] of questions) {
        const sizes = new Map<string, bigint>();
        for (const one of rows.filter(counts)) sizes.set(keyOf(one), (sizes.get(keyOf(one)) ?? 0n) + sizeOf(one));
        const magnitudes = [...sizes].map(([key, size]) => ({ key, size: size < 0n ? -size : size }));
        for (const { key, size } of magnitudes) {
          if (own.has(key)) continue;
          expect(magnitudes.filter((other) => other.size >= size && own.has(other.key)).length).toBeGreaterThanOrEqual(
            size === 0n ? 0 : top,
          );
        }
      }
    }),
  );
});

test("the others come last at each time, and say how many groups of their currency they are", () => {
  const sums = (requests: bigint): bigint[] => measures.map((name) => (name === "requests" ? requests : 0n));
  const of = (day: number, model: string, requests: bigint, currency: string | null = "USD"): SummedRow => ({
    bucket: day,
    values: [days[day] ?? "", model],
    currency,
    sums: sums(requests),
  });
  const rows = [of(0, "a", 9n), of(0, "b", 2n), of(0, "c", 1n), of(1, "c", 1n), of(1, "a", 1n), of(1, "d", 1n, null)];
  const question = { groupBy: ["day", "model"] as const, metrics: ["count"] as const };
  const answer = answerAggregate(firstOf(rows, 1, question.metrics), question);
  expect(
    answer.rows.map(({ day, model, currency, total_requests: n, other_groups: others }) => [
      day,
      model,
      currency,
      n,
      others,
    ]),
  ).toEqual([
    [days[0], "a", "USD", 9, undefined],
    [days[0], null, "USD", 3, 2],
    [days[1], "a", "USD", 1, undefined],
    [days[1], null, "USD", 1, 2],
    [days[1], null, null, 1, 1],
  ]);
  expect(answer.totals).toEqual(answerAggregate(rows, question).totals);
  expect(answerAggregate(firstOf(rows, 4), question).rows).toEqual(answerAggregate(rows, question).rows);
});

test("which groups of the same size are first does not depend on the order in which they were read", () => {
  const likeSums = fc.array(fc.constantFrom(0n, 1n), { minLength: measures.length, maxLength: measures.length });
  const alike = fc
    .tuple(ledger, fc.array(likeSums, { minLength: 60, maxLength: 60 }))
    .map(([rows, sums]) => rows.map((one, at) => ({ ...one, sums: sums[at] ?? [] })));
  fc.assert(
    fc.property(alike, tops, (rows, top) => {
      const question = { groupBy: ["day", "model", "tag:team"] as const, metrics: allMetrics };
      expect(answerAggregate(firstOf(rows.toReversed(), top), question)).toEqual(
        answerAggregate(firstOf(rows, top), question),
      );
    }),
  );
});

test("groups are ranked by nothing but what is asked about them", () => {
  const of = (model: string, cost: bigint, requests: bigint): SummedRow => ({
    ...{ bucket: 0, values: [days[0] ?? "", model], currency: "USD" },
    sums: measures.map((name) => (name === "costPico" ? cost : name === "requests" ? requests : 0n)),
  });
  const rows = [of("dear", 9n, 3n), of("often", 1n, 7n), of("dearest call", 5n, 1n)];
  const own = (...metrics: Metric[]): unknown[] =>
    firstOf(rows, 1, metrics).flatMap(({ values: [, model], otherGroups }) =>
      otherGroups === undefined ? [model] : [],
    );
  expect(own("sum")).toEqual(["dear"]);
  expect(own("count")).toEqual(["often"]);
  expect(own("avg")).toEqual(["dearest call"]);
  expect(own("sum", "count", "avg")).toEqual(["dear", "often", "dearest call"]);
});
