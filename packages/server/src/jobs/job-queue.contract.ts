import { beforeEach, describe, expect, test } from "vitest";
import { installationRead, installationWrite, type Store } from "../store/operation.ts";
import { attemptsMax, backoffMs, keptMs, leaseMs, type NewJob } from "./job.ts";
import { claimJob, enqueueJob, finishJob, renewJob } from "./job-queue.sql.ts";

const add = installationWrite("test.jobs.add", async (connection, job: NewJob) => enqueueJob(connection, job));
const readAll = installationRead(
  "test.jobs.all",
  async (connection, _args: null) =>
    await connection.all<Readonly<Record<string, unknown>>>(
      "SELECT status, attempts, last_error, run_at FROM jobs ORDER BY created_at, id",
    ),
);

/** What the queue must do on every store. The store is empty and tells the given time. */
export function describeJobQueue(name: string, open: (now: () => number) => Promise<Store>): void {
  describe(`the job queue on ${name}`, () => {
    const kinds = ["greet", "part"];
    let now = 1_000_000;
    let store: Store;
    beforeEach(async () => {
      now = 1_000_000;
      store = await open(() => now);
    });
    const enqueue = (payload: unknown = {}, over: Partial<NewJob> = {}) =>
      store.run(add, { organizationId: "default", kind: "greet", payload, ...over });
    const claim = () => store.run(claimJob, { kinds });
    const claimed = async () => {
      const { job } = await claim();
      if (job === null) throw new Error("no job is due");
      return job;
    };
    const rows = () => store.run(readAll, null);

    test("holds one job for the same work while none of it has begun", async () => {
      await enqueue({ n: 1 });
      await enqueue({ n: 1 });
      await enqueue({ n: 2 });
      await enqueue({ n: 1 }, { kind: "part" });
      expect(await rows()).toHaveLength(3);
      await claimed();
      await enqueue({ n: 1 });
      await enqueue({ n: 2 });
      await enqueue({ n: 1 }, { kind: "part" });
      expect(await rows()).toHaveLength(4);
    });

    test("gives what is due in the order of its time, and only the kinds asked for", async () => {
      await enqueue("later", { runAtMs: now + 2 });
      await enqueue("sooner", { runAtMs: now + 1 });
      await enqueue("other", { kind: "unknown" });
      expect(await claim()).toEqual({ job: null, nextDueMs: now + 1 });
      now += 2;
      expect(await claimed()).toMatchObject({ payload: "sooner", attempt: 1, organizationId: "default" });
      expect(await claimed()).toMatchObject({ payload: "later", attempt: 1 });
      expect(await claim()).toEqual({ job: null, nextDueMs: now + leaseMs });
    });

    test("gives each job to one of many claims that ask at once", async () => {
      for (let n = 0; n < 5; n += 1) await enqueue({ n });
      const answers = await Promise.all(Array.from({ length: 8 }, claim));
      const ids = answers.flatMap(({ job }) => (job === null ? [] : [job.id]));
      expect(ids).toHaveLength(5);
      expect(new Set(ids).size).toBe(5);
    });

    test("takes up a job whose worker died when its lease has run out, not before; renewing holds it longer", async () => {
      await enqueue();
      const first = await claimed();
      expect(first.attempt).toBe(1);
      now += leaseMs - 1;
      await store.run(renewJob, first);
      now += 1;
      expect(await claim()).toEqual({ job: null, nextDueMs: now - 1 + leaseMs });
      now += leaseMs;
      expect((await claimed()).attempt).toBe(2);
      // The first worker comes back too late: neither its renewal nor its end counts.
      await store.run(renewJob, first);
      await store.run(finishJob, { ...first, end: { kind: "done" } });
      expect(await rows()).toMatchObject([{ status: "leased", attempts: 2 }]);
    });

    test("a job whose worker dies each time is dead in the end", async () => {
      await enqueue();
      for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
        expect((await claimed()).attempt).toBe(attempt);
        now += leaseMs;
      }
      expect(await claim()).toEqual({ job: null, nextDueMs: null });
      expect(await rows()).toMatchObject([{ status: "dead", last_error: expect.stringContaining("worker stopped") }]);
    });

    test("an attempt ends done, given back, put off or dead", async () => {
      await enqueue();
      const given = await claimed();
      await store.run(finishJob, { ...given, end: { kind: "interrupted" } });
      expect(await rows()).toEqual([{ status: "queued", attempts: 0, last_error: null, run_at: now }]);
      for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
        await store.run(finishJob, { ...(await claimed()), end: { kind: "failed", error: `no ${attempt}` } });
        const last = attempt === attemptsMax;
        expect(await rows()).toMatchObject([
          { status: last ? "dead" : "queued", attempts: attempt, last_error: `no ${attempt}` },
        ]);
        now += backoffMs(attempt);
      }
      await enqueue();
      await store.run(finishJob, { ...(await claimed()), end: { kind: "done" } });
      expect((await rows()).map(({ status }) => status)).toEqual(["dead", "done"]);
      now += keptMs + 1;
      await claim();
      expect((await rows()).map(({ status }) => status)).toEqual(["dead"]);
    });
  });
}
