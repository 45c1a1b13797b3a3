import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { always, type RecordFilter } from "../costs/cost-filter.ts";
import type { AggregateQuestion, CostQuery } from "../costs/cost-query.ts";
import { readOrder } from "../costs/list-order.ts";
import { claimJob } from "../jobs/job-queue.sql.ts";
import { examinePage, savePreview } from "../pricing/repricing.sql.ts";
import type { Store } from "../store/operation.ts";
import { checkLedgerOperation } from "../usage/check-ledger.sql.ts";
import type { Ledger, RecordedItem } from "../usage/ledger.ts";
import { explainUsage, getUsage, updateLabels, voidRecord } from "../usage/operations.sql.ts";
import { batchOf } from "../usage/store-with-ledger-fixture.ts";
import { dropRecords, raiseKeptFrom, readOutlook } from "./retention.sql.ts";
import { ensureRetention, retentionKind, runRetention } from "./retention-job.ts";

export interface RetentionUnderTest {
  readonly ledger: Ledger;
  readonly query: CostQuery;
  readonly store: Store;
  /** A second process on the same database; on the embedded store the same one. */
  readonly other: Store;
  readonly close: () => Promise<void>;
}

const nowMs = Date.UTC(2026, 5, 15, 12);
/** Two whole months before June: April and May. */
const months = 2;
const keptFrom = "2026-04-01T00:00:00.000Z";
const keptFromMs = Date.parse(keptFrom);

/** From the end of January to the middle of June, a record every 6.6 hours, in both organizations. */
const calls = Array.from({ length: 500 }, (_, n) => ({
  id: `call-${n}`,
  provider: n % 3 === 0 ? "anthropic" : "openai",
  model: n % 3 === 0 ? "claude-sonnet-4-5" : n % 7 === 0 ? "nobody-prices-this" : "gpt-4o-mini",
  input_tokens: 1_000 + n,
  output_tokens: 10 + n,
  user_id: n % 4 === 0 ? null : `user-${n % 5}`,
  tags: { team: n % 2 === 0 ? "web" : "ml" },
  occurred_at: new Date(Date.UTC(2026, 0, 25) + n * 23_777_777).toISOString(),
}));
const isDropped = ({ occurred_at }: { readonly occurred_at: string }): boolean => Date.parse(occurred_at) < keptFromMs;
const dropped = calls.filter(isDropped);
const kept = calls.filter((call) => !isDropped(call));
const firstOf = (some: typeof calls): (typeof calls)[number] => {
  const [first] = some;
  if (first === undefined) throw new Error("there are calls on both sides");
  return first;
};
const oldCall = firstOf(dropped);
const newCall = firstOf(kept);

const everything = { period: { ...always, zone: "UTC" }, filter: { dimensions: {}, tags: [] } as RecordFilter };
const wholeHours: readonly Pick<AggregateQuestion, "groupBy" | "period">[] = [
  ...[[], ["model", "day"], ["hour", "cost_status"], ["tag:team", "week"], ["user"], ["user", "month"]].map(
    (groupBy) => ({ groupBy: groupBy as AggregateQuestion["groupBy"], period: everything.period }),
  ),
  ...(["Europe/Berlin", "America/New_York"] as const).map((zone) => ({
    groupBy: ["provider", "day"] as AggregateQuestion["groupBy"],
    period: { ...always, zone },
  })),
  {
    groupBy: ["model"],
    period: { fromMs: Date.UTC(2026, 1, 3, 5), toMs: Date.UTC(2026, 3, 20, 7), zone: "UTC" },
  },
];

