import type { Channel, ChannelDelivery } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { answering, isSignedBy, type Receiver, startReceiver } from "../webhooks/receiver-fixture.ts";
import { type MailReceiver, startMailServer } from "./mail-fixture.ts";

const folder = temporaryFolder();
let server: PeopleServer;
let receiver: Receiver;
let mail: MailReceiver;
beforeAll(async () => {
  mail = await startMailServer();
  receiver = await startReceiver(answering(200));
  const environment = {
    ...(await newDatabase(folder.path)),
    WEBHOOK_ALLOWED_ADDRESSES: "127.0.0.1",
    COST_OPS_SECRET_KEY: "0f".repeat(32),
    SMTP_HOST: "localhost",
    SMTP_PORT: String(mail.port),
    SMTP_TLS: "none",
    SMTP_FROM: "costs@example.com",
  };
  server = await startPeopleServer(environment, folder);
}, 60_000);
afterAll(async () => {
  await Promise.all([receiver.close(), mail.close()]);
  await server.close();
});

const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  server.ask(server.adminKey, method, path, body);
let made = 0;
const make = async (own: object): Promise<Channel & { readonly secret?: string }> => {
  made += 1;
  const answer = await ask("POST", "/channels", { name: `channel ${made}`, ...own });
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.data as unknown as Channel;
};
const smtp = () => ({ host: "127.0.0.1", port: mail.port, tls: "none", from: "ops@example.com" });
/** What came of the newest delivery of a test, once it is over. */
async function tested(id: string): Promise<ChannelDelivery> {
  expect((await ask("POST", `/channels/${id}/test`)).status).toBe(201);
  return vi.waitFor(
    async () => {
      const { data } = await ask("GET", `/channels/${id}/deliveries?status=succeeded`);
      const [newest] = data as unknown as readonly ChannelDelivery[];
      if (newest === undefined) throw new Error("nothing was delivered");
      return newest;
    },
    { timeout: 10_000 },
  );
}

describe("a channel", () => {
  const slackUrl = "https://hooks.slack.com/services/T0/B0/secret-of-slack";
  test.each([
    [{ kind: "slack", url: slackUrl }, "secret-of-slack", { address: "hooks.slack.com" }],
    [
      { kind: "teams", url: "https://x.example.com/flow?sig=secret-of-teams" },
      "secret-of-teams",
      { address: "x.example.com" },
    ],
    [
      { kind: "pagerduty", routing_key: "secret-of-pagerduty" },
      "secret-of-pagerduty",
      { address: "https://events.pagerduty.com/v2/enqueue" },
    ],
    [
      { kind: "webhook", url: "https://hooks.example.com/a", secret: "secret-of-the-webhook" },
      "secret-of-the-webhook",
      { address: "https://hooks.example.com/a" },
    ],
    [
      {
        kind: "email",
        to: ["ada@example.com"],
        smtp: { host: "smtp.example.com", user: "ops", password: "secret-of-mail", from: "ops@example.com" },
      },
      "secret-of-mail",
      {
        to: ["ada@example.com"],
        smtp: { host: "smtp.example.com", port: 587, tls: "starttls", user: "ops", from: "ops@example.com" },
      },
    ],
  ])("is shown without what lets one in, which lies in no file: %j", async (own, secret, shown) => {
    const { id, kind } = await make(own);
    const got = await ask("GET", `/channels/${id}`);
    expect(got.data).toMatchObject({ id, kind, status: "active", failing_since: null, ...shown });
    for (const path of [`/channels/${id}`, "/channels", "/audit"]) {
      expect((await ask("GET", path)).text).not.toContain(secret);
    }
    expect(server.databaseBytes().includes(secret)).toBe(false);
  });

  test("of kind webhook shows the secret that signs its messages once", async () => {
    const { secret = "" } = await make({ kind: "webhook", url: receiver.url });
    expect(secret).toMatch(/^whsec_/);
  });

  test("is listed by name, changed, paused and deleted; its name is its own", async () => {
    const { id } = await make({ kind: "slack", name: "Alpha", url: slackUrl, description: "d" });
    await make({ kind: "slack", name: "Beta", url: slackUrl });
    const names = ((await ask("GET", "/channels")).data as unknown as readonly Channel[]).map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    const taken = await ask("PATCH", `/channels/${id}`, { name: "Beta" });
    expect([taken.status, taken.error.code]).toEqual([409, "CONFLICT"]);
    expect((await ask("POST", "/channels", { kind: "slack", name: "Beta", url: slackUrl })).status).toBe(409);
    const change = { name: "Gamma", description: "", url: "https://chat.example.com/hooks/1", paused: true };
    const changed = await ask("PATCH", `/channels/${id}`, change);
    expect(changed.data).toMatchObject({
      name: "Gamma",
      description: "",
      address: "chat.example.com",
      status: "paused",
    });
    expect((await ask("POST", `/channels/${id}/test`)).error.code).toBe("CONFLICT");
    expect((await ask("PATCH", `/channels/${id}`, { paused: false })).data).toMatchObject({ status: "active" });
    expect((await ask("DELETE", `/channels/${id}`)).status).toBe(204);
    for (const path of [`/channels/${id}`, `/channels/${id}/deliveries`]) {
      expect((await ask("GET", path)).status).toBe(404);
    }
  });

  test("is no webhook, and a webhook is no channel", async () => {
    const { id } = await make({ kind: "webhook", url: receiver.url });
    const hook = await ask("POST", "/webhooks", { url: receiver.url, events: ["pricing.updated"] });
    expect((await ask("GET", `/webhooks/${id}`)).status).toBe(404);
    expect((await ask("DELETE", `/webhooks/${id}`)).status).toBe(404);
    expect((await ask("GET", `/channels/${hook.data.id}`)).status).toBe(404);
    expect((await ask("GET", "/webhooks")).text).not.toContain(id);
    expect((await ask("GET", "/channels")).text).not.toContain(hook.data.id);
  });

  const inside = "must not lead into a private, local or reserved network";
  test.each([
    [{ kind: "slack", url: "https://169.254.169.254/latest" }, "url", inside],
    [{ kind: "teams", url: "http://example.com/" }, "url", "must be an https address"],
    [{ kind: "webhook", url: "https://[::ffff:10.0.0.1]/" }, "url", inside],
    [{ kind: "webhook", url: "https://example.com/", secret: "short" }, "secret", "at least 16 characters"],
    [{ kind: "pagerduty", routing_key: "k", url: "https://localhost/" }, "url", inside],
    [{ kind: "pagerduty" }, "routing_key", ""],
    [{ kind: "email", to: [] }, "to", "must name a recipient"],
    [{ kind: "email", to: ["ada@example.com\r\nBcc: x@example.com"] }, "to.0", "must be an e-mail address"],
    [{ kind: "email", to: ["a@b.c"], smtp: { host: "10.0.0.1", from: "a@b.c" } }, "smtp.host", inside],
    [
      { kind: "email", to: ["a@b.c"], smtp: { host: "m.example", from: "a@b.c", user: "u" } },
      "smtp.password",
      "together with `user`",
    ],
    [
      {
        kind: "email",
        to: ["a@b.c"],
        smtp: { host: "m.example", from: "a@b.c", user: "u", password: "p", tls: "none" },
      },
      "smtp.password",
      "must not be sent without TLS",
    ],
    [{ kind: "slack", url: slackUrl, routing_key: "k" }, "routing_key", ""],
  ])("is refused with %j", async (own, field, problem) => {
    const answer = await ask("POST", "/channels", { name: "refused", ...own });
    expect(answer.status).toBe(422);
    expect(Object.entries(answer.error.field_errors ?? {})).toEqual([[field, expect.stringContaining(problem)]]);
  });

  test("keeps no key for an address that is put in the place of its own", async () => {
    const { id } = await make({ kind: "pagerduty", routing_key: "secret-of-pagerduty" });
    const moved = await ask("PATCH", `/channels/${id}`, { url: "https://elsewhere.example.com/" });
    expect(moved.error.field_errors).toEqual({ routing_key: "must be given with the address that it is sent to" });
    const own = { kind: "email", to: ["a@b.c"], smtp: { host: "m.example", user: "u", password: "p", from: "a@b.c" } };
    const mailing = await make(own);
    const other = await ask("PATCH", `/channels/${mailing.id}`, {
      smtp: { host: "n.example", user: "u", from: "a@b.c" },
    });
    expect(other.error.field_errors).toEqual({ "smtp.password": "must be given together with `user`" });
    const strange = await ask("PATCH", `/channels/${id}`, { to: ["a@b.c"] });
    expect(strange.error.field_errors).toEqual({ to: "is not of a channel of kind pagerduty" });
  });
});

