import type { ChannelDelivery, ChannelInput } from "@llm-cost-ops/contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Refusal } from "../refusal.ts";
import { openTestedAt, type TestedStoreAt } from "../store/opened-fixture.ts";
import { storeWrite } from "../store/operation.ts";
import { type AllowedAddresses, createAddressGuard, readAllowedAddresses } from "../webhooks/address-guard.ts";
import { answering, type Receiver, startReceiver } from "../webhooks/receiver-fixture.ts";
import { failingMs } from "../webhooks/retry-schedule.ts";
import { keepSecret } from "../webhooks/secrets.ts";
import { createSender, type Sender, type SenderParts } from "../webhooks/sender.ts";
import type { AlertNotice } from "./alert-notice.ts";
import { settingsOf } from "./channel-target.ts";
import { createChannel, getChannel, listChannelDeliveries, updateChannel } from "./channels.sql.ts";
import { type MailBehaviour, type MailReceiver, startMailServer } from "./mail-fixture.ts";
import { type ChannelNotification, notifyChannels } from "./notify-channels.sql.ts";
import { createChannelSender } from "./send-to-channel.ts";

const notify = storeWrite("test.channels.notify", async (connection, told: ChannelNotification) =>
  notifyChannels(connection, told),
);
const notifyInVain = storeWrite("test.channels.notifyInVain", async (connection, told: ChannelNotification) => {
  await notifyChannels(connection, told);
  throw new Refusal("CONFLICT", "It did not happen after all.");
});
const organizationId = "acme";
const loopback = createAddressGuard(readAllowedAddresses("127.0.0.1") as AllowedAddresses);

