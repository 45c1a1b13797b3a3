import type { Webhook, WebhookDelivery } from "@llm-cost-ops/contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Refusal } from "../refusal.ts";
import { openTestedAt, type TestedStoreAt } from "../store/opened-fixture.ts";
import { storeWrite } from "../store/operation.ts";
import {
  type AllowedAddresses,
  createAddressGuard,
  noAllowedAddresses,
  readAllowedAddresses,
} from "./address-guard.ts";
import { listDeliveries, replayDelivery, testWebhook } from "./deliveries.sql.ts";
import { claimDeliveries, keptMs, leaseMs, sweepDeliveries } from "./delivery-queue.sql.ts";
import { createWebhook, getWebhook, rotateWebhookSecret, updateWebhook } from "./endpoints.sql.ts";
import { renewLease } from "./leases.sql.ts";
import { emitEvent, type NewEvent } from "./outbox.sql.ts";
import { answering, isSignedBy, type Receiver, startReceiver } from "./receiver-fixture.ts";
import { failingMs, nextAttemptMs, triedMs } from "./retry-schedule.ts";
import { keepSecret } from "./secrets.ts";
import { createSender, type Sender, type SenderParts } from "./sender.ts";
import { makeSecret } from "./signatures.ts";

const emit = storeWrite("test.webhooks.emit", async (connection, event: NewEvent) => emitEvent(connection, event));
const emitInVain = storeWrite("test.webhooks.emitInVain", async (connection, event: NewEvent): Promise<void> => {
  await emitEvent(connection, event);
  throw new Refusal("CONFLICT", "It did not happen after all.");
});
const organizationId = "acme";
const loopback = createAddressGuard(readAllowedAddresses("127.0.0.1") as AllowedAddresses);

let now = Date.UTC(2026, 10, 21);
let opened: TestedStoreAt;
const senders: Sender[] = [];
const receivers: Receiver[] = [];

beforeEach(async () => {
  now = Date.UTC(2026, 10, 21);
  opened = await openTestedAt(() => now);
});
afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.stop()));
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
  await opened.close();
});

const receive = async (...answer: Parameters<typeof startReceiver>): Promise<Receiver> => {
  const receiver = await startReceiver(...answer);
  receivers.push(receiver);
  return receiver;
};

const startSender = (own: Partial<SenderParts> = {}): Sender => {
  const sender = createSender({
    store: opened.store,
    guard: loopback,
    sendToChannel: () => Promise.reject(new Error("there are no channels")),
    secretKey: undefined,
    clock: () => now,
    chance: () => 0.5,
    userAgent: "llm-cost-ops/test",
    onFailure: (error) => {
      throw error;
    },
    ...own,
  });
  senders.push(sender);
  sender.start();
  return sender;
};

let made = 0;
async function endpoint(
  url: string,
  secret = makeSecret(),
  event: NewEvent["type"] = "export.completed",
): Promise<string> {
  made += 1;
  const input = { url, events: [event] };
  const { id } = await opened.store.run(createWebhook, {
    organizationId,
    id: `wh_${String(made).padStart(6, "0")}`,
    input,
    secret: keepSecret(secret, undefined),
  });
  return id;
}
const happen = (data: unknown = {}): Promise<void> =>
  opened.store.run(emit, { organizationId, type: "export.completed", data });
const deliveries = (id: string): Promise<readonly WebhookDelivery[]> =>
  opened.store.run(listDeliveries, { organizationId, id, status: null, beforeId: null, limit: 1_000 });
const webhook = (id: string): Promise<Webhook> => opened.store.run(getWebhook, { organizationId, id });
const eventually = (id: string, expected: readonly Partial<WebhookDelivery>[]): Promise<void> =>
  vi.waitFor(async () => expect(await deliveries(id)).toMatchObject(expected), { timeout: 10_000 });

