import { expect, test } from "vitest";
import { CostOpsClient } from "./client.ts";
import type { LiveEvent } from "./live.ts";
import { parseServerSentEvents } from "./server-sent-events.ts";

const encoder = new TextEncoder();
const block = (id: string, event: string, data: object): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
const streamOf = (...parts: readonly string[]): Response =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const part of parts) controller.enqueue(encoder.encode(part));
        controller.close();
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
const refusal = (status: number, code: string): Response =>
  new Response(JSON.stringify({ error: { code, message: "no" }, request_id: "r" }), { status });

/** A client of a server that gives these answers one after the other, and what it asked for. */
function clientOf(...answers: readonly (Response | Error)[]) {
  const asked: string[] = [];
  const left = [...answers];
  const client = new CostOpsClient({
    apiKey: "sk_test",
    baseURL: "http://costs.test",
    maxRetries: 0,
    fetch: async (url: string | URL | Request) => {
      asked.push(new URL(String(url)).search);
      const answer = left.shift() ?? refusal(401, "AUTH_001");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, asked };
}

async function take(events: AsyncIterable<LiveEvent>, count: number): Promise<LiveEvent[]> {
  const taken: LiveEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

test("events come as the client's own records, by the filter that was given", async () => {
  const { client, asked } = clientOf(
    streamOf("retry: 2000\nid: 4.0\n\n", block("5.1", "usage.created", { id: "u", total_cost: "0.1", latency_ms: 5 })),
  );
  const events = client.stream({ events: ["usage"], model: ["a", "b"], projectId: "web", tags: { team: "x" } });
  expect(await take(events, 1)).toEqual([
    { id: "5.1", type: "usage.created", data: { id: "u", totalCost: 0.1, totalCostExact: "0.1", latencyMs: 5 } },
  ]);
  expect(asked).toEqual(["?events=usage&model=a%2Cb&project_id=web&tags=team%3Ax"]);
});

test("a connection that breaks is made again behind the last event, also one that was only a sign of life", async () => {
  const { client, asked } = clientOf(
    streamOf("id: 4.0\n\n", block("5.1", "cost.created", { id: "a" }), 'id: 5.2\nevent: cost.created\ndata: {"id":'),
    refusal(503, "UNAVAILABLE"),
    new TypeError("fetch failed"),
    streamOf(": heartbeat\nid: 9.0\n\n", 'event: end\ndata: {"reason":"stopping"}\n\n'),
    streamOf(block("9.2", "cost.created", { id: "b" })),
  );
  const told: boolean[] = [];
  const onConnection = (isConnected: boolean): unknown => told.push(isConnected);
  const events = await take(client.stream({ lastEventId: "3.0", onConnection }), 2);
  expect(events.map(({ data }) => data.id)).toEqual(["a", "b"]);
  expect(asked).toEqual(["3.0", "5.1", "5.1", "5.1", "9.0"].map((id) => `?last_event_id=${id}`));
  expect(told).toEqual([true, false, false, false, true, false, true]);
});

test.each([
  ["a key that is no good", [refusal(401, "AUTH_001")], "AUTH_001"],
  [
    "a key that was revoked",
    [streamOf('id: 1.0\n\nevent: end\ndata: {"reason":"credential"}\n\n'), refusal(401, "AUTH_001")],
    "AUTH_001",
  ],
  ["a server that is not there", [new TypeError("fetch failed")], "NETWORK_ERROR"],
  ["a gap that is known when it begins", [refusal(410, "STREAM_001")], "STREAM_001"],
  ["a gap that is known later", [streamOf('event: end\ndata: {"reason":"not_kept"}\n\n')], "STREAM_001"],
])("%s ends it with an error", async (_, answers, code) => {
  const { client } = clientOf(...answers);
  await expect(take(client.stream(), 1)).rejects.toMatchObject({ code });
});

test("events are read whole wherever the chunks are cut", async () => {
  const text = `: hello\r\n\r\nid: 1.1\r\nevent: cost.created\r\ndata: {"a":"é"}\r\n\r\n${block("1.2", "cost.updated", { b: 1 })}`;
  const bytes = encoder.encode(text);
  for (let size = 1; size < 9; size += 1) {
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const read = [];
    for await (const event of parseServerSentEvents(chunks())) if (event.data !== "") read.push(event);
    expect(read).toEqual([
      { id: "1.1", event: "cost.created", data: '{"a":"é"}' },
      { id: "1.2", event: "cost.updated", data: '{"b":1}' },
    ]);
  }
});
