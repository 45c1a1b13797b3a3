import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { json, ScriptedServer, silence, text } from "../test/scripted-server.ts";
import { CostOpsClient } from "./client.ts";
import { CostOpsError } from "./errors.ts";

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

describe("the rest of the interface", () => {
  test("the organization of the client stands in records and questions that name none", async () => {
    server.script(json(200, { data: {} }));
    const scoped = new CostOpsClient({ apiKey: "k", baseUrl: server.url, organizationId: "org-a" });
    await scoped.usage.create({ model: "m" });
    await scoped.costs.list({ filters: { model: "m" } });
    await scoped.costs.create({ model: "m", organizationId: "org-b" });
    expect(body(0)["organization_id"]).toBe("org-a");
    expect(query(1)["organization_id"]).toBe("org-a");
    expect(body(2)["organization_id"]).toBe("org-b");
  });

  test("prices are created, continued, ended and resolved in camelCase, with exact strings", async () => {
    server.script(json(200, { data: { id: "p", input_price_per_million: "2.50" } }));
    const price = await client.pricing.create({
      provider: "openai",
      model: "gpt-4o",
      pricingStructure: { type: "per_token", inputPricePerMillion: 2.5, cachedInputDiscount: 0.5 },
      effectiveDate: new Date("2026-01-01T00:00:00Z"),
    });
    expect(body()).toEqual({
      provider: "openai",
      model: "gpt-4o",
      pricing_structure: { type: "per_token", input_price_per_million: 2.5, cached_input_discount: 0.5 },
      effective_date: "2026-01-01T00:00:00.000Z",
    });
    expect(price.inputPricePerMillion).toBe("2.50");
    await client.pricing.update("p", { inputPricePerMillion: "2.25", effectiveDate: "2026-02-01" });
    await client.pricing.end("p", { endDate: "2026-03-01" });
    await client.pricing.resolve({ provider: "openai", model: "gpt-4o", date: "2026-02-15" });
    expect(server.arrived.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /api/v1/pricing",
      "PUT /api/v1/pricing/p",
      "POST /api/v1/pricing/p/end",
      "GET /api/v1/pricing/resolve",
    ]);
  });

  test("an alias is removed without an answer, a catalogue file passes untouched", async () => {
    server.script((response) => void response.writeHead(204).end());
    await expect(client.pricing.aliases.delete("azure", "chat/prod")).resolves.toBeUndefined();
    expect(server.arrived[0]?.path).toBe("/api/v1/pricing/aliases/azure/chat%2Fprod");
    server.script(json(201, { data: { id: "v1" }, difference: { added: [], unchanged: 3 } }));
    const content = { someModel: { inputCost: 1, input_cost: 2 } };
    const applied = await client.pricing.catalogue.apply({ source: "litellm", content });
    expect(body()["content"]).toEqual(content);
    expect(applied).toMatchObject({ id: "v1", difference: { unchanged: 3 } });
  });

  test("an import takes text, bytes, blobs, streams and async iterables, and says its format", async () => {
    server.script(json(200, { data: { id: "i", read: 1, unpriced_models: [] } }));
    const chunks = async function* () {
      yield "li";
      yield new TextEncoder().encode("ne");
    };
    const sources = [
      "line",
      new TextEncoder().encode("line"),
      new Blob(["line"]),
      new Blob(["line"]).stream(),
      chunks(),
    ];
    for (const source of sources) {
      const report = await client.imports.create(source, {
        format: "csv",
        map: { inputTokens: "ContextTokens", model: "'gpt-4'" },
        tags: { team: "a" },
        dryRun: true,
      });
      expect(report.unpricedModels).toEqual([]);
    }
    expect(server.arrived.map(({ body: sent }) => sent)).toEqual(Array(5).fill("line"));
    expect(query()).toEqual({
      format: "csv",
      map: "input_tokens=ContextTokens,model='gpt-4'",
      tags: "team=a",
      dry_run: "true",
    });
    expect(server.arrived[0]?.headers["content-type"]).toBe("application/octet-stream");
  });

  test("compressed bytes are announced", async () => {
    server.script(json(200, { data: {} }));
    await client.imports.create(new Uint8Array(gzipSync("line")), { encoding: "gzip" });
    expect(server.arrived[0]?.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(gzipSync("line")).toString()).toBe("line");
  });

  test("an import tells its events; a failure among them or a missing report rejects", async () => {
    const lines = [
      { type: "progress", bytes: 4, read: 1, recorded: 1, duplicate: 0, rejected: 0 },
      { type: "rejected", rejection: { line: 2, reason: "no model", field: null, content: "{}" } },
      { type: "report", report: { id: "i", unpriced_models: [] } },
    ].map((event) => JSON.stringify(event));
    server.script(text(200, lines.join("\n"), "application/x-ndjson"));
    const events = await collect(client.imports.events("line"));
    expect(events.map(({ type }) => type)).toEqual(["progress", "rejected", "report"]);
    expect(events[2]).toMatchObject({ report: { unpricedModels: [] } });

    server.script(text(200, `${lines[0]}\n{"type":"error","error":{"code":"IMPORT_001","message":"no"}}\n`));
    await expect(collect(client.imports.events("line"))).rejects.toMatchObject({ code: "IMPORT_001" });
    server.script(text(200, lines[0] ?? ""));
    await expect(collect(client.imports.events("line"))).rejects.toThrow("before its report");
  });

  test("an export is described, found under both names, and downloaded whole or in chunks", async () => {
    const described = json(201, { data: { id: "e", format: "csv", download_url: "/x" } });
    server.script(described, text(200, "a,b\n", "text/csv"), described, text(200, "a,b\n", "text/csv"));
    const made = await client.export.create({ format: "csv", range: "last-30-days", includeFields: ["totalCost"] });
    expect(body()).toEqual({ format: "csv", range: "last-30-days", include_fields: ["total_cost"] });
    const file = await made.download();
    expect(file.contentType).toBe("text/csv");
    expect(await file.text()).toBe("a,b\n");
    await client.exports.get("e");
    expect(new TextDecoder().decode(await (await client.exports.download("e")).bytes())).toBe("a,b\n");
  });

  test("keys are made, listed and revoked; health needs no envelope", async () => {
    server.script(
      json(201, { data: { id: "k", key: "sk-new", created_at: "t" } }),
      json(200, { data: [] }),
      json(200, { data: { id: "k", limits: null } }),
      json(200, { data: { id: "k", revoked_at: "t" } }),
      json(200, { status: "ok", version: "1", checks: { the_store: "ok" } }),
    );
    const limits = { tokensPerMinute: 9, costPerDay: "0.1", currency: "EUR" };
    expect(await client.apiKeys.create({ name: "ci", limits })).toMatchObject({ key: "sk-new", createdAt: "t" });
    expect(body()).toMatchObject({ limits: { tokens_per_minute: 9, cost_per_day: "0.1", currency: "EUR" } });
    expect(await client.apiKeys.list()).toEqual([]);
    expect(await client.apiKeys.update("k", { limits: null })).toEqual({ id: "k", limits: null });
    expect(body(2)).toEqual({ limits: null });
    expect(await client.apiKeys.revoke("k")).toMatchObject({ revokedAt: "t" });
    expect(await client.system.health()).toEqual({ status: "ok", version: "1", checks: { the_store: "ok" } });
  });

  test("repricings are previewed, applied and undone", async () => {
    server.script(json(200, { data: { id: "r", difference: [{ before: "1", after: "0.5" }] } }));
    const preview = await client.repricings.create({ startDate: "2026-01-01" });
    expect(preview.difference[0]).toMatchObject({ before: "1", after: "0.5" });
    await client.repricings.apply("r");
    await client.repricings.undo("r");
    expect(server.arrived.map(({ path }) => path)).toEqual([
      "/api/v1/repricings",
      "/api/v1/repricings/r/apply",
      "/api/v1/repricings/r/undo",
    ]);
  });
});

