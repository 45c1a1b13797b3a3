/** A server that is killed between writing what is to be sent and sending it, as a process of its own. */
import pg from "pg";
import { afterAll, expect, test, vi } from "vitest";
import { newServerPlace } from "../server-process-fixture.ts";
import { openWriter } from "../sqlite/connection.ts";
import { testedStore } from "../store/database-fixture.ts";
import { type Receiver, startReceiver } from "../webhooks/receiver-fixture.ts";

const place = await newServerPlace();
const { database, adminKey } = place;
const receivers: Receiver[] = [];
afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await place.close();
});

interface Made {
  readonly id: string;
  /** Of a delivery. */
  readonly event_id: string;
}

async function post(url: string, path: string, body?: object): Promise<Made> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { data } = (await response.json()) as { readonly data: Made };
  expect(response.status).toBe(201);
  return data;
}

/** As if the leases of the server that was killed had ended: a minute that no test waits for. */
async function endLeases(): Promise<void> {
  const sql = "UPDATE webhook_deliveries SET due_at = 0 WHERE status = 'pending' AND attempts > 0";
  if (testedStore() === "sqlite") {
    const db = openWriter(database.DATABASE_URL.replace(/^sqlite:/, ""));
    db.exec(sql);
    db.close();
    return;
  }
  const client = new pg.Client({ connectionString: database.DATABASE_URL });
  await client.connect();
  await client.query(sql);
  await client.end();
}

test("sends after its restart what it had only written, and what it was sending once its lease is over", async () => {
  let isUp = false;
  // Until the kill neither receiver answers, so that their four places are taken and the rest is not sent at all.
  const receive = async (): Promise<Receiver> => {
    const receiver = await startReceiver((response) => {
      if (isUp) response.writeHead(200).end();
    });
    receivers.push(receiver);
    return receiver;
  };
  const [hook, chat] = [await receive(), await receive()];
  const first = await place.start();
  const webhook = await post(first.url, "/webhooks", { url: hook.url, events: ["webhook.test"] });
  const channel = await post(first.url, "/channels", { kind: "webhook", name: "chat", url: chat.url });
  const told = { hook: [] as string[], chat: [] as string[] };
  for (let n = 0; n < 6; n += 1) {
    told.hook.push((await post(first.url, `/webhooks/${webhook.id}/test`)).event_id);
    told.chat.push((await post(first.url, `/channels/${channel.id}/test`)).event_id);
  }
  told.hook.sort();
  told.chat.sort();
  await vi.waitFor(() => expect([hook.received.length, chat.received.length]).toEqual([4, 4]), { timeout: 10_000 });
  await first.kill();
  isUp = true;
  const second = await place.start();
  const begun = ({ received }: Receiver) => received.slice(0, 4).map(({ event }) => event.id);
  const sentSince = ({ received }: Receiver) => [...new Set(received.slice(4).map(({ event }) => event.id))].toSorted();
  await vi.waitFor(
    () => {
      expect(sentSince(hook)).toEqual(told.hook.filter((id) => !begun(hook).includes(id)));
      expect(sentSince(chat)).toEqual(told.chat.filter((id) => !begun(chat).includes(id)));
    },
    { timeout: 20_000 },
  );
  await second.kill();
  await endLeases();
  await place.start();
  await vi.waitFor(() => expect({ hook: sentSince(hook), chat: sentSince(chat) }).toEqual(told), { timeout: 20_000 });
}, 60_000);
