import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTested, type TestedStore } from "../store/opened-fixture.ts";
import type { Store } from "../store/operation.ts";
import { voidRecord } from "../usage/operations.sql.ts";
import { listenToFeed, readFeed, readFeedHeads } from "./feed.sql.ts";
import type { FeedPosition } from "./feed-position.ts";

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const record = (id: string, own: object = {}) => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  input_tokens: 100,
  output_tokens: 10,
  occurred_at: new Date().toISOString(),
  ...own,
});

let opened: TestedStore;
let store: Store;
beforeAll(async () => {
  opened = await openTested();
  store = opened.store;
});
afterAll(() => opened.close());

const append = (organizationId: string, ids: readonly string[], own: object = {}, dryRun = false) =>
  opened.ledger.append(organizationId, {
    shape: "batch",
    entry: "usage",
    bytes: encode({ records: ids.map((id) => record(id, own)) }),
    source: "api",
    requirePrice: false,
    ...(dryRun ? { importing: { format: "jsonl", dryRun } } : {}),
  } as never);

/** What is told from a position on, and where it ends. */
async function read(organizationId: string, from: FeedPosition, limit = 100) {
  const told: string[] = [];
  for (let at = from; ; ) {
    const page = await store.run(readFeed, { organizationId, from: at, limit });
    if (page.kind === "not kept") return { told: ["not kept"], next: at };
    told.push(...page.items.map((item) => `${item.kind} ${"alert" in item ? item.alert.id : item.cost.id}`));
    if (page.next.seq === at.seq && page.next.slot === at.slot) return { told, next: at };
    at = page.next;
  }
}

describe("the feed of an organization", () => {
  test("is not written where nobody listens", async () => {
    await append("quiet", ["q1", "q2"]);
    await append("quiet", ["q3"]);
    expect(await opened.rows("SELECT organization_id FROM ledger_feed WHERE organization_id = 'quiet'")).toEqual([]);
  });

  test("tells of every record that is committed from then on, once and in order, however it was written", async () => {
    await append("acme", ["before"]);
    const from = await store.run(listenToFeed, { organizationId: "acme" });
    await append("acme", ["a1", "a2"]);
    await append("acme", ["a1", "a3"]);
    await append("acme", ["trial"], {}, true);
    await append("acme", ["a4"], { project_id: "a-new-series" });
    await append("other", ["o1"]);
    await store.run(voidRecord, { organizationId: "acme", id: "a2" });
    const { told, next } = await read("acme", from);
    expect(told).toEqual(["created a1", "created a2", "created a3", "created a4", "updated a2"]);
    expect((await read("acme", from, 1)).told).toEqual(told);
    expect((await read("acme", next)).told).toEqual([]);
    const heads = await store.run(readFeedHeads, null);
    expect(heads).toMatchObject([{ organizationId: "acme", headSeq: next.seq - 1, isWaiting: false }]);
  });

  test("misses nothing and keeps one order where many append at once", async () => {
    const from = await store.run(listenToFeed, { organizationId: "busy" });
    const seen: string[] = [];
    let at = from;
    const batches = Array.from({ length: 60 }, (_, batch) => Array.from({ length: 5 }, (_, one) => `b${batch}-${one}`));
    let isDone = false;
    const appended = Promise.all(batches.map((ids) => append("busy", ids))).then(() => {
      isDone = true;
    });
    for (let isLast = false; !isLast; ) {
      isLast = isDone;
      const { told, next } = await read("busy", at, 7);
      seen.push(...told);
      at = next;
    }
    await appended;
    expect(seen).toEqual((await read("busy", from)).told);
    expect([...seen].sort()).toEqual(
      batches
        .flat()
        .map((id) => `created ${id}`)
        .sort(),
    );
  });

  test("knows a position of before a time in which nobody listened", async () => {
    const from = await store.run(listenToFeed, { organizationId: "gap" });
    await append("gap", ["g1"]);
    expect((await read("gap", { seq: from.seq + 5, slot: 0 })).told).toEqual(["not kept"]);
    expect((await read("nobody", { seq: 1, slot: 0 })).told).toEqual(["not kept"]);
  });
});
