import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { answering, type Receiver, startReceiver } from "./receiver-fixture.ts";

const folder = temporaryFolder();
let server: PeopleServer;
let receiver: Receiver;
beforeAll(async () => {
  const environment = { ...(await newDatabase(folder.path)), WEBHOOK_ALLOWED_ADDRESSES: "127.0.0.1" };
  server = await startPeopleServer(environment, folder);
  receiver = await startReceiver(answering(200));
}, 60_000);
afterAll(async () => {
  await receiver.close();
  await server.close();
});

const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  server.ask(server.adminKey, method, path, body);
const usage = (id: string, own: object = {}) => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  input_tokens: 1_000,
  output_tokens: 500,
  ...own,
});
const toldOf = (type: string, id: string) =>
  receiver.received.filter(({ event }) => event.type === type && event.data["id"] === id);
const subscribe = async (events: readonly string[]): Promise<string> =>
  (await ask("POST", "/webhooks", { url: receiver.url, events })).data.id;

describe("webhooks about what is recorded", () => {
  test("bring the records as the interface shows them, from when the endpoint was made", async () => {
    await ask("POST", "/usage", usage("before"));
    const id = await subscribe(["usage.created", "cost.created", "cost.updated"]);
    await ask("POST", "/usage", usage("u1"));
    await ask("POST", "/costs", { id: "c1", provider: "acme", model: "m", total_cost: "1.5", currency: "USD" });
    await vi.waitFor(() => expect(toldOf("cost.created", "c1")).toHaveLength(1), { timeout: 10_000 });
    await vi.waitFor(() => expect(toldOf("cost.created", "u1")).toHaveLength(1), { timeout: 10_000 });
    await vi.waitFor(() => expect(toldOf("usage.created", "u1")).toHaveLength(1), { timeout: 10_000 });
    expect(toldOf("usage.created", "u1")[0]?.event.data).toEqual((await ask("GET", "/usage/u1")).data);
    expect(toldOf("cost.created", "u1")[0]?.event.data).toEqual((await ask("GET", "/costs/u1")).data);
    expect(toldOf("usage.created", "c1")).toEqual([]);
    await ask("DELETE", "/costs/u1");
    await vi.waitFor(() => expect(toldOf("cost.updated", "u1")).toHaveLength(1), { timeout: 10_000 });
    expect(toldOf("cost.updated", "u1")[0]?.event.data).toMatchObject({ cost_status: "void", corrected: true });
    expect(receiver.received.filter(({ event }) => event.data["id"] === "before")).toEqual([]);
    expect((await ask("DELETE", `/webhooks/${id}`)).status).toBe(204);
  });

  test("tell of a price that came late", async () => {
    const id = await subscribe(["cost.updated"]);
    await ask("POST", "/usage", usage("late", { provider: "acme", model: "late-priced" }));
    const price = {
      provider: "acme",
      model: "late-priced",
      input_price_per_million: "1",
      output_price_per_million: "2",
    };
    await ask("POST", "/pricing", { ...price, effective_date: "2020-01-01" });
    await vi.waitFor(() => expect(toldOf("cost.updated", "late")).toHaveLength(1), { timeout: 20_000 });
    expect(toldOf("cost.updated", "late")[0]?.event.data).toMatchObject({ total_cost: "0.002", cost_status: "priced" });
    expect((await ask("DELETE", `/webhooks/${id}`)).status).toBe(204);
  });

  test("tell of a burst of records, each once, with two servers on the database", async () => {
    const another = await server.another();
    const id = await subscribe(["cost.created"]);
    const before = receiver.received.length;
    const batches = Array.from({ length: 10 }, (_, batch) =>
      Array.from({ length: 30 }, (_, one) => usage(`burst-${batch}-${one}`)),
    );
    await Promise.all(
      batches.map((records, at) =>
        (at % 2 === 0 ? server : another).ask(server.adminKey, "POST", "/usage/batch", { records }),
      ),
    );
    await vi.waitFor(() => expect(receiver.received.length - before).toBeGreaterThanOrEqual(300), {
      timeout: 50_000,
      interval: 200,
    });
    const told = receiver.received.slice(before).map(({ event }) => String(event.data["id"]));
    expect([...told].sort()).toEqual(
      batches
        .flat()
        .map((record) => record.id)
        .sort(),
    );
    expect((await ask("DELETE", `/webhooks/${id}`)).status).toBe(204);
  });
});
