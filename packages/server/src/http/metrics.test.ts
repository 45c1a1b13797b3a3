import { expect, test } from "vitest";
import type { CommittedModel } from "../usage/ledger-observer.ts";
import { createMetrics, metricNames } from "./metrics.ts";

const model = (name: string, more: Partial<CommittedModel> = {}): CommittedModel => ({
  provider: "p",
  model: name,
  succeeded: 1,
  failed: 0,
  inputTokens: 10,
  outputTokens: 5,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costs: [],
  latenciesMs: [],
  ...more,
});
const committed = (models: readonly CommittedModel[]) => ({
  durationMs: 2,
  organizations: ["o"],
  recorded: models.length,
  duplicate: 1,
  rejected: 2,
  models,
});

test("counts what the ledger committed under the documented names", async () => {
  const metrics = createMetrics(() => 77);
  const amount = 1_500_000_000_000n;
  metrics.onCommitted(
    committed([model("m", { failed: 2, costs: [{ currency: "USD", amount }], latenciesMs: [1_500] })]),
  );
  metrics.onAnswered({
    operation: "usage.create",
    method: "POST",
    path: undefined,
    status: 201,
    durationMs: 3,
    requestId: "r",
    traceId: undefined,
    clientAddress: undefined,
    organizationId: "o",
    error: undefined,
  });
  metrics.onRateLimited("key-writes");
  const { text, contentType } = await metrics.render();
  expect(contentType).toMatch(/^text\/plain/);
  for (const line of [
    'llm_requests_total{provider="p",model="m",status="success"} 1',
    'llm_requests_total{provider="p",model="m",status="error"} 2',
    'llm_cost_total{provider="p",model="m",currency="USD"} 1.5',
    'llm_tokens_total{provider="p",model="m",type="input"} 10',
    'llm_tokens_total{provider="p",model="m",type="output"} 5',
    'llm_latency_seconds_sum{provider="p",model="m"} 1.5',
    'cost_ops_records_total{outcome="duplicate"} 1',
    'http_request_duration_seconds_count{operation="usage.create",status="201"} 1',
    "cost_ops_ingest_queue_bytes 77",
    'cost_ops_rate_limited_total{limit="key-writes"} 1',
  ]) {
    expect(text).toContain(line);
  }
  for (const name of Object.keys(metricNames)) expect(text).toContain(`# HELP ${name} `);
});

test("made-up models cannot fill the memory: after 500 the others are counted together", async () => {
  const metrics = createMetrics(() => 0);
  for (let at = 0; at < 600; at += 1) metrics.onCommitted(committed([model(`m${at}`)]));
  const { text } = await metrics.render();
  expect(text.match(/^llm_requests_total\{/gm)).toHaveLength(501);
  expect(text).toContain('llm_requests_total{provider="other",model="other",status="success"} 100');
});

test("two servers in one process count apart", async () => {
  const [one, two] = [createMetrics(() => 0), createMetrics(() => 0)];
  one.onCommitted(committed([model("m")]));
  expect((await two.render()).text).not.toContain("llm_requests_total{");
});
