import { type OperationId, type Organization, operations } from "@llm-cost-ops/contract";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Reply, Routes } from "../http/route.ts";
import { openTestedAt, type TestedStoreAt } from "../store/opened-fixture.ts";
import { catalogueFromFile } from "./catalogue/from-file.ts";
import { createPriceBook } from "./price-book.sql.ts";
import { createRepricings } from "./repricings.ts";
import { pricingRoutes } from "./routes.ts";

let now = 0;
let opened: TestedStoreAt;
let routes: Routes;
let woken = 0;

const price = [{ input_price_per_million: 1, output_price_per_million: 2 }];
const content = (...models: string[]) => ({
  format: "llm-cost-ops-catalogue",
  version: 1,
  providers: [{ id: "openai", models: models.map((model) => ({ model, prices: price })) }],
});

beforeEach(async () => {
  now = Date.parse("2026-06-01T00:00:00Z");
  woken = 0;
  opened = await openTestedAt(() => now);
  routes = pricingRoutes({
    book: createPriceBook(opened.store),
    organizations: { get: async () => ({ parent_id: null }) as Organization },
    repricings: createRepricings(opened.store, () => now),
    loadBundledCatalogue: async () => catalogueFromFile(content("a", "b", "c")),
    wakeJobs: () => {
      woken += 1;
    },
  });
});
afterEach(() => opened.close());

interface Sent {
  readonly params?: object;
  readonly query?: object;
  readonly body?: object;
}

/** Asks a route as the server would, and holds its answer to the contract. */
async function ask(id: OperationId, { params, query = {}, body }: Sent = {}): Promise<Reply & { json: never }> {
  const route = routes[id] as { readonly handle: (request: unknown) => Promise<Reply> } | undefined;
  if (route === undefined) throw new Error(`no route for ${id}`);
  const operation = operations[id];
  const parsedBody = body === undefined || !("body" in operation) ? undefined : operation.body.parse(body);
  const parsedQuery = "query" in operation ? operation.query.parse(query) : undefined;
  const caller = { organizationId: "acme", principal: { kind: "key", id: "key-1", name: "key" } };
  const reply = await route.handle({ caller, params, query: parsedQuery, body: parsedBody });
  const { schema } = operation.success as { readonly schema?: { parse: (value: unknown) => unknown } };
  if (schema !== undefined) expect(schema.parse(reply.json)).toEqual(reply.json);
  return reply as Reply & { json: never };
}

