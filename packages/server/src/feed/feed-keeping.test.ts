import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestedAt, type TestedStoreAt } from "../store/opened-fixture.ts";
import { type OfOrganization, storeWrite } from "../store/operation.ts";
import {
  feedKeptMs,
  feedWebhooks,
  listenedMs,
  listenToFeed,
  noteInFeed,
  pruneFeeds,
  readFeed,
  readFeedHeads,
} from "./feed.sql.ts";
import type { FeedPosition } from "./feed-position.ts";

const clock = { nowMs: Date.UTC(2026, 10, 21) };
const organizationId = "acme";
let opened: TestedStoreAt;
beforeEach(async () => {
  opened = await openTestedAt(() => clock.nowMs);
});
afterEach(() => opened.close());

const noteSome = storeWrite("test.note", (connection, { organizationId: id }: OfOrganization) =>
  noteInFeed(connection, id, "created", [new Uint8Array(16), new Uint8Array(16).fill(1)]),
);
const wantWebhooks = storeWrite(
  "test.webhooks",
  (connection, { organizationId: id, wanted }: OfOrganization & { readonly wanted: boolean }) =>
    feedWebhooks(connection, id, wanted),
);
const note = () => opened.store.run(noteSome, { organizationId });
const listen = () => opened.store.run(listenToFeed, { organizationId });
const prune = () => opened.store.run(pruneFeeds, null);
const kindAt = async (from: FeedPosition): Promise<string> =>
  (await opened.store.run(readFeed, { organizationId, from, limit: 10 })).kind;
const entries = async (): Promise<number> => (await opened.rows("SELECT seq FROM ledger_feed")).length;

test("an entry is kept for a day, and whoever comes back later is told so", async () => {
  const from = await listen();
  await note();
  clock.nowMs += feedKeptMs;
  await prune();
  expect([await entries(), await kindAt(from)]).toEqual([1, "page"]);
  clock.nowMs += 1;
  await prune();
  expect([await entries(), await kindAt(from), await kindAt({ seq: from.seq + 1, slot: 0 })]).toEqual([
    0,
    "not kept",
    "page",
  ]);
});

test("the feed goes on for an hour after somebody listened, and begins anew for the next one", async () => {
  const from = await listen();
  clock.nowMs += listenedMs - 1;
  await note();
  clock.nowMs += 1;
  await note();
  expect([await entries(), await kindAt(from)]).toEqual([1, "page"]);
  expect(await opened.store.run(readFeedHeads, null)).toEqual([]);
  const again = await listen();
  await note();
  expect([await entries(), await kindAt(from), await kindAt(again)]).toEqual([2, "not kept", "page"]);
  // Whoever listens while another does takes nothing from that one.
  await listen();
  expect(await kindAt(again)).toBe("page");
});

test("what webhooks were not told of is never forgotten", async () => {
  await opened.store.run(wantWebhooks, { organizationId, wanted: true });
  await note();
  clock.nowMs += 30 * feedKeptMs;
  await note();
  await prune();
  expect(await entries()).toBe(2);
  expect(await opened.store.run(readFeedHeads, null)).toMatchObject([{ organizationId, isWaiting: true }]);
  await opened.store.run(wantWebhooks, { organizationId, wanted: false });
  await note();
  await prune();
  expect(await entries()).toBe(1);
  expect(await opened.store.run(readFeedHeads, null)).toEqual([]);
});
