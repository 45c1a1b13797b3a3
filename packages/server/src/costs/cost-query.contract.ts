import { type Dimension, limits } from "@llm-cost-ops/contract";
import { divideHalfEven, formatMoney, parseMoney } from "@llm-cost-ops/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ledgerRecords } from "./arbitrary-ledger-fixture.ts";
import { dimension, filters, noFilter, orders, periods, zones } from "./arbitrary-question-fixture.ts";
import { always, type RecordFilter } from "./cost-filter.ts";
import type { CostQuery, ListQuestion } from "./cost-query.ts";
import { type FixtureRecord, type FixtureRow, plainRecord, rowsOf } from "./ledger-fixture.ts";
import { type OrderField, type OrderPosition, readOrder } from "./list-order.ts";
import { expectedValue, passes } from "./plain-scan-fixture.ts";

interface Expected {
  requests: number;
  input: bigint;
  output: bigint;
  cost: bigint;
  saved: bigint;
}

function expectedSums(rows: readonly FixtureRow[], keyOf: (record: FixtureRecord) => string): Map<string, Expected> {
  const sums = new Map<string, Expected>();
  for (const { record, requests, inputTokens, outputTokens, cost, saved } of rows) {
    const key = keyOf(record);
    const sum = sums.get(key) ?? { requests: 0, input: 0n, output: 0n, cost: 0n, saved: 0n };
    sum.requests += requests;
    sum.input += BigInt(inputTokens);
    sum.output += BigInt(outputTokens);
    sum.cost += cost ?? 0n;
    sum.saved += saved ?? 0n;
    sums.set(key, sum);
  }
  for (const [key, sum] of sums) {
    if (sum.requests === 0 && [sum.input, sum.output, sum.cost, sum.saved].every((one) => one === 0n)) sums.delete(key);
  }
  return sums;
}

const currencyOf = (record: FixtureRecord): string | null => (record.cost === null ? null : record.currency);

/** Of which groups are as large as each other wherever they have as many. */
const alike = (record: FixtureRecord): FixtureRecord => ({
  ...record,
  ...{ cost: record.cost === null ? null : 1n, saved: null, corrections: [], inputTokens: 1, outputTokens: 1 },
});

export interface LedgerUnderTest {
  readonly query: CostQuery;
  add(records: readonly FixtureRecord[]): Promise<void>;
}