describe("the routes of prices", () => {
  test("serve every operation of prices and repricing", () => {
    const wanted = Object.entries(operations).filter(([, { tag }]) => tag === "Prices" || tag === "Repricing");
    expect(Object.keys(routes).sort()).toEqual(wanted.map(([id]) => id).sort());
  });

  test("take a price through its life as the documents write it", async () => {
    const body = {
      provider: "openai",
      model: "gpt-4-turbo",
      pricing_structure: {
        type: "per_token",
        input_price_per_million: 10.0,
        output_price_per_million: 30.0,
        cached_input_discount: 0.5,
      },
      currency: "USD",
      effective_date: "2025-01-01",
    };
    const { data: first } = (await ask("pricing.create", { body })).json as { data: { id: string } };
    const params = { id: first.id };
    const update = { input_price_per_million: 9.0, output_price_per_million: 27.0, effective_date: "2025-02-01" };
    const { data: second } = (await ask("pricing.update", { params, body: update })).json as { data: { id: string } };
    const { data: list } = (await ask("pricing.list", { query: { provider: "openai", active: "true" } })).json as {
      data: { id: string }[];
    };
    expect(list.map(({ id }) => id)).toEqual([second.id]);
    expect((await ask("pricing.get", { params })).json).toMatchObject({
      data: { end_date: "2025-02-01T00:00:00.000Z" },
    });
    const query = { provider: "openai", model: "gpt-4-turbo", date: "2025-01-31" };
    expect((await ask("pricing.resolve", { query })).json).toMatchObject({ data: { price: { id: first.id } } });
    const ended = await ask("pricing.end", { params: { id: second.id }, body: { end_date: "2026-05-31" } });
    expect(ended.json).toMatchObject({ data: { active: false, end_date: "2026-06-01T00:00:00.000Z" } });
    expect(woken).toBe(3);
  });

  test("page through prices by cursor and by number", async () => {
    await ask("catalogue.apply", { body: { source: "bundled" } });
    const first = (await ask("pricing.list", { query: { limit: 2 } })).json as {
      data: { model: string }[];
      pagination: { next_cursor: string; has_more: boolean };
    };
    expect(first.data.map(({ model }) => model)).toEqual(["a", "b"]);
    expect(first.pagination.has_more).toBe(true);
    const rest = await ask("pricing.list", { query: { limit: 2, cursor: first.pagination.next_cursor } });
    expect(rest.json).toMatchObject({ data: [{ model: "c" }], pagination: { has_more: false, next_cursor: null } });
    const numbered = await ask("pricing.list", { query: { page: 2, per_page: 2 } });
    expect(numbered.json).toMatchObject({ data: [{ model: "c" }], pagination: { page: 2, per_page: 2 } });
    for (const cursor of ["x", "bnVsbA", Buffer.from('["a","b",1.5,"d"]').toString("base64url")]) {
      await expect(ask("pricing.list", { query: { cursor } })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    }
  });

  test("refuse another organization's name, a catalogue without content and a period backwards", async () => {
    const body = { provider: "openai", model: "m", input_price_per_million: 1, organization_id: "other" };
    await expect(ask("pricing.create", { body })).rejects.toMatchObject({ code: "AUTH_002" });
    await expect(ask("catalogue.preview", { body: { source: "file" } })).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
      fieldErrors: { content: "is required" },
    });
    const wrong = { source: "file", content: { format: "?" } };
    await expect(ask("catalogue.apply", { body: wrong })).rejects.toMatchObject({ code: "PRICING_002" });
    const backwards = { start_date: "2026-02-01", end_date: "2026-01-01" };
    await expect(ask("repricings.create", { body: backwards })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });

  test("preview and apply a catalogue from each source", async () => {
    expect((await ask("catalogue.preview", { body: { source: "bundled" } })).json).toMatchObject({
      data: { added: [{ model: "a" }, { model: "b" }, { model: "c" }] },
    });
    await ask("catalogue.apply", { body: { source: "file", content: content("a", "b") } });
    const map = { d: { litellm_provider: "openai", mode: "chat", input_cost_per_token: 2.5e-6 } };
    const applied = await ask("catalogue.apply", { body: { source: "litellm", content: map } });
    expect(applied.status).toBeUndefined();
    expect(applied.json).toMatchObject({
      data: { id: "2", source: "litellm" },
      difference: { added: [{ model: "d" }], removed: [{ model: "a" }, { model: "b" }] },
    });
    expect((await ask("catalogue.versions")).json).toMatchObject({ data: [{ id: "2" }, { id: "1" }] });
  });

  test("keep providers and aliases", async () => {
    await ask("catalogue.apply", { body: { source: "bundled" } });
    await ask("providers.create", { body: { id: "house" } });
    expect((await ask("providers.list")).json).toMatchObject({
      data: [
        { id: "house", models: 0 },
        { id: "openai", models: 3 },
      ],
    });
    await ask("aliases.create", { body: { provider: "openai", alias: "ours", model: "a" } });
    expect((await ask("aliases.list")).json).toMatchObject({ data: [{ alias: "ours", source: "organization" }] });
    expect(await ask("aliases.delete", { params: { provider: "openai", alias: "ours" } })).toEqual({});
  });

  test("take a repricing through its life", async () => {
    await ask("catalogue.apply", { body: { source: "bundled" } });
    const made = await ask("repricings.create", { body: { start_date: "2026-01-01", end_date: "2026-01-31" } });
    const { data } = made.json as { data: { id: string } };
    expect(made.json).toMatchObject({ data: { range: { end: "2026-02-01T00:00:00.000Z" }, created_by: "key-1" } });
    const params = { id: data.id };
    expect((await ask("repricings.apply", { params })).json).toMatchObject({ data: { status: "applied" } });
    expect((await ask("repricings.undo", { params })).json).toMatchObject({ data: { status: "undone" } });
    expect((await ask("repricings.get", { params })).json).toMatchObject({ data: { id: data.id } });
    expect((await ask("repricings.list", { query: { limit: 1 } })).json).toMatchObject({ data: [{ id: data.id }] });
  });
});
