import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { type OpenStream, openStream, type Told } from "./live-stream-fixture.ts";

const folder = temporaryFolder();
let environment: Readonly<Record<string, string>>;
let server: PeopleServer;
let another: PeopleServer;
beforeAll(async () => {
  environment = await newDatabase(folder.path);
  server = await startPeopleServer(environment, folder);
  another = await server.another();
}, 60_000);
afterAll(() => server.close());

const ask = (method: string, path: string, body?: unknown) => server.ask(server.adminKey, method, path, body);
const usage = (id: string, own: object = {}) => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  input_tokens: 1_000,
  output_tokens: 500,
  ...own,
});
const listen = (query = "", headers: Record<string, string> = {}, key = server.adminKey, at = server) =>
  openStream(at.url, key, query, headers);
const briefly = ({ event, data }: Told): string => `${event} ${data["id"]}`;
const makeKey = async (own: object): Promise<{ readonly id: string; readonly key: string }> => {
  const made = await ask("POST", "/api-keys", { name: "stream", ...own });
  return made.data as unknown as { readonly id: string; readonly key: string };
};

describe("the live stream", () => {
  test("shows what is committed, as the interface shows it, by whichever server it was taken", async () => {
    await ask("POST", "/usage", usage("before"));
    const stream = await listen();
    await ask("POST", "/usage", usage("u1"));
    await stream.until(2);
    await another.ask(server.adminKey, "POST", "/costs", {
      id: "c1",
      provider: "acme",
      model: "m",
      total_cost: "1.5",
      currency: "USD",
    });
    await stream.until(3);
    await ask("DELETE", "/costs/u1");
    await stream.until(4);
    expect(stream.told.map(briefly)).toEqual([
      "usage.created u1",
      "cost.created u1",
      "cost.created c1",
      "cost.updated u1",
    ]);
    expect(stream.told[2]?.data).toEqual((await ask("GET", "/costs/c1")).data);
    expect(stream.told[3]?.data).toEqual((await ask("GET", "/costs/u1")).data);
    await stream.close();
  });

  test("shows what was asked for alone", async () => {
    const costs = await listen("?events=costs&model=gpt-4o-mini,gpt-4o&project_id=web&tags=team:a");
    const wanted = { project_id: "web", tags: { team: "a" } };
    await ask("POST", "/usage/batch", {
      records: [
        usage("f1", { ...wanted, project_id: "app" }),
        usage("f2", { ...wanted, model: "gpt-4.1" }),
        usage("f3", { ...wanted, tags: { team: "b" } }),
        usage("f4", wanted),
      ],
    });
    await costs.until(1);
    expect(costs.told.map(briefly)).toEqual(["cost.created f4"]);
    await costs.close();
    const recorder = await makeKey({});
    const ofKey = await listen(`?events=costs&api_key_id=${recorder.id}`);
    await ask("POST", "/usage", usage("k1"));
    await server.ask(recorder.key, "POST", "/usage", usage("k2"));
    await ofKey.until(1);
    expect(ofKey.told.map(briefly)).toEqual(["cost.created k2"]);
    await ofKey.close();
  });

  test("shows a credential nothing beyond its part of the records, nor what it may not read", async () => {
    const limited = await makeKey({ project_id: "web", scopes: ["costs:read", "usage:read"] });
    const costsAlone = await makeKey({ scopes: ["costs:read"] });
    const [ofProject, withoutUsage] = [await listen("", {}, limited.key), await listen("", {}, costsAlone.key)];
    expect((await listen("?events=usage", {}, costsAlone.key)).status).toBe(403);
    await ask("POST", "/usage/batch", {
      records: [usage("s1", { project_id: "app" }), usage("s2", { project_id: "web" })],
    });
    await ofProject.until(2);
    await withoutUsage.until(2);
    expect(ofProject.told.map(briefly)).toEqual(["usage.created s2", "cost.created s2"]);
    expect(withoutUsage.told.map(briefly)).toEqual(["cost.created s1", "cost.created s2"]);
    await ofProject.close();
    await withoutUsage.close();
  });

  test("brings a burst of two thousand records whole and in one order, also to who comes back at another server", async () => {
    const whole = await listen("?events=costs");
    let parted: OpenStream = await listen("?events=costs");
    const ids = Array.from({ length: 2_000 }, (_, at) => `burst-${at}`);
    const batches = Array.from({ length: 20 }, (_, at) => ids.slice(at * 100, at * 100 + 100));
    const sent = Promise.all(
      batches.map((batch, at) =>
        (at % 2 === 0 ? server : another).ask(server.adminKey, "POST", "/usage/batch", {
          records: batch.map((id) => usage(id)),
        }),
      ),
    );
    const pieced: Told[] = [];
    for (let turn = 0; pieced.length < ids.length; turn += 1) {
      await parted.until(333);
      // The last one that was read is not always the last one that came.
      const read = parted.told.slice(0, Math.min(parted.told.length, 333));
      pieced.push(...read);
      await parted.close();
      if (pieced.length === ids.length) break;
      const headers = { "last-event-id": read.at(-1)?.id ?? "" };
      parted = await listen("?events=costs", headers, server.adminKey, turn % 2 === 0 ? another : server);
      if (ids.length - pieced.length < 333) {
        await parted.until(ids.length - pieced.length);
        pieced.push(...parted.told);
        await parted.close();
      }
    }
    await sent;
    await whole.until(ids.length);
    expect(whole.told.map(briefly).sort()).toEqual(ids.map((id) => `cost.created ${id}`).sort());
    expect(pieced.map(briefly)).toEqual(whole.told.map(briefly));
    await whole.close();
  });

  test("shows alerts to who may read them, as they were at each step", async () => {
    const { key } = await makeKey({ scopes: ["costs:read"] });
    const [stream, filtered, without] = [
      await listen("?events=alerts"),
      await listen("?model=m"),
      await listen("", {}, key),
    ];
    const rule = { name: "live", kind: "metric", metric: "daily_cost", threshold: "1", quiet_period_minutes: 0 };
    expect((await ask("POST", "/alerts/rules", rule)).status).toBe(201);
    await ask("POST", "/costs", { id: "dear", provider: "acme", model: "m", total_cost: "1000", currency: "USD" });
    await stream.until(1);
    const id = String(stream.told[0]?.data["id"]);
    await ask("POST", `/alerts/${id}/acknowledge`, {});
    await stream.until(2);
    expect(stream.told.map(({ event, data }) => [event, data["id"], data["state"]])).toEqual([
      ["alert.triggered", id, "open"],
      ["alert.acknowledged", id, "acknowledged"],
    ]);
    const rest = await listen(`?events=alerts&last_event_id=${stream.told[0]?.id}`);
    await rest.until(1);
    expect(rest.told).toEqual(stream.told.slice(1));
    await ask("POST", "/costs", { id: "last", provider: "acme", model: "m", total_cost: "1", currency: "USD" });
    for (const other of [filtered, without]) {
      await other.until(2);
      expect(other.told.map(briefly)).toEqual(["cost.created dear", "cost.created last"]);
      await other.close();
    }
    await stream.close();
    await rest.close();
  });

  test("goes on in the middle of a record", async () => {
    const stream = await listen();
    await ask("POST", "/usage", usage("half"));
    await stream.until(2);
    const rest = await listen(`?last_event_id=${stream.told[0]?.id}`);
    await rest.until(1);
    expect(rest.told.map(briefly)).toEqual(["cost.created half"]);
    await stream.close();
    await rest.close();
  });

  test("ends within seconds where its key is revoked", async () => {
    const { id, key } = await makeKey({ scopes: ["costs:read"] });
    const stream = await listen("", {}, key);
    await another.ask(server.adminKey, "DELETE", `/api-keys/${id}`);
    await stream.ended;
    expect(stream.told).toMatchObject([{ event: "end", data: { reason: "credential" } }]);
  });

  test("refuses a position that is none, one of which nothing is kept, and one stream too many", async () => {
    const bad = await listen("?last_event_id=yesterday");
    expect([bad.status, JSON.parse(bad.body).error]).toMatchObject([
      422,
      { code: "VALIDATION_ERROR", field_errors: { last_event_id: "must be the id of an event of this stream" } },
    ]);
    const gone = await listen("", { "last-event-id": "0.0" });
    expect([gone.status, JSON.parse(gone.body).error.code]).toEqual([410, "STREAM_001"]);
    const { key } = await makeKey({ scopes: ["costs:read"] });
    const streams = await Promise.all(Array.from({ length: 20 }, () => listen("", {}, key)));
    expect((await listen("", {}, key)).status).toBe(429);
    await streams[0]?.close();
    await vi.waitFor(async () => {
      const stream = await listen("", {}, key);
      expect(stream.status).toBe(200);
      streams.push(stream);
    });
    for (const stream of streams) await stream.close();
  });

  test("ends where its server stops", async () => {
    const stopping = await startPeopleServer(environment, folder);
    const stream = await listen("", {}, server.adminKey, stopping);
    const closed = stopping.server.close();
    await stream.ended;
    expect(stream.told).toMatchObject([{ event: "end", data: { reason: "stopping" } }]);
    await closed;
  });
});
