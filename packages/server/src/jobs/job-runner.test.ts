import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openTestedAt, type TestedStoreAt } from "../store/opened-fixture.ts";
import { installationWrite } from "../store/operation.ts";
import { attemptsMax, backoffMs, type JobHandler, type NewJob } from "./job.ts";
import { enqueueJob } from "./job-queue.sql.ts";
import { createJobRunner, type JobRunner } from "./job-runner.ts";

const enqueue = installationWrite("test.jobs.add", async (connection, job: NewJob) => enqueueJob(connection, job));

let now = 1_000_000;
let opened: TestedStoreAt;
let runner: JobRunner | undefined;

beforeEach(async () => {
  now = 1_000_000;
  opened = await openTestedAt(() => now);
});
afterEach(async () => {
  await runner?.stop();
  runner = undefined;
  await opened.close();
});

const start = (handlers: Record<string, JobHandler>): JobRunner => {
  runner = createJobRunner({ store: opened.store, handlers, clock: () => now });
  runner.start();
  return runner;
};
const rows = () => opened.rows("SELECT status, attempts, last_error, run_at FROM jobs ORDER BY created_at, id");
const add = (payload: unknown = {}) => opened.store.run(enqueue, { organizationId: "acme", kind: "greet", payload });

describe("the job runner", () => {
  test("runs what was queued before the start and what is queued later, each once", async () => {
    const done: unknown[] = [];
    await add({ n: 1 });
    const running = start({ greet: async (job) => void done.push(job.payload) });
    await vi.waitFor(() => expect(done).toEqual([{ n: 1 }]));
    await add({ n: 2 });
    running.wake();
    await vi.waitFor(() => expect(done).toEqual([{ n: 1 }, { n: 2 }]));
    await vi.waitFor(async () => expect((await rows()).map(({ status }) => status)).toEqual(["done", "done"]));
  });

  test("is idle only when everything that was due is done", async () => {
    const done: unknown[] = [];
    await add({ n: 1 });
    await add({ n: 2 });
    const running = start({
      greet: async (job) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        done.push(job.payload);
      },
    });
    await running.idle();
    expect(done).toHaveLength(2);
    expect((await rows()).map(({ status }) => status)).toEqual(["done", "done"]);
  });

  test("holds one job for the same work while none of it has begun", async () => {
    await add({ n: 1 });
    await add({ n: 1 });
    await add({ n: 2 });
    expect(await rows()).toHaveLength(2);
  });

  test("tries again after a growing pause and keeps the error", async () => {
    await add();
    let attempts = 0;
    const running = start({
      greet: async () => {
        attempts += 1;
        if (attempts < 3) throw new Error(`attempt ${attempts}`);
      },
    });
    await vi.waitFor(async () =>
      expect(await rows()).toEqual([
        { status: "queued", attempts: 1, last_error: "attempt 1", run_at: now + backoffMs(1) },
      ]),
    );
    now += backoffMs(1);
    running.wake();
    await vi.waitFor(async () => expect((await rows())[0]).toMatchObject({ attempts: 2, last_error: "attempt 2" }));
    now += backoffMs(2);
    running.wake();
    await vi.waitFor(async () => expect((await rows())[0]).toMatchObject({ status: "done", attempts: 3 }));
  });

  test("a job that keeps failing ends as a dead letter with its last error", async () => {
    await add();
    const running = start({ greet: () => Promise.reject(new Error("no")) });
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const status = attempt === attemptsMax ? "dead" : "queued";
      await vi.waitFor(async () =>
        expect((await rows())[0]).toMatchObject({ attempts: attempt, last_error: "no", status }),
      );
      now += backoffMs(attempt);
      running.wake();
    }
  });

  test("stopping gives the running job back without counting the attempt", async () => {
    await add();
    let began = false;
    const running = start({
      greet: async (_job, signal) => {
        began = true;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        signal.throwIfAborted();
      },
    });
    await vi.waitFor(() => expect(began).toBe(true));
    await running.stop();
    expect(await rows()).toEqual([{ status: "queued", attempts: 0, last_error: null, run_at: now }]);
  });
});
