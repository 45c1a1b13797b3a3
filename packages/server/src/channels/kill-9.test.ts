/** A server that is killed between writing what is to be sent and sending it, as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, expect, test, vi } from "vitest";
import { openWriter } from "../sqlite/connection.ts";
import { dropDatabase, newDatabase, testedStore } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Receiver, startReceiver } from "../webhooks/receiver-fixture.ts";

const folder = temporaryFolder();
const database = await newDatabase(folder.path);
const adminKey = `sk_test_${"k".repeat(43)}`;
const children: ChildProcess[] = [];
const receivers: Receiver[] = [];
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await dropDatabase(database);
  folder.remove();
});

async function startServer(): Promise<{ readonly url: string; kill(): Promise<void> }> {
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=source", main], {
    cwd: folder.path,
    env: {
      ...{
        PATH: process.env["PATH"] ?? "",
        HOME: folder.path,
        SERVER_PORT: "0",
        WEBHOOK_ALLOWED_ADDRESSES: "127.0.0.1",
      },
      ...{ LOG_LEVEL: "error", COST_OPS_ADMIN_KEY: adminKey, ...database },
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const exited = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  const url = await new Promise<string>((resolve, reject) => {
    let out = "";
    void exited.then(() => reject(new Error(`the server ended: ${out}`)));
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const listening = /listens on (\S+)/.exec(out)?.[1];
      if (listening !== undefined) resolve(listening);
    });
  });
  return {
    url,
    kill: async () => {
      child.kill("SIGKILL");
      expect(await exited).toBe("SIGKILL");
    },
  };
}

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
  const first = await startServer();
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
  const second = await startServer();
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
  await startServer();
  await vi.waitFor(() => expect({ hook: sentSince(hook), chat: sentSince(chat) }).toEqual(told), { timeout: 20_000 });
}, 60_000);