let now = 0;
let opened: TestedStoreAt;
const senders: Sender[] = [];
const receivers: (Receiver | MailReceiver)[] = [];

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
const receiveMail = async (behaviour: MailBehaviour): Promise<MailReceiver> => {
  const receiver = await startMailServer(behaviour);
  receivers.push(receiver);
  return receiver;
};
const startSender = (own: Partial<SenderParts> = {}): Sender => {
  const clock = () => now;
  const userAgent = "llm-cost-ops/test";
  const sender = createSender({
    store: opened.store,
    guard: loopback,
    sendToChannel: createChannelSender({ clock, userAgent, mailServer: undefined, mailTimeoutMs: 20_000 }),
    secretKey: undefined,
    clock,
    chance: () => 0.5,
    userAgent,
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
async function channel(input: Omit<ChannelInput, "name"> & object, organization = organizationId): Promise<string> {
  made += 1;
  const named = { ...input, name: `channel ${made}` } as ChannelInput;
  const { target, secret } = settingsOf(named, () => "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0");
  const { id } = await opened.store.run(createChannel, {
    organizationId: organization,
    id: `ch_${String(made).padStart(6, "0")}`,
    input: named,
    target,
    secret: keepSecret(secret, undefined),
  });
  return id;
}
const slack = (url: string) => channel({ kind: "slack", url } as Omit<ChannelInput, "name">);
const mailing = (port: number, to: readonly string[]) =>
  channel({ kind: "email", to, smtp: { host: "127.0.0.1", port, tls: "none", from: "a@b.c" } } as never);
const alert = (key: string, phase: AlertNotice["phase"] = "triggered"): AlertNotice => ({
  ...{ alert_id: key, kind: "budget", phase, severity: "warning", title: `${key} ${phase}`, text: "", details: [] },
  ...{ occurred_at: new Date(now).toISOString(), dedup_key: key },
});
const tell = (channelIds: readonly string[], told: AlertNotice): Promise<readonly string[]> =>
  opened.store.run(notify, { organizationId, alert: told, channelIds });
const deliveries = (id: string): Promise<readonly ChannelDelivery[]> =>
  opened.store.run(listChannelDeliveries, { organizationId, id, status: null, beforeId: null, limit: 1_000 });
const eventually = (id: string, expected: readonly Partial<ChannelDelivery>[]): Promise<void> =>
  vi.waitFor(async () => expect(await deliveries(id)).toMatchObject(expected), { timeout: 10_000 });
const headlines = ({ received }: Receiver): string[] =>
  received.map(({ body }) => (JSON.parse(body) as { readonly text: string }).text);

describe("an alert", () => {
  test("goes to each of its channels once, and to nobody where it did not happen", async () => {
    const receiver = await receive(answering(200));
    const [one, two] = [await slack(receiver.url), await slack(receiver.url)];
    const elsewhere = await channel({ kind: "slack", url: receiver.url } as never, "other");
    startSender();
    const vain = { organizationId, alert: alert("vain"), channelIds: [one] };
    await expect(opened.store.run(notifyInVain, vain)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await tell([one, two, one, elsewhere, "ch_gone"], alert("a"))).toEqual([one, two]);
    expect(await tell([elsewhere], alert("b"))).toEqual([]);
    for (const id of [one, two]) await eventually(id, [{ status: "succeeded", event_type: "alert.triggered" }]);
    expect(headlines(receiver)).toEqual(["Alert: a triggered", "Alert: a triggered"]);
  });

  test("reaches a channel step by step, and holds up no other alert", async () => {
    let isUp = false;
    const receiver = await receive((response) => void response.writeHead(isUp ? 200 : 500).end());
    const id = await slack(receiver.url);
    const sender = startSender();
    // At one instant, as one transaction may tell of several steps.
    await tell([id], alert("a"));
    await tell([id], alert("a", "acknowledged"));
    await tell([id], alert("a", "resolved"));
    await tell([id], alert("b"));
    sender.wake();
    await vi.waitFor(async () => {
      const tried = (await deliveries(id)).map(({ attempts, response_status: status }) => [attempts, status]);
      expect(tried.toSorted()).toEqual([
        [0, null],
        [0, null],
        [1, 500],
        [1, 500],
      ]);
    });
    isUp = true;
    now += 5_000;
    const before = receiver.received.length;
    sender.wake();
    await vi.waitFor(async () => expect((await deliveries(id)).every((one) => one.status === "succeeded")).toBe(true), {
      timeout: 10_000,
    });
    const steps = headlines(receiver)
      .slice(before)
      .filter((text) => text.includes(" a ") || text.includes(": a"));
    expect(steps).toEqual(["Alert: a triggered", "Acknowledged: a acknowledged", "Resolved: a resolved"]);
  });

  test("waits for a channel that is paused", async () => {
    const receiver = await receive(answering(200));
    const id = await slack(receiver.url);
    const update = (paused: boolean) =>
      opened.store.run(updateChannel, { organizationId, id, update: { paused }, target: {}, secret: undefined });
    await update(true);
    const sender = startSender();
    expect(await tell([id], alert("a"))).toEqual([id]);
    sender.wake();
    expect(await deliveries(id)).toMatchObject([{ status: "pending", attempts: 0 }]);
    await update(false);
    sender.wake();
    await eventually(id, [{ status: "succeeded" }]);
  });
});

describe("a channel", () => {
  test("is tried for three days each time and never given up, also where it says that it is gone", async () => {
    let status = 410;
    const receiver = await receive((response) => void response.writeHead(status).end());
    const id = await slack(receiver.url);
    const sender = startSender();
    const began = now;
    await tell([id], alert("a"));
    await vi.waitFor(
      async () => {
        const [newest] = await deliveries(id);
        if (newest?.next_attempt_at != null) now = Math.max(now, Date.parse(newest.next_attempt_at));
        else if (now - began < failingMs + 86_400_000) await tell([id], alert(`at ${now}`));
        sender.wake();
        expect(now - began).toBeGreaterThan(failingMs + 86_400_000);
      },
      { timeout: 30_000, interval: 10 },
    );
    const [first] = (await deliveries(id)).toReversed();
    expect(first).toMatchObject({ status: "failed", response_status: 410 });
    const kept = await opened.store.run(getChannel, { organizationId, id });
    expect(kept.status).toBe("active");
    expect(Date.parse(kept.failing_since ?? "") - began).toBeLessThan(3_600_000);
    status = 200;
    await tell([id], alert("at last"));
    now += 8 * 3_600_000;
    sender.wake();
    await vi.waitFor(async () => expect((await deliveries(id))[0]?.status).toBe("succeeded"), { timeout: 10_000 });
  });

  test("that asks for patience gets it, for an hour at most", async () => {
    const asking = ["60", "7200", "soon"].map(async (seconds) => {
      const receiver = await receive((response) => {
        response.writeHead(429, { "retry-after": seconds }).end("rate_limited");
      });
      return slack(receiver.url);
    });
    const ids = [];
    for (const one of asking) ids.push(await one);
    startSender();
    await tell(ids, alert("a"));
    for (const [at, seconds] of [60, 3_600, 5].entries()) {
      const again = new Date(now + seconds * 1_000).toISOString();
      await eventually(ids[at] ?? "", [{ status: "pending", response_status: 429, next_attempt_at: again }]);
    }
  });

  test("that is mended is tried at once, with what it has now", async () => {
    const [wrong, right] = [await receive(answering(500)), await receive(answering(200))];
    const id = await slack(wrong.url);
    const sender = startSender();
    await tell([id], alert("a"));
    await eventually(id, [{ status: "pending", attempts: 1, response_status: 500 }]);
    const { target, secret } = settingsOf({ kind: "slack", name: "x", url: right.url }, () => "");
    const kept = keepSecret(secret, undefined);
    await opened.store.run(updateChannel, { organizationId, id, update: {}, target, secret: kept });
    sender.wake();
    await eventually(id, [{ status: "succeeded", attempts: 2 }]);
  });

  test("that hangs, redirects inside, answers megabytes or is a mail server that says nothing delays no other", async () => {
    const hanging = await receive(() => undefined);
    const metadata = "http://169.254.169.254/latest/meta-data";
    const redirecting = await receive((response) => void response.writeHead(302, { location: metadata }).end());
    const endless = await receive((response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    });
    const silent = await receiveMail({ greet: () => undefined });
    const good = await receive(answering(200));
    const hostile = [
      ...[await slack(hanging.url), await slack(redirecting.url), await slack(endless.url)],
      await mailing(silent.port, ["a@example.com"]),
    ];
    const id = await slack(good.url);
    for (let n = 0; n < 10; n += 1) await tell([...hostile, id], alert(`alert ${n}`));
    startSender({ timeoutMs: 60_000, places: { all: 24, organization: 24, endpoint: 4, failing: 1 } });
    await eventually(id, new Array(10).fill({ status: "succeeded" }));
    const [hangs = "", redirects = "", answersMuch = ""] = hostile;
    expect((await deliveries(hangs)).every(({ status }) => status === "pending")).toBe(true);
    await vi.waitFor(async () => {
      const errors = (await deliveries(redirects)).map(({ error }) => error);
      expect(errors).toContain("redirects are not followed");
      const much = (await deliveries(answersMuch)).find(({ status }) => status === "succeeded");
      expect(Buffer.byteLength(much?.response_body ?? "")).toBe(2_048);
    });
  });

  test("of e-mail is asked again for who was put off alone, also by another sender", async () => {
    let isGrey = true;
    const mail = await receiveMail({ recipient: (to) => (isGrey && /grace/.test(to) ? "450 later" : undefined) });
    const id = await mailing(mail.port, ["ada@example.com", "grace@example.com"]);
    const first = startSender();
    await tell([id], alert("a"));
    await eventually(id, [{ status: "pending", response_status: 450, response_body: "grace@example.com: 450 later" }]);
    await first.stop();
    isGrey = false;
    now += 5_000;
    startSender();
    await eventually(id, [{ status: "succeeded", attempts: 2, response_status: 250 }]);
    expect(mail.received.map(({ to }) => to)).toEqual([["ada@example.com"], ["grace@example.com"]]);
    const ids = mail.received.map(({ text }) => /^Message-ID: (.*)$/m.exec(text)?.[1]);
    expect(ids[0]).toBe(ids[1]);
  });
});