describe("a test of a channel", () => {
  test("reaches Slack, Teams and a webhook, each in its own words", async () => {
    const ids = [];
    for (const kind of ["slack", "teams", "webhook"]) ids.push(await make({ kind, url: receiver.url }));
    const before = receiver.received.length;
    for (const { id, kind } of ids) {
      expect(await tested(id), kind).toMatchObject({
        channel_id: id,
        event_type: "channel.test",
        response_status: 200,
      });
    }
    const [slack, teams, webhook] = receiver.received.slice(before);
    expect(JSON.parse(slack?.body ?? "")).toMatchObject({
      text: expect.stringMatching(/^Test: /),
      blocks: expect.any(Array),
    });
    expect(JSON.parse(teams?.body ?? "")).toMatchObject({
      type: "message",
      attachments: [{ content: { version: "1.4" } }],
    });
    expect(webhook?.event).toMatchObject({ type: "channel.test", data: { kind: "test", severity: "info" } });
    if (webhook === undefined) throw new Error("nothing came");
    expect(isSignedBy(ids[2]?.secret ?? "", webhook)).toBe(true);
  });

  test("opens an incident of PagerDuty and resolves it again, in this order", async () => {
    const { id } = await make({ kind: "pagerduty", routing_key: "key-1", url: receiver.url });
    const before = receiver.received.length;
    await tested(id);
    await vi.waitFor(() => expect(receiver.received.length).toBe(before + 2), { timeout: 10_000 });
    const [opened, resolved] = receiver.received.slice(before).map(({ body }) => JSON.parse(body));
    expect(opened).toMatchObject({ routing_key: "key-1", event_action: "trigger", payload: { severity: "info" } });
    expect(resolved).toEqual({ routing_key: "key-1", event_action: "resolve", dedup_key: opened.dedup_key });
  });

  test("goes by the server's own mail server, which may be anywhere, or by the channel's", async () => {
    const ours = await make({ kind: "email", to: ["ada@example.com"] });
    expect(await tested(ours.id)).toMatchObject({ status: "succeeded", response_status: 250 });
    const theirs = await make({ kind: "email", to: ["grace@example.com"], smtp: smtp() });
    await tested(theirs.id);
    const sent = mail.received.map(({ from, to }) => [from, to]);
    expect(sent).toEqual([
      ["costs@example.com", ["ada@example.com"]],
      ["ops@example.com", ["grace@example.com"]],
    ]);
    expect(mail.received[0]?.text).toContain(`Subject: Test: Test of the channel ${ours.name}`);
  });
});