describe("a delivery", () => {
  test("reaches who wants the event, signed, and nobody else", async () => {
    const receiver = await receive((response) => void response.writeHead(200).end('{"status":"received"}'));
    const secret = makeSecret();
    const id = await endpoint(receiver.url, secret);
    startSender();
    await opened.store.run(emit, { organizationId, type: "pricing.updated", data: {} });
    await opened.store.run(emit, { organizationId: "other", type: "export.completed", data: {} });
    await happen({ id: "e1", cost: "0.10", text: "ünï" });
    await eventually(id, [
      { status: "succeeded", attempts: 1, response_status: 200, response_body: '{"status":"received"}', error: null },
    ]);
    const [message, more] = receiver.received;
    if (message === undefined) throw new Error("nothing came");
    expect(more).toBeUndefined();
    expect(message.event).toEqual({
      id: message.headers["webhook-id"],
      type: "export.completed",
      timestamp: "2026-11-21T00:00:00.000Z",
      organization_id: organizationId,
      data: { id: "e1", cost: "0.10", text: "ünï" },
    });
    expect(message.headers).toMatchObject({ "content-type": "application/json", "user-agent": "llm-cost-ops/test" });
    expect(message.headers["webhook-timestamp"]).toBe(String(now / 1_000));
    expect(isSignedBy(secret, message)).toBe(true);
    expect(isSignedBy(makeSecret(), message)).toBe(false);
  });

  test("is not made of what did not happen", async () => {
    const id = await endpoint("http://127.0.0.1:9/");
    const event = { organizationId, type: "export.completed" as const, data: {} };
    await expect(opened.store.run(emitInVain, event)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await deliveries(id)).toEqual([]);
    expect(await opened.rows("SELECT id FROM webhook_events")).toEqual([]);
  });

  test("is signed by the old secret too while it is replaced, and by the new one alone afterwards", async () => {
    const receiver = await receive(answering(204));
    const [old, next] = [makeSecret(), makeSecret()];
    const id = await endpoint(receiver.url, old);
    const secret = keepSecret(next, undefined);
    await opened.store.run(rotateWebhookSecret, { organizationId, id, secret, overlapMs: 60_000 });
    const sender = startSender();
    await happen();
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1));
    now += 60_000;
    await happen();
    sender.wake();
    await vi.waitFor(() => expect(receiver.received).toHaveLength(2));
    const signed = receiver.received.map((message) => [isSignedBy(old, message), isSignedBy(next, message)]);
    expect(signed).toEqual([
      [true, true],
      [false, true],
    ]);
  });

  test("is tried again with the same id and body after a failure, until it succeeds", async () => {
    const receiver = await receive((response, at) => void response.writeHead(at === 0 ? 500 : 200).end("oh no"));
    const id = await endpoint(receiver.url);
    const sender = startSender();
    await happen();
    const again = new Date(now + 5_000).toISOString();
    await eventually(id, [{ status: "pending", attempts: 1, response_status: 500, next_attempt_at: again }]);
    expect((await webhook(id)).failing_since).toBe("2026-11-21T00:00:00.000Z");
    now += 5_000;
    sender.wake();
    await eventually(id, [{ status: "succeeded", attempts: 2, response_status: 200, next_attempt_at: null }]);
    const [first, second] = receiver.received;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.headers["webhook-timestamp"]).not.toBe(first?.headers["webhook-timestamp"]);
    expect((await webhook(id)).failing_since).toBeNull();
  });

  test("ends when its receiver does not answer, and holds up no other receiver however much waits for it", async () => {
    const hanging = await receive(() => undefined);
    const quick = await receive(answering(200));
    const slowId = await endpoint(hanging.url);
    const quickId = await endpoint(quick.url);
    for (let n = 0; n < 20; n += 1) await happen({ n });
    startSender({ timeoutMs: 60_000, places: { all: 8, organization: 8, endpoint: 2, failing: 1 } });
    await vi.waitFor(() => expect(quick.received).toHaveLength(20), { timeout: 20_000 });
    expect(hanging.received).toHaveLength(2);
    await eventually(quickId, new Array(20).fill({ status: "succeeded" }));
    expect((await deliveries(slowId)).every(({ status }) => status === "pending")).toBe(true);
  });

  test("that nobody answers in time is a failure that says so", async () => {
    const hanging = await receive(() => undefined);
    const id = await endpoint(hanging.url);
    startSender({ timeoutMs: 100 });
    await happen();
    await eventually(id, [{ status: "pending", attempts: 1, response_status: null, error: "no answer within 0.1 s" }]);
  });

  test("keeps the beginning of an answer that does not end, and hangs up", async () => {
    let hungUp = false;
    const endless = await receive((response) => {
      response.on("close", () => {
        hungUp = true;
      });
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(`\0${"ä".repeat(1_000)}`));
      };
      response.on("drain", more);
      more();
    });
    const id = await endpoint(endless.url);
    startSender();
    await happen();
    await eventually(id, [{ status: "succeeded" }]);
    const [delivery] = await deliveries(id);
    expect(delivery?.response_body).toMatch(/^\uFFFDä+\uFFFDä+$/);
    expect(Buffer.byteLength(delivery?.response_body ?? "")).toBeLessThan(2_100);
    await vi.waitFor(() => expect(hungUp).toBe(true));
  });

  test("follows no redirect", async () => {
    const hidden = await receive(answering(200));
    const redirecting = await receive((response) => void response.writeHead(307, { location: hidden.url }).end());
    const id = await endpoint(redirecting.url);
    startSender();
    await happen();
    await eventually(id, [{ status: "pending", response_status: 307, error: "redirects are not followed" }]);
    expect(hidden.received).toEqual([]);
  });

  test("goes nowhere where the address is refused by now, or the host resolves inside", async () => {
    const receiver = await receive(answering(200));
    const id = await endpoint(receiver.url);
    const named = await endpoint("https://rebinding.example/hook");
    startSender({ guard: createAddressGuard({ hosts: new Set(), subnets: [] }, async () => ["127.0.0.1"]) });
    await happen();
    const inside = "a private, local or reserved network";
    await eventually(id, [{ status: "pending", error: `the address must not lead into ${inside}` }]);
    await eventually(named, [{ status: "pending", error: `the host resolves into ${inside}` }]);
    expect(receiver.received).toEqual([]);
  });

  test("whose sender dies between claim and answer is sent by another when the lease ends, not before", async () => {
    const receiver = await receive(answering(200));
    const id = await endpoint(receiver.url);
    await happen();
    const places = { all: 8, organization: 8, endpoint: 8, failing: 8 };
    // A sender that is killed here: it has claimed, and never finishes.
    const [claimed] = await opened.store.run(claimDeliveries, { underWay: [], places });
    expect(claimed?.attempts).toBe(1);
    now += leaseMs - 1;
    expect(await opened.store.run(claimDeliveries, { underWay: [], places })).toEqual([]);
    now += 1;
    startSender();
    await eventually(id, [{ status: "succeeded", attempts: 2 }]);
    expect(receiver.received.map(({ event }) => event.id)).toEqual([claimed?.eventId]);
  });

  test("belongs to one of several senders", async () => {
    const receiver = await receive(answering(200));
    const id = await endpoint(receiver.url);
    for (let n = 0; n < 12; n += 1) await happen({ n });
    startSender();
    startSender();
    startSender();
    await eventually(id, new Array(12).fill({ status: "succeeded", attempts: 1 }));
    expect(receiver.received).toHaveLength(12);
  });

  test("can be sent again as one of its own, by hand", async () => {
    const receiver = await receive(answering(200));
    const id = await endpoint(receiver.url);
    const sender = startSender();
    const { id: deliveryId, event_id } = await opened.store.run(testWebhook, { organizationId, id });
    sender.wake();
    await eventually(id, [{ status: "succeeded", event_type: "webhook.test" }]);
    await opened.store.run(replayDelivery, { organizationId, id, deliveryId });
    sender.wake();
    await eventually(id, [{ status: "succeeded" }, { status: "succeeded" }]);
    expect(receiver.received.map(({ event }) => event.id)).toEqual([event_id, event_id]);
  });
});