/** What retention must do on every store. `open` gives an empty ledger with `fixturePrices` that tells the given time. */
export function describeRetention(name: string, open: (now: () => number) => Promise<RetentionUnderTest>): void {
  describe(`retention on ${name}`, () => {
    let tested: RetentionUnderTest;
    beforeEach(async () => {
      tested = await open(() => nowMs);
      for (const organizationId of ["default", "other"]) await tested.ledger.append(organizationId, batchOf(calls));
    }, 60_000);
    afterEach(async () => {
      const { differences, reported } = await tested.store.run(checkLedgerOperation, {});
      await tested.close();
      expect({ differences, reported }).toEqual({ differences: 0, reported: [] });
    });

    const never = new AbortController().signal;
    const run = (store: Store = tested.store, of = months): Promise<void> =>
      runRetention({ store, months: of, onRaised: () => undefined, onDropped: () => undefined }, never);
    const ask = (question: Pick<AggregateQuestion, "groupBy" | "period">) =>
      tested.query.aggregate("default", { ...everything, ...question, metrics: ["sum", "count"] });
    const askAll = () => Promise.all(wholeHours.map(ask));
    const append = async (value: unknown): Promise<RecordedItem | undefined> =>
      (await tested.ledger.append("default", batchOf([value])))[0];
    const listed = async (order?: readonly string[]) =>
      (await tested.query.listCosts("default", { ...everything, order: readOrder(order), limit: 1_000 })).items;

    test("leaves every sum by whole hours as it was, to the digit", async () => {
      const before = await askAll();
      const summary = { ...everything, previous: { fromMs: 0, toMs: keptFromMs, zone: "UTC" } };
      const summarized = await tested.query.summarize("default", summary);
      const extent = await tested.query.extent("default");
      await run();
      expect(await askAll()).toEqual(before);
      expect(await tested.query.summarize("default", summary)).toEqual(summarized);
      const after = await tested.query.extent("default");
      expect(after).toMatchObject({ lastMs: extent?.lastMs, keptFromMs });
      expect(Math.floor((after?.firstMs ?? 0) / 86_400_000)).toBe(Math.floor((extent?.firstMs ?? 0) / 86_400_000));
    });

    test("refuses what parts of hours before would be needed for, and answers it from then on", async () => {
      const ofKolkata = { groupBy: ["day"], period: { ...always, zone: "Asia/Kolkata" } } as const;
      const half = { groupBy: [], period: { fromMs: Date.UTC(2026, 1, 3, 5, 20), toMs: nowMs, zone: "UTC" } } as const;
      const usersOfBerlin = { groupBy: ["user", "day"], period: { ...always, zone: "Europe/Berlin" } } as const;
      const later = { ...ofKolkata, period: { ...ofKolkata.period, fromMs: keptFromMs } };
      const before = await ask(later);
      await run();
      for (const question of [ofKolkata, half, usersOfBerlin]) {
        await expect(ask(question)).rejects.toMatchObject({
          code: "COST_002",
          message: expect.stringContaining(keptFrom),
        });
      }
      expect(await ask(later)).toEqual(before);
    });

    test("drops the single records of before, and lists the others", async () => {
      await run();
      for (const order of [undefined, ["total_cost"]]) {
        expect((await listed(order)).map(({ id }) => id).sort()).toEqual(kept.map(({ id }) => id).sort());
      }
      const ofName = { ...everything, filter: { ...everything.filter, ids: [oldCall.id, newCall.id] } };
      const { items } = await tested.query.listCosts("default", { ...ofName, order: readOrder(undefined), limit: 9 });
      expect(items.map(({ id }) => id)).toEqual([newCall.id]);
      const { totals } = await tested.query.aggregate("default", { ...ofName, groupBy: [], metrics: ["count"] });
      expect(totals.map(({ total_requests }) => total_requests)).toEqual([1]);
      expect(await tested.query.findCost("default", oldCall.id)).toBeUndefined();
      expect((await tested.query.findCost("default", newCall.id))?.id).toBe(newCall.id);
    });

    test("says of a dropped record why there is none, as of one that never was", async () => {
      await run();
      for (const id of [oldCall.id, "never-was"]) {
        const name = { organizationId: "default", id };
        const { store } = tested;
        for (const ask of [
          () => store.run(getUsage, name),
          () => store.run(explainUsage, name),
          () => store.run(updateLabels, { ...name, tags: {} }),
          () => store.run(voidRecord, name),
        ]) {
          await expect(ask()).rejects.toMatchObject({
            code: "NOT_FOUND",
            message: `there is no record with id ${id}; records of before ${keptFrom} are not kept`,
          });
        }
      }
    });

    test("records nothing of a time that is no longer kept, nor a dropped id again", async () => {
      await run();
      const before = await askAll();
      const problem = `lies before ${keptFrom}, since when records are kept`;
      for (const call of [oldCall, { ...oldCall, id: "new-id" }]) {
        expect(await append(call)).toMatchObject({
          status: "rejected",
          error: { code: "USAGE_004", message: `occurred_at ${problem}`, field_errors: { occurred_at: problem } },
        });
      }
      const known = `was recorded before ${keptFrom}, since when records are kept`;
      expect(await append({ ...oldCall, occurred_at: newCall.occurred_at })).toMatchObject({
        status: "rejected",
        error: { code: "USAGE_004", message: `id ${oldCall.id} ${known}`, field_errors: { id: known } },
      });
      expect((await append(newCall))?.status).toBe("duplicate");
      expect(await askAll()).toEqual(before);
      const mixed = await tested.ledger.append("default", batchOf([oldCall, newCall, { ...newCall, id: "fresh" }]));
      expect(mixed.map(({ status }) => status)).toEqual(["rejected", "duplicate", "recorded"]);
      expect((await ask({ groupBy: [], period: everything.period })).totals).not.toEqual(before[0]?.totals);
    });

    test("is the same to everybody from the moment that the instant is moved, and goes on after a crash there", async () => {
      const before = await askAll();
      expect(await tested.store.run(raiseKeptFrom, { months })).toEqual({ keptFromMs, isRaised: true });
      expect(await askAll()).toEqual(before);
      expect(await listed()).toHaveLength(kept.length);
      expect(await listed(["total_cost"])).toHaveLength(kept.length);
      expect((await append(oldCall))?.status).toBe("rejected");
      expect((await append({ ...oldCall, occurred_at: newCall.occurred_at }))?.status).toBe("rejected");
      await expect(tested.store.run(getUsage, { organizationId: "default", id: oldCall.id })).rejects.toThrow(
        /not kept/,
      );
      expect((await tested.store.run(readOutlook, { months })).months.map(({ month }) => month)).toEqual([
        "2026-01",
        "2026-02",
        "2026-03",
      ]);
      await run();
      expect((await tested.store.run(readOutlook, { months })).months).toEqual([]);
      expect(await askAll()).toEqual(before);
      expect((await tested.store.run(checkLedgerOperation, {})).records).toBe(kept.length * 2);
    });

    test("tells beforehand what would go", async () => {
      const outlook = await tested.store.run(readOutlook, { months });
      expect(outlook).toMatchObject({ keptFromMs: 0, nextKeptFromMs: keptFromMs });
      expect(outlook.months.reduce((sum, { records }) => sum + records, 0)).toBe(dropped.length * 2);
      expect((await tested.store.run(readOutlook, { months: undefined })).months).toEqual([]);
    });

    test("never goes back", async () => {
      await run();
      expect(await tested.store.run(raiseKeptFrom, { months: 5 })).toEqual({ keptFromMs, isRaised: false });
      await run(tested.store, 5);
      expect((await append(oldCall))?.status).toBe("rejected");
    });

    test("is one work for several processes, with appends and questions in between", async () => {
      await Promise.all([tested.store, tested.other, tested.store].map(ensureRetention));
      const jobs = [];
      for (;;) {
        const { job } = await tested.store.run(claimJob, { kinds: [retentionKind] });
        if (job === null) break;
        jobs.push(job.payload);
      }
      expect(jobs).toEqual([{ date: "2026-06-15" }]);
      const before = await askAll();
      const untilKept = wholeHours.map((question) => ({
        ...question,
        period: { ...question.period, toMs: keptFromMs },
      }));
      const sums = await Promise.all(untilKept.map(ask));
      const work = Promise.allSettled([run(), run(tested.other)]);
      for (let n = 0; n < 10; n += 1) {
        const item = await append({ ...newCall, id: `during-${n}` });
        expect(item?.status).toBe("recorded");
        expect(await Promise.all(untilKept.map(ask))).toEqual(sums);
      }
      await work;
      // One that was kept from it by questions is run again by the queue.
      for (let attempt = 0; attempt < 8; attempt += 1) {
        const step = await tested.store.run(dropRecords, {});
        if (step.kind === "nothing left") break;
      }
      await run();
      expect((await tested.store.run(checkLedgerOperation, {})).records).toBe(kept.length * 2 + 10);
      expect((await ask({ groupBy: [], period: everything.period })).totals).not.toEqual(before[0]?.totals);
    });

    test("reprices what is kept, and says from when", async () => {
      await run();
      const scope = { fromMs: null, toMs: null, provider: null, model: null };
      const page = await tested.store.run(examinePage, { organizationId: "default", scope });
      expect(page.examined).toBe(kept.filter(({ model }) => model !== "nobody-prices-this").length);
      const preview = { organizationId: "default", scope, createdBy: "test", reason: null, ...page };
      const saved = await tested.store.run(savePreview, preview);
      expect(saved?.range).toEqual({ start: keptFrom, end: null });
    });
  });
}
