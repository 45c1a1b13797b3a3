/**
 * The uses of the client that its documents promise. They are compiled, not run: the checker is the test. What happens
 * at run time is tested beside the code.
 */
import { expect, expectTypeOf, test } from "vitest";
import {
  APIError,
  AuthenticationError,
  type CostEntry,
  CostOpsClient,
  CostOpsError,
  type CostRecord,
  type CreateUsageParams,
  type Logger,
  type Middleware,
  NetworkError,
  type Page,
  type Provider,
  RateLimitError,
  type UsageRecord,
  ValidationError,
} from "./index.ts";

const client = new CostOpsClient({ apiKey: "key", baseURL: "https://costs.example" });

async function recordAndAddUp(): Promise<string> {
  const usage = await client.usage.create({
    provider: "openai",
    model: "gpt-4-turbo",
    organizationId: "org-abc",
    promptTokens: 1_000,
    completionTokens: 500,
    totalTokens: 1_500,
  });
  expectTypeOf(usage).toExtend<UsageRecord>();
  const costs = await client.costs.list({
    organizationId: "org-abc",
    startDate: "2025-01-01",
    endDate: "2025-01-31",
  });
  // Unpriced calls have no number; the sum has to say what they count as.
  const total = costs.data.reduce((sum, cost) => sum + (cost.totalCost ?? 0), 0);
  return total.toFixed(2);
}

async function recordFully(): Promise<UsageRecord> {
  return client.usage.create({
    provider: "anthropic",
    model: { name: "claude-sonnet-4-5" },
    projectId: "proj-xyz",
    userId: null,
    inputTokens: 2_000,
    outputTokens: 800,
    cachedTokens: 500,
    reasoningTokens: 100,
    latencyMs: 1_500,
    occurredAt: new Date(),
    tags: ["production", "team:api"],
    metadata: { requestId: "req-abc" },
  });
}

interface OwnParams {
  provider: Provider;
  model: string;
  organizationId: string;
  promptTokens: number;
  completionTokens: number;
}

async function paramsOfOnesOwn(): Promise<UsageRecord> {
  const known: OwnParams = {
    provider: "openai",
    model: "m",
    organizationId: "o",
    promptTokens: 1,
    completionTokens: 2,
  };
  const own: OwnParams = { ...known, provider: "our-own-cluster" };
  await client.usage.batchCreate([known, own]);
  return client.usage.create(own);
}

async function tellKindsOfErrorsApart(): Promise<string | undefined> {
  try {
    await recordFully();
  } catch (error) {
    if (error instanceof ValidationError)
      return `${error.message} ${JSON.stringify(error.fieldErrors)} ${error.errors[0]?.field}`;
    if (error instanceof AuthenticationError) return error.message;
    if (error instanceof RateLimitError) return `${(error.retryAfter ?? 1) * 1_000}`;
    if (error instanceof APIError) return `${error.statusCode} ${error.message}`;
    if (error instanceof NetworkError) return error.message;
    if (error instanceof CostOpsError && error.statusCode >= 500) return error.code;
    throw error;
  }
  return undefined;
}

function configure(): CostOpsClient[] {
  const logger: Logger = { debug: (message: string, ...facts: unknown[]) => void [message, facts] };
  const timed: Middleware = async (request, next) => {
    const startedMs = Date.now();
    const response = await next(request);
    logger.debug?.(`${request.method} ${request.url} ${response.status} ${Date.now() - startedMs}`);
    return response;
  };
  const stubborn: Middleware = async (request, next) => {
    let last: Error | null = null;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        return await next(request);
      } catch (error) {
        last = error as Error;
      }
    }
    throw last;
  };
  return [
    new CostOpsClient({ apiKey: "key", retry: { maxRetries: 3, backoffFactor: 2.0 }, timeout: 30_000 }),
    new CostOpsClient({ apiKey: "key", baseUrl: "https://costs.example" }),
    new CostOpsClient({ apiKey: process.env["LLM_COST_OPS_API_KEY"], debug: true, logger }),
    new CostOpsClient({ apiKey: "key", middleware: [timed, stubborn] }),
    new CostOpsClient({ debug: true, logger: console }),
  ];
}