describe("an endpoint", () => {
  test("that is paused gets what happened meanwhile when it goes on", async () => {
    const receiver = await receive(answering(200));
    const id = await endpoint(receiver.url);
    await opened.store.run(updateWebhook, { organizationId, id, update: { paused: true } });
    const sender = startSender();
    await happen();
    sender.wake();
    expect(await deliveries(id)).toMatchObject([{ status: "pending", attempts: 0 }]);
    expect((await webhook(id)).status).toBe("paused");
    await opened.store.run(updateWebhook, { organizationId, id, update: { paused: false } });
    sender.wake();
    await eventually(id, [{ status: "succeeded" }]);
  });

  test("that says 410 is disabled at once, which others are told, and let on by hand", async () => {
    const receiver = await receive(answering(410));
    const id = await endpoint(receiver.url);
    const other = await receive(answering(200));
    await endpoint(other.url, makeSecret(), "webhook.disabled");
    startSender();
    await happen();
    await eventually(id, [{ status: "failed", attempts: 1, response_status: 410 }]);
    expect(await webhook(id)).toMatchObject({ status: "disabled", disabled_reason: "gone" });
    await vi.waitFor(() => expect(other.received).toHaveLength(1));
    const { host } = new URL(receiver.url);
    const data = { webhook_id: id, host, disabled_reason: "gone" };
    expect(other.received[0]?.event).toMatchObject({ type: "webhook.disabled", data });
    await happen();
    expect(await deliveries(id)).toHaveLength(1);
    await expect(opened.store.run(testWebhook, { organizationId, id })).rejects.toMatchObject({ code: "CONFLICT" });
    const entries = await opened.rows("SELECT action FROM audit_entries ORDER BY organization_id, seq");
    expect(entries.at(-1)).toEqual({ action: "webhooks.disable" });
    await opened.store.run(updateWebhook, { organizationId, id, update: { paused: false } });
    expect(await webhook(id)).toMatchObject({ status: "active", disabled_reason: null });
  });

  test("is given up after five days without success; each delivery after three", async () => {
    const receiver = await receive(answering(503));
    const id = await endpoint(receiver.url);
    const sender = startSender();
    const began = now;
    await happen({ n: 1 });
    let isSecond = false;
    await vi.waitFor(
      async () => {
        const all = await deliveries(id);
        const due = all.map(({ next_attempt_at: at }) => (at === null ? now : Date.parse(at)));
        now = Math.max(now, ...due);
        if (!isSecond && now >= began + triedMs / 2) {
          isSecond = true;
          await happen({ n: 2 });
        }
        if (isSecond && now >= began + triedMs && all.length === 2) await happen({ n: 3 });
        sender.wake();
        expect((await webhook(id)).status).toBe("disabled");
      },
      { timeout: 20_000, interval: 20 },
    );
    expect(now - began).toBeGreaterThanOrEqual(failingMs);
    expect(now - began).toBeLessThan(failingMs + 86_400_000);
    const [first] = (await deliveries(id)).toReversed();
    expect(first).toMatchObject({ status: "failed", response_status: 503 });
    expect(Date.parse(first?.finished_at ?? "") - began).toBeLessThanOrEqual(triedMs);
    expect(await webhook(id)).toMatchObject({ disabled_reason: "failing" });
  });

  test("keeps its deliveries for thirty days", async () => {
    const receiver = await receive(answering(200));
    const id = await endpoint(receiver.url);
    await happen();
    startSender();
    await eventually(id, [{ status: "succeeded" }]);
    now += keptMs + 1;
    await opened.store.run(sweepDeliveries, null);
    expect(await deliveries(id)).toEqual([]);
    expect(await opened.rows("SELECT id FROM webhook_events")).toEqual([]);
  });
});