/** What answers must be on every store. `open` gives an empty ledger; generated cases are tried `runs` times. */
export function describeCostQuery(name: string, runs: number, open: () => Promise<LedgerUnderTest>): void {
  describe(`the cost query on ${name}`, () => {
    describe("aggregate", () => {
      test("any grouping over any period in any zone has the digits of a BigInt sum over the raw rows", async () => {
        await fc.assert(
          fc.asyncProperty(
            ledgerRecords,
            fc.uniqueArray(dimension, { maxLength: 4 }),
            fc.constantFrom(...zones),
            periods,
            filters,
            async (records, groups, zone, period, filter) => {
              // Lord Howe's half-hour change cuts an hour short, which the oracle does not know.
              const groupBy = zone === "Australia/Lord_Howe" ? groups.filter((name) => name !== "hour") : groups;
              const ledger = await open();
              await ledger.add(records);
              const { rows, totals } = await ledger.query.aggregate("default", {
                period: { ...period, zone },
                filter,
                groupBy,
                metrics: ["sum", "count", "avg"],
              });
              const within = records.filter(
                (record) =>
                  record.organizationId === "default" &&
                  record.occurredAtMs >= period.fromMs &&
                  record.occurredAtMs < period.toMs &&
                  passes(filter, record, zone),
              );
              const raw = within.flatMap(rowsOf);
              const keyOf = (record: FixtureRecord): string =>
                JSON.stringify([...groupBy.map((name) => expectedValue(name, record, zone)), currencyOf(record)]);
              const expected = expectedSums(raw, keyOf);
              const actual = new Map(
                rows.map((row) => [JSON.stringify([...groupBy.map((name) => row[name]), row.currency]), row]),
              );
              expect(actual.size).toBe(rows.length);
              expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
              for (const [key, sum] of expected) {
                const row = actual.get(key);
                expect(row?.total_requests).toBe(sum.requests);
                expect(String(row?.input_tokens)).toBe(String(sum.input));
                expect(String(row?.total_tokens)).toBe(String(sum.input + sum.output));
                expect(row?.total_cost).toBe(row?.currency === null ? undefined : formatMoney(sum.cost));
                expect(row?.cache_savings).toBe(row?.currency === null ? undefined : formatMoney(sum.saved));
                const average =
                  row?.currency === null || sum.requests === 0 ? null : divideHalfEven(sum.cost, BigInt(sum.requests));
                expect(row?.avg_cost_per_request).toBe(average === null ? null : formatMoney(average));
              }
              const overall = expectedSums(raw, (record) => String(currencyOf(record)));
              expect(new Map(totals.map((total) => [String(total.currency), total.total_cost]))).toEqual(
                new Map(
                  [...overall].map(([currency, sum]) => [
                    currency,
                    currency === "null" ? undefined : formatMoney(sum.cost),
                  ]),
                ),
              );
            },
          ),
          { numRuns: runs },
        );
      });

      test("questions that are asked together have the answers that each has by itself", async () => {
        const period = fc
          .tuple(fc.oneof(periods, fc.constant(always)), fc.constantFrom(...zones))
          .map(([period, zone]) => ({ ...period, zone }));
        const filter = fc.oneof(filters, fc.constant({ ...noFilter, ids: [plainRecord.id] }));
        // Of the same records and of others, so that some are read with others and some alone.
        const questions = fc.tuple(period, period, filter).chain(([one, other, filter]) =>
          fc.array(
            fc.record({
              period: fc.constantFrom(one, other),
              filter: fc.constantFrom(filter, noFilter),
              // Users are read from tables of their own.
              groupBy: fc.uniqueArray(fc.oneof(dimension, fc.constant<Dimension>("user")), { maxLength: 3 }),
              metrics: fc.uniqueArray(fc.constantFrom("sum", "count", "avg"), { minLength: 1 }),
              top: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
            }),
            { minLength: 1, maxLength: 6 },
          ),
        );
        await fc.assert(
          fc.asyncProperty(ledgerRecords, fc.boolean(), questions, async (records, areAlike, asked) => {
            const { query, add } = await open();
            await add(areAlike ? records.map(alike) : records);
            // And one that tells apart what all of them do, from whose sums others are answered.
            const groupBy = [...new Set(asked.flatMap((one) => one.groupBy))];
            const all = [...asked, ...asked.slice(0, 1).map((one) => ({ ...one, groupBy }))];
            const together = await query.aggregateAll("default", all);
            for (const [at, one] of all.entries()) expect(together[at]).toEqual(await query.aggregate("default", one));
            expect(together).toHaveLength(all.length);
          }),
          { numRuns: Math.ceil(runs / 10) },
        );
      });

      test("of groups of the same size those are first that come first by name, however they are read", async () => {
        const { query, add } = await open();
        const calls = [
          ["z", null],
          ["b", "ana"],
          ["a", "bo"],
          ["c", "ana"],
        ] as const;
        await add(calls.map(([model, user]) => ({ ...plainRecord, id: `of ${model}`, model, user })));
        const all = { period: { ...always, zone: "UTC" }, filter: noFilter, metrics: ["count"] as const };
        const byModel = { ...all, groupBy: ["model"] as const, top: 2 };
        const together = await query.aggregateAll("default", [byModel, { ...all, groupBy: ["model", "user"] }]);
        for (const { rows } of [await query.aggregate("default", byModel), ...together.slice(0, 1)]) {
          expect(rows.map((row) => row["model"])).toEqual(["a", "b", null]);
        }
      });

      test("token sums beyond 2^53-1 are exact decimal strings", async () => {
        const ledger = await open();
        await ledger.add(
          [1, 2, 3].map((n) => ({
            ...plainRecord,
            id: `01900000-0000-7000-8000-00000000000${n}`,
            inputTokens: Number.MAX_SAFE_INTEGER,
          })),
        );
        const { rows } = await ledger.query.aggregate("default", {
          period: { ...always, zone: "UTC" },
          filter: noFilter,
          groupBy: [],
          metrics: ["sum"],
        });
        expect(rows[0]?.input_tokens).toBe((BigInt(Number.MAX_SAFE_INTEGER) * 3n).toString());
        expect(rows[0]?.output_tokens).toBe(300);
      });

      test("an answer of too many rows is refused, also before its buckets are made", async () => {
        const ledger = await open();
        await ledger.add([
          { ...plainRecord, occurredAtMs: 0 },
          { ...plainRecord, id: "01900000-0000-7000-8000-000000000002" },
        ]);
        const ask = ledger.query.aggregate("default", {
          period: { ...always, zone: "UTC" },
          filter: noFilter,
          groupBy: ["hour"],
          metrics: ["count"],
        });
        await expect(ask).rejects.toMatchObject({
          code: "VALIDATION_ERROR",
          fieldErrors: { group_by: `gives more than ${limits.groupRows} rows` },
        });
      });

      test("rows are ordered by time, then by cost, then by name, the repeated hour of autumn included", async () => {
        const ledger = await open();
        const at = (id: number, occurredAtMs: number, cost: bigint, model = "a"): FixtureRecord => ({
          ...plainRecord,
          id: `01900000-0000-7000-8000-00000000000${id}`,
          occurredAtMs,
          cost,
          model,
        });
        const secondTwoOClock = Date.UTC(2026, 9, 25, 1);
        await ledger.add([
          at(1, secondTwoOClock, 1n),
          at(2, secondTwoOClock - 3_600_000, 2n, "b"),
          at(3, secondTwoOClock - 3_600_000, 2n, "a"),
          at(4, secondTwoOClock - 3_600_000, 3n, "c"),
        ]);
        const { rows } = await ledger.query.aggregate("default", {
          period: { ...always, zone: "Europe/Berlin" },
          filter: noFilter,
          groupBy: ["model", "hour"],
          metrics: ["count"],
        });
        expect(rows.map((row) => [row["hour"], row["model"]])).toEqual([
          ["2026-10-25T02:00:00+02:00", "c"],
          ["2026-10-25T02:00:00+02:00", "a"],
          ["2026-10-25T02:00:00+02:00", "b"],
          ["2026-10-25T02:00:00+01:00", "a"],
        ]);
      });
    });

    describe("list", () => {
      const listed = (record: FixtureRecord): bigint | null =>
        record.cost === null ? null : rowsOf(record).reduce((sum, { cost }) => sum + (cost ?? 0n), 0n);
      const keyOf: Readonly<Record<OrderField, (record: FixtureRecord) => bigint | null>> = {
        occurred_at: (record) => BigInt(record.occurredAtMs),
        created_at: (record) => BigInt(record.receivedAtMs),
        total_tokens: (record) => BigInt(record.inputTokens) + BigInt(record.outputTokens),
        total_cost: listed,
      };
      test("every order, page size and filter gives each record once, in order, and sums like the aggregate", async () => {
        await fc.assert(
          fc.asyncProperty(
            ledgerRecords,
            orders,
            fc.integer({ min: 1, max: 13 }),
            periods,
            filters,
            fc.constantFrom(...zones),
            async (records, orderBy, limit, period, filter, zone) => {
              const small = records.map((record) => ({
                ...record,
                inputTokens: Math.min(record.inputTokens, 2 ** 50),
              }));
              const ledger = await open();
              await ledger.add(small);
              const query = ledger.query;
              const question = { period: { ...period, zone }, filter, order: readOrder(orderBy), limit };
              const items = [];
              let after: OrderPosition | undefined;
              do {
                const page = await query.listCosts("default", { ...question, ...(after !== undefined && { after }) });
                expect(page.items.length).toBeLessThanOrEqual(limit);
                items.push(...page.items);
                after = page.end;
              } while (after !== undefined);

              const direction = orderBy[0]?.startsWith("-") ? -1 : 1;
              const expected = small
                .filter(
                  (record) =>
                    record.organizationId === "default" &&
                    !record.voided &&
                    record.occurredAtMs >= period.fromMs &&
                    record.occurredAtMs < period.toMs &&
                    passes(filter, record, zone),
                )
                .sort((a, b) => {
                  for (const text of orderBy) {
                    const key = keyOf[text.replace("-", "") as OrderField];
                    const [left, right] = [key(a), key(b)];
                    if (left === right) continue;
                    if (left === null) return 1;
                    if (right === null) return -1;
                    return (left < right ? -1 : 1) * (text.startsWith("-") ? -1 : 1);
                  }
                  return (a.id < b.id ? -1 : 1) * direction;
                });
              expect(items.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
              expect(items.map(({ total_cost }) => total_cost)).toEqual(
                expected.map((record) => {
                  const cost = listed(record);
                  return cost === null ? null : formatMoney(cost);
                }),
              );

              const { totals } = await query.aggregate("default", { ...question, groupBy: [], metrics: ["sum"] });
              for (const { currency, total_cost } of totals) {
                if (currency === null) continue;
                const sum = items
                  .filter((item) => item.currency === currency)
                  .reduce((total, item) => total + (parseMoney(item.total_cost ?? "0") ?? 0n), 0n);
                expect(total_cost).toBe(formatMoney(sum));
              }
            },
          ),
          { numRuns: runs },
        );
      });

      const everything: ListQuestion = {
        period: { ...always, zone: "UTC" },
        filter: noFilter,
        order: readOrder(undefined),
        limit: 100,
      };

      test("pages by number hold what pages by cursor hold", async () => {
        await fc.assert(
          fc.asyncProperty(ledgerRecords, filters, fc.integer({ min: 1, max: 7 }), async (records, filter, limit) => {
            const ledger = await open();
            await ledger.add(records.map((record) => ({ ...record, inputTokens: 1 })));
            const query = ledger.query;
            const all = await query.listCosts("default", { ...everything, filter });
            const pages = [];
            for (let offset = 0; offset < all.items.length; offset += limit) {
              pages.push(...(await query.listCosts("default", { ...everything, filter, limit, offset })).items);
            }
            expect(pages).toEqual(all.items);
          }),
          { numRuns: Math.ceil(runs / 4) },
        );
      });

      test("the ids of all records are those of a list in the same order, of some hours of the week too", async () => {
        const { query, add } = await open();
        const hourMs = 3_600_000;
        await add(
          [0, 1, 2].map((n) => ({ ...plainRecord, id: `n-${n}`, occurredAtMs: Date.UTC(2026, 10, 2) + n * hourMs })),
        );
        for (const order of [["occurred_at"], ["-occurred_at"], ["total_tokens"]]) {
          for (const hours of [undefined, [1], [1, 2]]) {
            const filter = hours === undefined ? noFilter : { ...noFilter, hours };
            const question = { ...everything, filter, order: readOrder(order) };
            const { items } = await query.listCosts("default", question);
            const sorted = await query.costsById("default", await query.sortedIds("default", question));
            expect(sorted.map(({ id }) => id)).toEqual(items.map(({ id }) => id));
            expect(items).toHaveLength(hours?.length ?? 3);
          }
        }
      });

      test("records that arrive while pages are read neither repeat nor hide the others", async () => {
        const ledger = await open();
        const at = (n: number, occurredAtMs: number): FixtureRecord => ({
          ...plainRecord,
          id: `01900000-0000-7000-8000-${n.toString().padStart(12, "0")}`,
          occurredAtMs,
        });
        const old = Array.from({ length: 30 }, (_, n) => at(n, 1_000_000 + Math.floor(n / 4)));
        await ledger.add(old);
        const query = ledger.query;
        const seen: string[] = [];
        let after: OrderPosition | undefined;
        let next = 100;
        do {
          const page = await query.listCosts("default", {
            ...everything,
            limit: 4,
            ...(after !== undefined && { after }),
          });
          seen.push(...page.items.map(({ id }) => id));
          after = page.end;
          await ledger.add([at(next, 1_000_000 + (next % 9)), at(next + 1, 2_000_000)]);
          next += 2;
        } while (after !== undefined);
        expect(new Set(seen).size).toBe(seen.length);
        for (const { id } of old) expect(seen).toContain(id);
      });

      test("voided records are listed only where their status is asked for", async () => {
        const ledger = await open();
        const [kept, gone] = [plainRecord, { ...plainRecord, id: "order-7", voided: true }];
        await ledger.add([kept, gone]);
        const query = ledger.query;
        const ids = async (statuses?: readonly string[]): Promise<readonly string[]> => {
          const filter = statuses === undefined ? noFilter : { ...noFilter, dimensions: { cost_status: statuses } };
          return (await query.listCosts("default", { ...everything, filter })).items.map(({ id }) => id).sort();
        };
        expect(await ids()).toEqual([kept.id]);
        expect(await ids(["priced"])).toEqual([kept.id]);
        expect(await ids(["void"])).toEqual(["order-7"]);
        expect(await ids(["void", "priced"])).toEqual([kept.id, "order-7"]);
      });

      test("records are found by id, and sums of named records include their corrections", async () => {
        const ledger = await open();
        const named = { ...plainRecord, id: "order-7", corrections: [-250_000_000n] };
        const reported = { ...plainRecord, id: "bill-1", entry: "cost" as const };
        await ledger.add([plainRecord, named, reported]);
        const query = ledger.query;
        const filter: RecordFilter = { ...noFilter, ids: ["order-7", "bill-1", "nowhere"] };
        expect((await query.listCosts("default", { ...everything, filter })).items.map(({ id }) => id).sort()).toEqual([
          "bill-1",
          "order-7",
        ]);
        const usage = { ...noFilter, usageIds: ["order-7", "bill-1"] };
        expect((await query.listCosts("default", { ...everything, filter: usage })).items.map(({ id }) => id)).toEqual([
          "order-7",
        ]);
        const ask = { ...everything, groupBy: [], metrics: ["sum"] as const };
        expect((await query.aggregate("default", { ...ask, filter })).totals[0]?.total_cost).toBe("0.00225");
        expect((await query.aggregate("default", { ...ask, filter: usage })).totals[0]?.total_cost).toBe("0.001");
        const hour =
          new Date(plainRecord.occurredAtMs).getUTCHours() +
          ((new Date(plainRecord.occurredAtMs).getUTCDay() + 6) % 7) * 24;
        for (const [hours, cost] of [
          [[hour], "0.00225"],
          [[(hour + 1) % 168], undefined],
        ] as const) {
          const named = { ...filter, hours };
          expect((await query.aggregate("default", { ...ask, filter: named })).totals[0]?.total_cost).toBe(cost);
          const listed = await query.listCosts("default", { ...everything, filter: named });
          expect(listed.items).toHaveLength(cost === undefined ? 0 : 2);
        }
        expect((await query.findCost("default", "order-7"))?.total_cost).toBe("0.001");
        expect(await query.findCost("default", "nowhere")).toBeUndefined();
        expect((await query.listUsage("default", everything)).items.map(({ id }) => id)).not.toContain("bill-1");
      });

      test("one organization never sees another's records, sums or ids", async () => {
        const ledger = await open();
        const theirs = { ...plainRecord, id: "theirs", organizationId: "other", model: "secret", cost: 7n };
        await ledger.add([plainRecord, theirs]);
        const query = ledger.query;
        expect((await query.listCosts("default", everything)).items.map(({ id }) => id)).toEqual([plainRecord.id]);
        expect((await query.listCosts("other", everything)).items.map(({ id }) => id)).toEqual(["theirs"]);
        expect(await query.findCost("default", "theirs")).toBeUndefined();
        for (const filter of [noFilter, { ...noFilter, ids: ["theirs"] }, { ...noFilter, models: ["secret"] }]) {
          const { rows } = await query.aggregate("default", {
            ...everything,
            filter,
            groupBy: ["model", "organization"],
            metrics: ["sum"],
          });
          expect(rows.every((row) => row["model"] === "gpt-5" && row["organization"] === "default")).toBe(true);
        }
      });
    });
  });
}
