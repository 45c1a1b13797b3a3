/** A server that is killed without warning while it records, streams and tells webhooks, as a process of its own. */
import { afterAll, expect, test, vi } from "vitest";
import { newServerPlace } from "../server-process-fixture.ts";
import { answering, type Receiver, startReceiver } from "../webhooks/receiver-fixture.ts";
import { openStream } from "./live-stream-fixture.ts";

const place = await newServerPlace();
const { adminKey } = place;
let receiver: Receiver | undefined;
afterAll(async () => {
  await receiver?.close();
  await place.close();
});

async function ask(url: string, method: string, path: string, body?: object) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as {
    readonly data: { readonly id: string } & readonly { readonly request_body: string }[];
    readonly pagination: { readonly next_cursor: string | null };
  };
}

const batches = Array.from({ length: 40 }, (_, batch) =>
  Array.from({ length: 10 }, (_, one) => `call-${batch}-${one}`),
);
const ids = batches.flat().sort();
const send = (url: string, batch: readonly string[]) =>
  ask(url, "POST", "/usage/batch", {
    records: batch.map((id) => ({
      id,
      provider: "openai",
      model: "gpt-4o",
      input_tokens: 10,
      occurred_at: "2026-11-01T00:00:00Z",
    })),
  });

/** The records that were put on their way to an endpoint. */
async function toldTo(url: string, webhookId: string): Promise<readonly string[]> {
  const told: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const page = await ask(url, "GET", `/webhooks/${webhookId}/deliveries?limit=100${query}`);
    told.push(...page.data.map(({ request_body }) => JSON.parse(request_body).data.id as string));
    cursor = page.pagination.next_cursor;
  }
  return told.sort();
}

test("leaves neither a gap nor a double to who follows, and none to webhooks", async () => {
  receiver = await startReceiver(answering(200));
  const first = await place.start();
  const webhook = (await ask(first.url, "POST", "/webhooks", { url: receiver.url, events: ["cost.created"] })).data.id;
  const before = await openStream(first.url, adminKey, "?events=costs");
  const sent = batches.map((batch) => send(first.url, batch).catch(() => undefined));
  await before.until(50);
  await first.kill();
  await Promise.all(sent);
  await before.ended;
  const second = await place.start();
  const after = await openStream(second.url, adminKey, "?events=costs", { "last-event-id": before.position() });
  // Whoever got no answer sends it again.
  for (const batch of batches) await send(second.url, batch);
  await after.until(ids.length - before.told.length);
  const told = [...before.told, ...after.told].map(({ data }) => String(data["id"]));
  expect([...told].sort()).toEqual(ids);
  const whole = await openStream(second.url, adminKey, `?events=costs&last_event_id=${before.told[0]?.id}`);
  await whole.until(ids.length - 1);
  expect(whole.told.map(({ data }) => data["id"])).toEqual(told.slice(1));
  await vi.waitFor(async () => expect(await toldTo(second.url, webhook)).toEqual(ids), { timeout: 20_000 });
  await after.close();
  await whole.close();
});