test.each([
  [1, 0.5, 5_000],
  [2, 0.5, 15_000],
  [3, 0, 36_000],
  [3, 1, 54_000],
  [20, 0.5, 8 * 3_600_000],
])("after %d failures the next attempt comes after a growing pause of chance", (attempts, chance, pauseMs) => {
  expect(nextAttemptMs({ attempts, createdAtMs: 0 }, 1_000, chance)).toBe(1_000 + pauseMs);
  expect(nextAttemptMs({ attempts, createdAtMs: 0 }, triedMs, chance)).toBeUndefined();
});

test("an endpoint with a lease is deleted when nobody asks for its deliveries any more, and no other is", async () => {
  const lasting = await endpoint("https://lasting.example.invalid/");
  const input = { url: "https://listening.invalid/", events: ["export.completed" as const], paused: true };
  const secret = keepSecret(makeSecret(), undefined);
  for (const id of ["kept", "left"]) {
    await opened.store.run(createWebhook, { organizationId, id, input: { ...input, lease_seconds: 60 }, secret });
  }
  await happen();
  expect(await webhook("left")).toMatchObject({ status: "paused", leased_until: "2026-11-21T00:01:00.000Z" });
  const sender = startSender({ guard: createAddressGuard(noAllowedAddresses) });
  now += 59_999;
  sender.wake();
  await opened.store.run(renewLease, { organizationId, id: "kept" });
  await opened.store.run(renewLease, { organizationId, id: lasting });
  now += 15_000;
  sender.wake();
  await vi.waitFor(() => expect(webhook("left")).rejects.toThrow("no webhook with this id"), { timeout: 10_000 });
  expect((await webhook("kept")).leased_until).toBe("2026-11-21T00:01:59.999Z");
  expect((await webhook(lasting)).leased_until).toBeNull();
  expect(await deliveries("kept")).toHaveLength(1);
  const waiting = await opened.rows("SELECT webhook_id FROM webhook_deliveries ORDER BY webhook_id");
  expect(waiting.map(({ webhook_id }) => webhook_id)).toEqual(["kept", lasting]);
  const told = await opened.rows("SELECT action, resource_id FROM audit_entries WHERE action = 'webhooks.delete'");
  expect(told).toEqual([{ action: "webhooks.delete", resource_id: "left" }]);
});
