import {
  CostCreated,
  CostRecord,
  Explanation,
  UsageBatchResult,
  UsageCreated,
  UsageRecord,
} from "@llm-cost-ops/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Reply } from "../http/route.ts";
import { openTested, type TestedStore } from "../store/opened-fixture.ts";
import { usageRoutes } from "./routes.ts";

let opened: TestedStore;
let routes: ReturnType<typeof usageRoutes>;

/** One of its own for each test, all in one store. */
let organizationId: string;
let tests = 0;

beforeAll(async () => {
  opened = await openTested();
  routes = usageRoutes(opened);
});
beforeEach(() => {
  tests += 1;
  organizationId = `organization-${tests}`;
});
afterAll(() => opened.close());

const base = () => ({
  caller: { organizationId, principal: { kind: "key", id: "key", name: "key" } },
  requestId: "request",
  headers: {},
  signal: new AbortController().signal,
});

type Headers = Record<string, string>;
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** Calls an operation that takes raw bytes. */
function post(
  id: "usage.create" | "usage.batchCreate" | "costs.create" | "costs.bulkCreate",
  value: unknown,
  headers: Headers = {},
): Promise<Reply> {
  const request = { ...base(), params: undefined, query: {}, headers, bytes: bytesOf(value) };
  const route = routes[id];
  if (route?.body !== "bytes") throw new Error(`${id} does not take bytes`);
  return (route.handle as (request: unknown) => Promise<Reply>)(request);
}

/** Calls an operation on one record. */
function on(
  id: "usage.get" | "usage.explain" | "costs.update" | "costs.delete",
  record: string,
  body?: unknown,
): Promise<Reply> {
  const route = routes[id];
  if (route?.body !== "json") throw new Error(`${id} does not take JSON`);
  return (route.handle as (request: unknown) => Promise<Reply>)({
    ...base(),
    params: { id: record },
    query: undefined,
    body,
  });
}

const json = (reply: Reply): unknown => (reply.json === undefined ? JSON.parse(String(reply.bytes)) : reply.json);
const dataOf = (reply: Reply): unknown => (json(reply) as { data: unknown }).data;
const call = {
  id: "call-1",
  provider: "openai",
  model: { name: "gpt-4o" },
  prompt_tokens: 1_000,
  completion_tokens: 500,
};

describe("usage over HTTP", () => {
  it("answers a record in the contract's form, and a repeat with the same bytes and a header that says so", async () => {
    const first = await post("usage.create", call);
    const second = await post("usage.create", call);
    expect(UsageCreated.strict().parse(json(first)).data).toMatchObject({ id: "call-1", total_cost: "0.0075" });
    expect(second.bytes).toBe(first.bytes);
    expect(first.headers).toEqual({});
    expect(second.headers).toEqual({ "idempotent-replayed": "true" });
    expect(UsageRecord.parse(dataOf(await on("usage.get", "call-1")))).toEqual((json(first) as { data: unknown }).data);
  });

  it("refuses other content under the same id with USAGE_002, and a broken record with its field", async () => {
    await post("usage.create", call);
    await expect(post("usage.create", { ...call, stream: true })).rejects.toMatchObject({ code: "USAGE_002" });
    await expect(post("usage.create", { ...call, id: "b", prompt_tokens: -1 })).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
      fieldErrors: { prompt_tokens: expect.any(String) },
    });
  });

  it("answers a batch with an item for each record and their sums", async () => {
    const reply = await post("usage.batchCreate", { records: [call, { ...call, id: "b", model: "foo" }, call, {}] });
    const result = UsageBatchResult.strict().parse(json(reply));
    expect(result.summary).toEqual({ received: 4, recorded: 2, duplicate: 1, unpriced: 1, rejected: 1 });
    expect(result.data.map(({ index, status }) => [index, status])).toEqual([
      [0, "recorded"],
      [1, "recorded"],
      [2, "duplicate"],
      [3, "rejected"],
    ]);
  });

  it("lets the idempotency key stand in for missing ids, and refuses one that is no text", async () => {
    const { id: _, ...anonymous } = call;
    const first = await post("usage.create", anonymous, { "idempotency-key": "k" });
    const second = await post("usage.create", anonymous, { "idempotency-key": "k" });
    expect(second.bytes).toBe(first.bytes);
    await expect(post("usage.create", anonymous, { "idempotency-key": "\u0000" })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
    });
  });

  it("explains a record in the contract's form", async () => {
    await post("usage.create", call);
    const proof = Explanation.strict().parse(dataOf(await on("usage.explain", "call-1")));
    expect(proof).toMatchObject({ verified: true, total_cost: "0.0075" });
    await expect(on("usage.explain", "none")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("reported costs over HTTP", () => {
  it("are created, relabelled and voided", async () => {
    const entry = {
      id: "cost-1",
      provider: "openai",
      model: "gpt-4o",
      tokens_used: 10,
      cost: "0.25",
      tags: ["team:a"],
    };
    const made = CostCreated.strict().parse(json(await post("costs.create", entry)));
    expect(made.data).toMatchObject({
      total_cost: "0.25",
      cost_status: "reported",
      usage_id: null,
      tags: { team: "a" },
    });
    const changed = await on("costs.update", "cost-1", { tags: { team: "b" }, metadata: { note: "x" } });
    expect(CostRecord.parse(dataOf(changed))).toMatchObject({ tags: { team: "b" }, metadata: { note: "x" } });
    const voided = CostRecord.parse(dataOf(await on("costs.delete", "cost-1")));
    expect(voided).toMatchObject({ cost_status: "void", total_cost: "0", corrected: true });
    const bulk = await post("costs.bulkCreate", { entries: [{ cost: 1.5 }, { cost: "x" }] });
    expect(UsageBatchResult.parse(json(bulk)).summary).toMatchObject({ recorded: 1, rejected: 1 });
  });
});
