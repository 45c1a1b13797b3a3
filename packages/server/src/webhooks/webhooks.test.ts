import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { answering, isSignedBy, type Receiver, startReceiver } from "./receiver-fixture.ts";

const secretKey = "0f".repeat(32);
const folder = temporaryFolder();
let server: PeopleServer;
let receiver: Receiver;
beforeAll(async () => {
  const database = await newDatabase(folder.path);
  const environment = { ...database, WEBHOOK_ALLOWED_ADDRESSES: "127.0.0.1", COST_OPS_SECRET_KEY: secretKey };
  server = await startPeopleServer(environment, folder);
  receiver = await startReceiver(answering(200));
}, 60_000);
afterAll(async () => {
  await receiver.close();
  await server.close();
});

const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  server.ask(server.adminKey, method, path, body);
const make = async (own: object = {}): Promise<{ readonly id: string; readonly secret: string }> =>
  (await ask("POST", "/webhooks", { url: receiver.url, events: ["pricing.updated"], ...own })).data as unknown as {
    id: string;
    secret: string;
  };
const ofEndpoint = (webhookId: string, type: string) =>
  receiver.received.filter(({ event }) => event.type === type && event.data["webhook_id"] === webhookId);

describe("a webhook endpoint", () => {
  test("is made with a secret that is shown once and lies in no file", async () => {
    const made = await make({ description: "Prices" });
    expect(made).toMatchObject({ url: receiver.url, status: "active", description: "Prices", failing_since: null });
    expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const others = [
      (await ask("GET", `/webhooks/${made.id}`)).text,
      (await ask("GET", "/webhooks")).text,
      (await ask("GET", "/audit")).text,
    ];
    expect(others.filter((text) => text.includes(made.secret.slice("whsec_".length)))).toEqual([]);
    expect(server.databaseBytes().includes(made.secret)).toBe(false);
  });

  test("may bring its own secret, also one that is just text", async () => {
    expect(await make({ secret: "your-webhook-secret" })).toMatchObject({ secret: "your-webhook-secret" });
  });

  test("is changed, paused and deleted", async () => {
    const { id } = await make();
    const update = { url: "https://hooks.example.com/x", events: ["export.completed"], description: "d", paused: true };
    const changed = await ask("PATCH", `/webhooks/${id}`, update);
    const { paused: _, ...shown } = update;
    expect(changed.data).toMatchObject({ ...shown, status: "paused" });
    expect((await ask("POST", `/webhooks/${id}/test`)).error.code).toBe("CONFLICT");
    expect((await ask("PATCH", `/webhooks/${id}`, { paused: false })).data).toMatchObject({ status: "active" });
    expect((await ask("DELETE", `/webhooks/${id}`)).status).toBe(204);
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/test"],
      ["GET", "/deliveries"],
    ] as const) {
      expect((await ask(method, `/webhooks/${id}${path}`)).status).toBe(404);
    }
  });

  test.each([
    [{ url: "https://169.254.169.254/latest" }, "url", "must not lead into a private, local or reserved network"],
    [{ url: "http://example.com/" }, "url", "must be an https address"],
    [{ url: "https://a:b@example.com/" }, "url", "must not contain a user name or password"],
    [{ url: "nowhere" }, "url", "must be an https address"],
    [{ events: [] }, "events", "must name an event"],
    [{ events: ["cost.invented"] }, "events.0", "must be one of: webhook.test, "],
    [{ secret: "short" }, "secret", "must be at least 16 characters"],
    [{ secret: "whsec_AAAAAAAAAAAAAAAA" }, "secret", "must have 24 to 64 bytes after whsec_"],
  ])("is refused with %j", async (own, field, problem) => {
    const answer = await ask("POST", "/webhooks", { url: receiver.url, events: ["pricing.updated"], ...own });
    expect(answer.status).toBe(422);
    expect(Object.entries(answer.error.field_errors ?? {})).toEqual([[field, expect.stringContaining(problem)]]);
  });

  test("keeps its address where a change of it is refused", async () => {
    const { id } = await make();
    const answer = await ask("PATCH", `/webhooks/${id}`, { url: "https://[::ffff:10.0.0.1]/" });
    expect(answer.error.field_errors).toEqual({ url: "must not lead into a private, local or reserved network" });
    expect((await ask("GET", `/webhooks/${id}`)).data).toMatchObject({ url: receiver.url });
  });
});