async function stream(): Promise<void> {
  for await (const cost of await client.costs.listStream({ organizationId: "org-abc" })) {
    expectTypeOf(cost.totalCost).toEqualTypeOf<number | null>();
  }
  for await (const cost of client.costs.listPaginated({ organizationId: "org-abc" })) {
    expectTypeOf(cost).toEqualTypeOf<CostRecord>();
  }
}

async function trackCosts(): Promise<number> {
  const entry = await client.costs.create({
    model: "gpt-4",
    tokensUsed: 1_500,
    cost: 0.045,
    userId: "user-123",
    metadata: { endpoint: "/api/chat", modelVersion: "0613", temperature: 0.7 },
  });
  expectTypeOf(entry.id).toEqualTypeOf<string>();
  const costs = await client.costs.list({
    startDate: new Date(Date.now() - 7 * 24 * 60 * 60 * 1_000),
    endDate: new Date(),
    filters: { model: ["gpt-4", "gpt-3.5-turbo"], userId: "user-123" },
  });
  const [first, second] = await Promise.all([
    client.costs.create({ model: "gpt-4", tokensUsed: 1_000, cost: 0.03 }),
    client.costs.create({ model: "claude-2", tokensUsed: 800, cost: 0.024 }).then((made) => client.costs.get(made.id)),
  ]);
  expectTypeOf(second).toEqualTypeOf<CostRecord>();
  return costs.reduce((sum, cost) => sum + (cost.amount ?? 0), first.cost * 0.92);
}

async function checkBudget(threshold: number): Promise<boolean> {
  const budget = await client.budgets.getCurrent();
  if (budget.spent > threshold) return false;
  return (budget.utilization ?? 1) <= 0.8;
}

class Tracker {
  readonly #client: CostOpsClient = client;

  track(entry: Partial<CostEntry>): Promise<CostEntry> {
    return this.#client.costs.create(entry);
  }

  cached(options: Parameters<CostOpsClient["costs"]["list"]>[0]): Promise<CostRecord[]> {
    return this.#client.costs.list(options);
  }
}

class ConvertingClient extends CostOpsClient {
  override async create(entry: Partial<CostEntry>) {
    const made = await super.create(entry);
    return { ...made, costInEuro: made.cost * 0.92 };
  }
}

test("documented uses compile", () => {
  const uses = [recordAndAddUp, recordFully, paramsOfOnesOwn, tellKindsOfErrorsApart, configure, stream, trackCosts];
  expect([...uses, checkBudget, Tracker, ConvertingClient]).toHaveLength(10);
});

test("types say what is known and refuse what is wrong", () => {
  expectTypeOf<UsageRecord["totalCost"]>().toEqualTypeOf<number | null>();
  expectTypeOf<UsageRecord["totalCostExact"]>().toEqualTypeOf<string | null>();
  expectTypeOf<UsageRecord["tags"]>().toEqualTypeOf<Record<string, string>>();
  expectTypeOf<UsageRecord>().not.toHaveProperty("total_cost");
  expectTypeOf<CostRecord["cost"]>().toEqualTypeOf<number | null>();
  expectTypeOf<CostEntry["cost"]>().toEqualTypeOf<number>();
  expectTypeOf<Page<CostRecord>>().toExtend<CostRecord[]>();
  expectTypeOf<CreateUsageParams["occurredAt"]>().toEqualTypeOf<string | number | Date | undefined>();
  interface UsageOfSomeProvider {
    prompt_tokens: number;
  }
  expectTypeOf<{ usage: UsageOfSomeProvider; tags: readonly string[] }>().toExtend<CreateUsageParams>();
  expectTypeOf<{ promptTokens: string }>().not.toExtend<CreateUsageParams>();
  expectTypeOf<{ timeout: string }>().not.toExtend<ConstructorParameters<typeof CostOpsClient>[0]>();
});
