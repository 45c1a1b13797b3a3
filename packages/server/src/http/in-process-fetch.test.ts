import { limits } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ListeningApp, listen, testKey } from "./app-fixture.ts";
import { createInProcessFetch, type InProcessFetch } from "./in-process-fetch.ts";

const headers = { authorization: `Bearer ${testKey}`, "content-type": "application/json" };
const base = "http://in-process/api/v1";
let app: ListeningApp;
let client: InProcessFetch;
let produced = 0;
let wasAborted = false;

beforeAll(async () => {
  app = await listen({
    "imports.create": {
      body: "stream",
      handle: async ({ stream }: { stream: AsyncIterable<Uint8Array> }) => ({
        contentType: "application/x-ndjson",
        chunks: (async function* () {
          for await (const chunk of stream) yield `${chunk.byteLength}\n`;
        })(),
      }),
    },
    "costs.stream": {
      body: "json",
      handle: async () => ({
        chunks: (async function* () {
          for (; produced < 100_000; produced += 1) yield "x".repeat(1_000);
        })(),
      }),
    },
    "usage.get": {
      body: "json",
      handle: async ({ signal }: { signal: AbortSignal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        wasAborted = true;
        return { json: {} };
      },
    },
    "aliases.delete": { body: "json", handle: async () => ({}) },
  });
  client = createInProcessFetch(app.fastify.server);
});
afterAll(async () => {
  client.close();
  await app.fastify.close();
});

test("statuses, headers and bodies are those of the network", async () => {
  const refused = await client.fetch(`${base}/costs`, { method: "POST", headers, body: "{" });
  const overNetwork = await fetch(`${app.url}/api/v1/costs`, { method: "POST", headers, body: "{" });
  expect(refused.status).toBe(overNetwork.status);
  expect(refused.headers.get("content-type")).toBe(overNetwork.headers.get("content-type"));
  const gone = await client.fetch(`${base}/pricing/aliases/a/b`, { method: "DELETE", headers });
  expect([gone.status, gone.body]).toEqual([204, null]);
  const head = await client.fetch("http://in-process/live", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

test("bodies of any length stream both ways at once", async () => {
  const chunk = new Uint8Array(1024 * 1024);
  let left = 2 * (limits.bodyBytes / chunk.byteLength);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      left -= 1;
      if (left < 0) controller.close();
      else controller.enqueue(chunk.slice());
    },
  });
  const response = await client.fetch(`${base}/imports`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/octet-stream" },
    body,
  });
  const sizes = (await response.text()).trim().split("\n").map(Number);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2 * limits.bodyBytes);
});

test("a reader that stops reading stops the producer, and hanging up ends it", async () => {
  const response = await client.fetch(`${base}/costs/stream`, { headers });
  const reader = response.body?.getReader();
  await reader?.read();
  await new Promise((done) => setTimeout(done, 100));
  const seen = produced;
  expect(seen).toBeLessThan(5_000);
  await reader?.cancel();
  await new Promise((done) => setTimeout(done, 50));
  expect(produced).toBeLessThan(seen + 200);
});

test("an abort rejects here and is heard there", async () => {
  const controller = new AbortController();
  const asked = client.fetch(`${base}/usage/1`, { headers, signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await expect(asked).rejects.toThrow(/abort/i);
  await expect.poll(() => wasAborted).toBe(true);
  await expect(client.fetch(base, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
});

test("many requests at once all find their way", async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => client.fetch("http://in-process/live")));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});
