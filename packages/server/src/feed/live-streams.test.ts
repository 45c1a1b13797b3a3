import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Caller } from "../http/route.ts";
import { everyPermission } from "../identity/key-scope.ts";
import { openTested, type TestedStore } from "../store/opened-fixture.ts";
import { FeedPages } from "./feed-pages.ts";
import { FeedWatch } from "./feed-watch.ts";
import { LiveStreams } from "./live-streams.ts";

let opened: TestedStore;
let watch: FeedWatch;
beforeAll(async () => {
  opened = await openTested();
  watch = new FeedWatch({
    store: opened.store,
    tellsWebhooks: false,
    wakeSender: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
});
afterAll(async () => {
  await watch.stop();
  await opened.close();
});

const caller: Caller = {
  organizationId: "acme",
  principal: { kind: "process", id: "process", name: "process" },
  permissions: everyPermission,
};
const partsWith = (own: object) => ({
  watch,
  pages: new FeedPages(opened.store),
  authenticator: { authenticate: () => caller },
  ...own,
});
const streamsWith = (own: object) => new LiveStreams(partsWith(own));

async function open(streams: LiveStreams, lastEventId?: string) {
  const leaving = new AbortController();
  const { chunks, cut } = await streams.open({
    caller,
    authorization: undefined,
    query: {},
    lastEventId,
    signal: leaving.signal,
  });
  const told = chunks?.[Symbol.asyncIterator]() as AsyncIterator<string>;
  return { told, cut, leaving };
}
const append = (ids: readonly string[]) =>
  opened.ledger.append("acme", {
    shape: "batch",
    entry: "cost",
    bytes: new TextEncoder().encode(
      JSON.stringify({
        entries: ids.map((id) => ({ id, provider: "acme", model: "m", total_cost: "1", currency: "USD" })),
      }),
    ),
    source: "api",
    requirePrice: false,
  });
const idsIn = (text: string): string[] => [...text.matchAll(/data: \{"id":"([^"]*)"/g)].map(([, id]) => String(id));

test("a stream gives a sign of life with its position while nothing comes", async () => {
  const { told, leaving } = await open(streamsWith({ heartbeatMs: 20 }));
  const first = String((await told.next()).value);
  expect(first).toMatch(/^retry: 2000\nid: \d+\.0\n\n$/);
  expect(String((await told.next()).value)).toBe(`: heartbeat\n${first.slice(first.indexOf("id: "))}`);
  leaving.abort();
  expect((await told.next()).done).toBe(true);
});

test("a reader that takes nothing is cut off and misses nothing when it comes back", async () => {
  const parts = partsWith({}) as ReturnType<typeof partsWith> & { stalledMs?: number };
  const { told, cut } = await open(new LiveStreams(parts));
  await told.next();
  const ids = Array.from({ length: 250 }, (_, at) => `c${at}`);
  await append(ids);
  const page = String((await told.next()).value);
  // A page at a time is read, however much there is.
  expect(idsIn(page)).toEqual(ids.slice(0, 100));
  // It waits for the reader from here on.
  parts.stalledMs = 0;
  await vi.waitFor(() => expect(cut?.aborted).toBe(true), { timeout: 10_000 });
  expect((await told.next()).done).toBe(true);
  const again = await open(streamsWith({}), /id: (\S+)\nevent: [^\n]*\n[^\n]*\n\n$/.exec(page)?.[1]);
  await again.told.next();
  const rest = [String((await again.told.next()).value), String((await again.told.next()).value)];
  expect(rest.flatMap(idsIn)).toEqual(ids.slice(100));
  again.leaving.abort();
  await again.told.return?.();
});

test("a stream that nobody begins to read holds no place", async () => {
  const streams = streamsWith({ streamsMax: { credential: 1, all: 1 } });
  const first = await open(streams);
  await expect(open(streams)).rejects.toMatchObject({ code: "RATE_LIMITED" });
  first.leaving.abort();
  const second = await open(streams);
  second.leaving.abort();
  streams.stop();
  await expect(open(streams)).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test.each([
  { credential: 2, all: 100 },
  { credential: 100, all: 2 },
])(
  "of many streams that are opened at once no more than %j are, and one that fails holds no place",
  async (streamsMax) => {
    const failing = { listen: () => Promise.reject(new Error("no database")) };
    let isAway = true;
    const sometimes = { listen: (organizationId: string) => (isAway ? failing : watch).listen(organizationId) };
    const streams = streamsWith({ streamsMax, watch: sometimes });
    for (let at = 0; at < 3; at += 1) await expect(open(streams)).rejects.toThrow("no database");
    isAway = false;
    const opened = await Promise.allSettled(Array.from({ length: 12 }, () => open(streams)));
    const granted = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const refused = opened.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(granted).toHaveLength(2);
    expect(refused).toEqual(Array.from({ length: 10 }, () => expect.objectContaining({ code: "RATE_LIMITED" })));
    for (const { leaving } of granted) leaving.abort();
    (await open(streams)).leaving.abort();
  },
);