test("an endpoint whose deliveries are asked for keeps its lease", async () => {
  const { id } = await make({ paused: true, lease_seconds: 60 });
  const until = async (): Promise<number> =>
    Date.parse(String((await ask("GET", `/webhooks/${id}`)).data["leased_until"]));
  const before = await until();
  expect((await ask("GET", `/webhooks/${id}/deliveries`)).status).toBe(200);
  expect(await until()).toBeGreaterThan(before);
  expect(
    (await ask("POST", "/webhooks", { url: receiver.url, events: ["usage.created"], lease_seconds: 29 })).error,
  ).toMatchObject({ code: "VALIDATION_ERROR", field_errors: { lease_seconds: expect.any(String) } });
});

describe("a server", () => {
  test("sends a test to the endpoint, signed with old and new secret while one is replaced, and shows the delivery", async () => {
    const { id, secret } = await make();
    const rotated = (await ask("POST", `/webhooks/${id}/secret`, { overlap_seconds: 60 })).data as unknown as {
      secret: string;
      previous_secret_until: string;
    };
    expect(rotated.secret).not.toBe(secret);
    expect(Date.parse(rotated.previous_secret_until)).toBeGreaterThan(Date.now());
    const sent = await ask("POST", `/webhooks/${id}/test`);
    expect([sent.status, sent.data]).toMatchObject([201, { webhook_id: id, event_type: "webhook.test" }]);
    await vi.waitFor(() => expect(ofEndpoint(id, "webhook.test")).toHaveLength(1), { timeout: 10_000 });
    const [message] = ofEndpoint(id, "webhook.test");
    if (message === undefined) throw new Error("nothing came");
    expect([isSignedBy(secret, message), isSignedBy(rotated.secret, message)]).toEqual([true, true]);
    await vi.waitFor(async () => {
      const { data } = await ask("GET", `/webhooks/${id}/deliveries?status=succeeded`);
      expect(data).toMatchObject([{ id: sent.data.id, attempts: 1, response_status: 200, response_body: "" }]);
    });
    const again = await ask("POST", `/webhooks/${id}/deliveries/${sent.data.id}/replay`);
    expect(again.data).toMatchObject({ event_id: message.event.id, event_type: "webhook.test" });
    await vi.waitFor(() => expect(ofEndpoint(id, "webhook.test")).toHaveLength(2), { timeout: 10_000 });
    const first = JSON.parse((await ask("GET", `/webhooks/${id}/deliveries?limit=1`)).text);
    expect([first.data.length, first.pagination.has_more]).toEqual([1, true]);
    const rest = await ask("GET", `/webhooks/${id}/deliveries?limit=1&cursor=${first.pagination.next_cursor}`);
    expect([first.data[0].id, rest.data]).toMatchObject([again.data.id, [{ id: sent.data.id }]]);
  });

  test("tells of prices and exports to who wants to know, with what the interface answers", async () => {
    const { secret } = await make({ events: ["pricing.updated", "export.completed"] });
    const price = { provider: "openai", model: "own-1", input_price_per_million: "1", output_price_per_million: "2" };
    const made = await ask("POST", "/pricing", price);
    const ended = await ask("POST", `/pricing/${made.data.id}/end`, {});
    const exported = await ask("POST", "/exports", { format: "csv", range: "last-30-days" });
    expect([made.status, ended.status, exported.status]).toEqual([201, 200, 201]);
    const ours = () => receiver.received.filter((message) => isSignedBy(secret, message));
    await vi.waitFor(() => expect(ours()).toHaveLength(3), { timeout: 10_000 });
    expect(ours().map(({ event }) => [event.type, event.data])).toEqual(
      expect.arrayContaining([
        ["pricing.updated", made.data],
        ["pricing.updated", ended.data],
        ["export.completed", exported.data],
      ]),
    );
  });

  test("writes no event of what was refused", async () => {
    const { id } = await make();
    expect((await ask("POST", "/pricing/nobody/end", {})).status).toBe(404);
    expect((await ask("GET", `/webhooks/${id}/deliveries`)).data).toEqual([]);
  });
});