describe("a program's own tests", () => {
  test("may replace the global fetch after the client was made, with a bare stand-in of a response", async () => {
    const fetchStandIn = vi.fn().mockResolvedValue({
      ok: true,
      status: 201,
      json: async () => ({ id: "cost-123", model: "gpt-4", tokensUsed: 1_000, cost: 0.03 }),
    });
    vi.stubGlobal("fetch", fetchStandIn);
    const entry = await client.costs.create({ model: "gpt-4", tokensUsed: 1_000, cost: 0.03 });
    expect(entry).toMatchObject({ id: "cost-123", model: "gpt-4", cost: 0.03 });
    expect(fetchStandIn).toHaveBeenCalledTimes(1);
  });

  test("see an error of the client where the stand-in refuses in its own words", async () => {
    vi.stubGlobal(
      "fetch",
      vi.fn().mockResolvedValue({ ok: false, status: 400, json: async () => ({ error: "Invalid data" }) }),
    );
    const work = client.costs.create({ model: "x", tokensUsed: -1, cost: 0.03 });
    await expect(work).rejects.toThrow(CostOpsError);
    await expect(work).rejects.toThrow("Invalid data");
  });

  test("a custom fetch gets every request", async () => {
    const asked: string[] = [];
    const inProcess = new CostOpsClient({
      baseURL: "http://in-process",
      fetch: async (url) => {
        asked.push(url);
        return Response.json({ data: [] });
      },
    });
    expect(await inProcess.costs.list()).toHaveLength(0);
    expect(asked).toEqual(["http://in-process/api/v1/costs"]);
  });

  test("calculateCost estimates from a rate per thousand tokens", () => {
    expect(client.calculateCost(1_000, 0.03)).toBeCloseTo(0.03, 4);
  });

  test("create is costs.create", async () => {
    server.script(json(201, { data: { id: "c" }, warnings: [] }));
    expect(await client.create({ model: "gpt-4", tokensUsed: 1, cost: 0.1 })).toMatchObject({ id: "c" });
  });

  test("200 concurrent requests each get their own answer", async () => {
    server.script((response, request) =>
      json(200, { data: { id: request.path.split("/").at(-1) } })(response, request),
    );
    const ids = Array.from({ length: 200 }, (_, index) => `id-${index}`);
    expect((await Promise.all(ids.map((id) => client.usage.get(id)))).map(({ id }) => id)).toEqual(ids);
  });

  test("an aborted client leaves nothing waiting", async () => {
    server.script(silence);
    const controller = new AbortController();
    const ending = new CostOpsClient({ baseURL: server.url, signal: controller.signal });
    const work = Promise.allSettled([ending.usage.get("a"), ending.costs.summary()]);
    setTimeout(() => controller.abort(), 20);
    expect((await work).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});
