import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { half, json, refusal, reset, ScriptedServer, text } from "../test/scripted-server.ts";
import { CostOpsClient } from "./client.ts";
import { APIError, CostOpsError, NetworkError } from "./errors.ts";
import { Page } from "./page.ts";

let server: ScriptedServer;
let client: CostOpsClient;
beforeAll(async () => {
  server = await ScriptedServer.start();
  client = new CostOpsClient({
    apiKey: "sk-test",
    baseURL: server.url,
    timeout: 5_000,
    retry: { maxRetries: 2, initialDelayMs: 1 },
  });
});
afterAll(() => server.stop());
afterEach(() => vi.unstubAllGlobals());

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
const body = (index = 0): Record<string, unknown> => JSON.parse(server.arrived[index]?.body ?? "null");
const query = (index = 0): Record<string, string> => Object.fromEntries(server.arrived[index]?.query ?? []);
const page = (records: unknown[], nextCursor: string | null = null) =>
  json(200, {
    data: records,
    pagination: { limit: records.length, has_more: nextCursor !== null, next_cursor: nextCursor },
  });

describe("usage", () => {
  test("a record is sent in the wire's spelling with an id and a time, and comes back in camelCase", async () => {
    server.script(
      json(201, {
        data: { id: "x", total_cost: "0.0125", input_tokens: 1_000, tags: { cost_center: "a" } },
        warnings: [{ code: "COST_001", message: "…" }],
      }),
    );
    const usage = await client.usage.create({
      provider: "openai",
      model: "gpt-4-turbo",
      organizationId: "org-abc",
      promptTokens: 1_000,
      completionTokens: 500,
    });
    expect(body()).toMatchObject({ model: "gpt-4-turbo", organization_id: "org-abc", prompt_tokens: 1_000 });
    expect(body()["id"]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(Date.parse(String(body()["occurred_at"]))).not.toBeNaN();
    expect(usage).toMatchObject({
      totalCost: 0.0125,
      totalCostExact: "0.0125",
      inputTokens: 1_000,
      tags: { cost_center: "a" },
      warnings: [{ code: "COST_001" }],
    });
  });

  test("the caller's id and time are kept, and a retry sends the very same record", async () => {
    server.script(reset, json(201, { data: { id: "mine" }, warnings: [] }));
    await client.usage.create({ id: "mine", model: "m", timestamp: new Date(0), inputTokens: 1 });
    expect(body(0)).toEqual({ id: "mine", model: "m", timestamp: "1970-01-01T00:00:00.000Z", input_tokens: 1 });
    expect(server.arrived[1]?.body).toBe(server.arrived[0]?.body);
  });

  test("an unpriced record has a null cost, never 0", async () => {
    server.script(json(200, { data: { id: "x", total_cost: null, cost_status: "unpriced" } }));
    const usage = await client.usage.get("x");
    expect(usage.totalCost).toBeNull();
    expect(usage.totalCostExact).toBeNull();
  });

  test("a batch of 25,001 records is three requests whose results keep the order", async () => {
    server.script((response, request) => {
      const records = JSON.parse(request.body) as { id: string }[];
      return json(200, {
        data: records.map(({ id }, index) => ({ index, id, status: "recorded" })),
        summary: { received: records.length, recorded: records.length, duplicate: 0, unpriced: 1, rejected: 0 },
      })(response, request);
    });
    const records = Array.from({ length: 25_001 }, (_, index) => ({ id: `r${index}`, model: "m", inputTokens: 1 }));
    const result = await client.usage.batchCreate({ records, requirePrice: true });
    expect(server.arrived.map(({ body: sent }) => JSON.parse(sent).length)).toEqual([10_000, 10_000, 5_001]);
    expect(query()).toEqual({ require_price: "true" });
    expect(result.data.map(({ index }) => index)).toEqual(records.map((_, index) => index));
    expect(result.data.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
    expect(result.summary).toEqual({ received: 25_001, recorded: 25_001, duplicate: 0, unpriced: 3, rejected: 0 });
  });

  test("a batch that stops half-way says what is done and what remains, with ids", async () => {
    server.script(
      (response, request) => {
        const answer = {
          data: (JSON.parse(request.body) as unknown[]).map((_, index) => ({ index, id: "x", status: "recorded" })),
          summary: { received: 10_000, recorded: 10_000, duplicate: 0, unpriced: 0, rejected: 0 },
        };
        return json(200, answer)(response, request);
      },
      refusal(401, "AUTH_001"),
    );
    const records = Array.from({ length: 10_003 }, () => ({ model: "m", inputTokens: 1 }));
    const failure = await client.usage.batchCreate(records).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CostOpsError);
    const { completed, remaining } = (failure as CostOpsError).batch ?? {};
    expect(completed).toMatchObject({ summary: { recorded: 10_000 } });
    expect(remaining).toHaveLength(3);
    expect(remaining).toMatchObject(Array(3).fill({ id: expect.any(String), occurredAt: expect.any(String) }));
  });

  test("explain keeps the raw usage untouched", async () => {
    const raw = { prompt_tokens: 3, prompt_tokens_details: { cached_tokens: 1 } };
    server.script(json(200, { data: { raw_usage: raw, lines: [{ amount: "0.1", rated_as: "input" }] } }));
    const explanation = await client.usage.explain("x");
    expect(explanation.rawUsage).toEqual(raw);
    expect(explanation.lines[0]).toEqual({ amount: 0.1, amountExact: "0.1", ratedAs: "input" });
  });
});

describe("costs", () => {
  test("an entry of the documents is sent as it is meant and comes back under every documented name", async () => {
    server.script(json(201, { data: { id: "c1", total_cost: "0.045", currency: "USD" }, warnings: [] }));
    const entry = await client.costs.create({
      model: "gpt-4",
      tokensUsed: 1_500,
      cost: 0.045,
      userId: "user-123",
      metadata: { modelVersion: "0613" },
    });
    expect(body()).toMatchObject({
      model: "gpt-4",
      tokens_used: 1_500,
      cost: 0.045,
      user_id: "user-123",
      metadata: { modelVersion: "0613" },
    });
    expect(entry).toMatchObject({ id: "c1", cost: 0.045, amount: 0.045, totalCost: 0.045, totalCostExact: "0.045" });
  });

  test("a question may nest its filters, and its dates, lists and names are spelled for the wire", async () => {
    server.script(page([{ id: "a", total_cost: "0.1" }]));
    await client.costs.list({
      startDate: new Date("2026-01-01T00:00:00Z"),
      endDate: "2026-01-31",
      filters: { model: ["gpt-4", "gpt-3.5-turbo"], userId: "user-123", tags: { team: "search" } },
      fields: ["id", "createdAt"],
      orderBy: "-createdAt",
      perPage: 10,
    });
    expect(query()).toEqual({
      start_date: "2026-01-01T00:00:00.000Z",
      end_date: "2026-01-31",
      model: "gpt-4,gpt-3.5-turbo",
      user_id: "user-123",
      tags: "team:search",
      fields: "id,created_at",
      order_by: "-created_at",
      per_page: "10",
    });
  });

  test("a value with a comma is not split", async () => {
    server.script(page([]));
    await client.costs.list({ model: ["a,b", "c"], userId: "x,y" });
    expect(server.arrived[0]?.query.getAll("model")).toEqual(["a,b", "c"]);
    expect(server.arrived[0]?.query.getAll("user_id")).toEqual(["x,y", "x,y"]);
  });

  test("a page is an array of its records and knows what follows", async () => {
    server.script(
      page(
        [
          { id: "a", total_cost: "0.1" },
          { id: "b", total_cost: "0.2" },
        ],
        "next",
      ),
    );
    const costs = await client.costs.list();
    expect(costs).toBeInstanceOf(Page);
    expect(costs.reduce((sum, cost) => sum + (cost.amount ?? 0), 0)).toBeCloseTo(0.3);
    expect(costs.data.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(costs.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(costs.filter(({ id }) => id === "b")).toHaveLength(1);
    expect(costs.hasMore).toBe(true);
    expect(costs.nextCursor).toBe("next");
    expect([...costs]).toEqual(costs.data);
    expect(JSON.parse(JSON.stringify(costs))).toHaveLength(2);
  });

  test("listPaginated asks for a page only when it is needed, and follows cursors to the end", async () => {
    server.script(page([{ id: "a" }, { id: "b" }], "two"), page([{ id: "c" }]));
    const ids: string[] = [];
    for await (const cost of client.costs.listPaginated({ model: "m", limit: 2 })) {
      ids.push(cost.id);
      if (ids.length === 2) expect(server.arrived).toHaveLength(1);
    }
    expect(ids).toEqual(["a", "b", "c"]);
    expect(query(1)).toEqual({ model: "m", limit: "2", cursor: "two" });
  });

  test("a server that repeats a page does not keep the client for ever", async () => {
    server.script(page([{ id: "a" }], "same"));
    await expect(collect(client.costs.listPaginated())).rejects.toThrow("repeats a page");
    expect(server.arrived).toHaveLength(2);
  });

  test("listStream gives each line as it arrives, wherever the chunks are cut", async () => {
    const lines = '{"id":"ä","total_cost":"0.1"}\n{"id":"b","total_cost":null}\n';
    server.script(async (response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      for (const byte of Buffer.from(lines)) {
        response.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      response.end();
    });
    const stream = await client.costs.listStream({ organizationId: "org-abc" });
    expect((await collect(stream)).map(({ id, totalCost }) => [id, totalCost])).toEqual([
      ["ä", 0.1],
      ["b", null],
    ]);
    expect(server.arrived[0]?.headers.accept).toBe("application/x-ndjson");
  });

  test("listStream rejects a refusal at once, a broken stream in the loop, and a late failure with its code", async () => {
    server.script(refusal(422, "VALIDATION_ERROR"));
    await expect(client.costs.listStream()).rejects.toThrow(CostOpsError);

    server.script(half('{"id":"a"}\n{"id":'));
    const broken = await client.costs.listStream();
    await expect(collect(broken)).rejects.toThrow(NetworkError);

    server.script(text(200, '{"id":"a"}\n{"error":{"code":"INTERNAL_ERROR","message":"no"}}\n'));
    const late = await collect(await client.costs.listStream()).catch((error: unknown) => error);
    expect(late).toBeInstanceOf(APIError);
    expect(late).toMatchObject({ code: "INTERNAL_ERROR" });
  });

  test("leaving a stream closes its connection", async () => {
    const closed = Promise.withResolvers<void>();
    server.script((response) => {
      response.on("close", () => closed.resolve());
      response.writeHead(200).write('{"id":"a"}\n');
    });
    for await (const _cost of await client.costs.listStream()) break;
    await closed.promise;
  });

  test("aggregate, summary and batchQuery speak of dimensions and keep tag names", async () => {
    server.script(
      json(200, {
        data: [{ service_tier: "batch", "tag:cost_center": "x", total_cost: "1.5", currency: "USD" }],
        totals: [{ total_cost: "1.5", currency: "USD" }],
        group_by: ["service_tier", "tag:cost_center"],
      }),
      json(200, { data: { total_cost: "3", avg_cost_per_request: null, top_models: [] } }),
      json(200, { data: [{ data: [], totals: [] }] }),
    );
    const aggregate = await client.costs.aggregate({
      groupBy: ["serviceTier", "tag:cost_center"],
      metrics: ["sum"],
      top: 9,
    });
    expect(query()).toEqual({ group_by: "service_tier,tag:cost_center", metrics: "sum", top: "9" });
    expect(aggregate.data[0]).toMatchObject({ serviceTier: "batch", "tag:cost_center": "x", totalCost: 1.5 });
    const summary = await client.costs.summary({ days: 7 });
    expect(summary).toMatchObject({ totalCost: 3, totalCostExact: "3", avgCostPerRequest: null });
    const own = { model: ["a"], groupBy: ["serviceTier"], metrics: ["avg" as const], top: 3 };
    await client.costs.batchQuery({ filters: [{ userId: "u", days: 30 }, own], groupBy: ["model"] });
    expect(body(2)).toEqual({
      filters: [
        { user_id: "u", days: 30 },
        { model: ["a"], group_by: ["service_tier"], metrics: ["avg"], top: 3 },
      ],
      group_by: ["model"],
    });
  });

  test("a projection is given as numbers and exactly, for each currency", async () => {
    const of = { currency: "USD", spent: "1.000000000001", burn_rate_per_day: "0.05", projected: null };
    server.script(json(200, { data: { as_of: "2026-11-21T00:00:00.000Z", unpriced_requests: 1, by_currency: [of] } }));
    const projection = await client.costs.projection({ timezone: "Asia/Tokyo", projectId: "web" });
    expect(server.arrived[0]).toMatchObject({ method: "GET", path: "/api/v1/costs/projection" });
    expect(query()).toEqual({ timezone: "Asia/Tokyo", project_id: "web" });
    expect(projection.byCurrency).toEqual([
      {
        ...{ currency: "USD", spent: 1.000000000001, spentExact: "1.000000000001" },
        ...{ burnRatePerDay: 0.05, burnRatePerDayExact: "0.05", projected: null, projectedExact: null },
      },
    ]);
  });

  test("update sends labels, delete voids, bulkCreate takes entries", async () => {
    server.script(json(200, { data: { id: "a/b", total_cost: "0" } }));
    await client.costs.update("a/b", { tags: { teamName: "x" } });
    expect(server.arrived[0]).toMatchObject({ method: "PATCH", path: "/api/v1/costs/a%2Fb" });
    expect(body()).toEqual({ tags: { teamName: "x" } });
    await client.costs.delete("a");
    expect(server.arrived[1]).toMatchObject({ method: "DELETE", body: "" });
  });
});
