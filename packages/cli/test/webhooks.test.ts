/** Webhooks from the terminal: endpoints, samples, and a receiver that the server cannot reach. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { answering, isSignedBy, type Receiver, startReceiver } from "../../server/src/webhooks/receiver-fixture.ts";
import { type Started, workplaceOn } from "./cost-ops.ts";

const place = await workplaceOn(newDatabaseWithSchema);
let server: Started;
let receiver: Receiver;
let env: Record<string, string>;

beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  // Nothing is allowed to be sent to this machine.
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  env = { COST_OPS_API_URL: url, COST_OPS_API_KEY: key };
  receiver = await startReceiver(answering(204));
});
afterAll(async () => {
  await receiver.close();
  await server.stop("SIGTERM");
  place.remove();
});

const arrived = (count: number) =>
  vi.waitFor(() => expect(receiver.received).toHaveLength(count), { timeout: 20_000, interval: 50 });
const ok = (...args: string[]) => place.ok(["webhooks", ...args], { env });
const documentOf = async (...args: string[]) => JSON.parse(await ok(...args, "-o", "json"));

test("listen forwards what happens and what is triggered, signed both ways, and leaves nothing behind", async () => {
  const listening = place.talk(["webhooks", "listen", "--forward-to", receiver.url], { env });
  const [, secret = ""] = await listening.heard(/signed with (whsec_\S+)/);
  const call = ["--provider", "openai", "--model", "gpt-4o", "--input-tokens", "1000"];
  await place.ok(["ingest", "--id", "call-1", ...call], { env });
  await arrived(2);
  expect((await documentOf("trigger", "alert.triggered")).data).toMatchObject([{ event_type: "alert.triggered" }]);
  await arrived(3);
  expect(receiver.received.map(({ event }) => [event.type, event.data["id"]])).toEqual([
    ["usage.created", "call-1"],
    ["cost.created", "call-1"],
    ["alert.triggered", "sample-alert"],
  ]);
  expect(JSON.parse(receiver.received[2]?.body ?? "")).toMatchObject({ test: true });
  expect(receiver.received.every((message) => isSignedBy(secret, message))).toBe(true);
  const { code, stdout } = await listening.stop("SIGINT");
  expect(code).toBe(0);
  expect(stdout).toMatch(/usage\.created +evt_\w+ {2}204\n/);
  expect((await documentOf("list")).data).toEqual([]);
});

test("endpoints are made, listed, tried and deleted", async () => {
  const made = await documentOf("create", "--url", "https://hooks.example.invalid/x", "--events", "usage.created");
  expect(made.secret).toMatch(/^whsec_/);
  expect(await ok("list")).toContain("https://hooks.example.invalid/x");
  expect((await documentOf("trigger", "cost.updated", "--webhook", made.id)).data).toMatchObject([
    { webhook_id: made.id, event_type: "cost.updated" },
  ]);
  const { data } = await documentOf("deliveries", made.id);
  expect(JSON.parse(data[0].request_body)).toMatchObject({
    type: "cost.updated",
    test: true,
    data: { corrected: true },
  });
  expect(await documentOf("replay", made.id, data[0].id)).toMatchObject({ event_id: data[0].event_id });
  await ok("delete", made.id, "--yes");
  const { code, stderr } = await place.run(["webhooks", "trigger", "usage.created"], { env });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "No active webhook wants usage.created.\n" });
});
