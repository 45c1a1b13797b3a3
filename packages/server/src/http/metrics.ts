import { formatMoney } from "@llm-cost-ops/core";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { LimitName } from "../limits/rate-limits.ts";
import type { LedgerObserver } from "../usage/ledger-observer.ts";
import type { AnsweredRequest } from "./app.ts";

/** How many models have series of their own; the rest are counted together, so that labels cannot fill the memory. */
const modelsMax = 500;
const other = { provider: "other", model: "other" };

/** Every metric of this server by name, for its reference page. Process metrics come beside them. */
export const metricNames = {
  llm_requests_total: "Recorded calls by provider, model and status (success or error).",
  llm_cost_total: "Cost of recorded calls by provider, model and currency. A float: for pictures, not for accounts.",
  llm_tokens_total: "Tokens of recorded calls by provider, model and type. Input includes cached, output reasoning.",
  llm_latency_seconds: "Latency of the recorded calls that reported one, by provider and model.",
  http_request_duration_seconds: "Time to answer, by operation and status.",
  cost_ops_rate_limited_total: "Requests that were refused with RATE_LIMITED, by the limit that refused them.",
  cost_ops_records_total: "Records that arrived, by outcome: recorded, duplicate or rejected.",
  cost_ops_commit_duration_seconds: "Time of one ledger transaction, from its beginning to the disk.",
  cost_ops_ingest_queue_bytes: "Bytes of usage that wait for the writer.",
} as const;

export interface Metrics {
  readonly onAnswered: (request: AnsweredRequest) => void;
  readonly onCommitted: LedgerObserver;
  readonly onRateLimited: (limit: LimitName) => void;
  /** Prometheus text and its content type. */
  render(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** Metrics of one server: nothing in them is shared with another server of the same process. */
export function createMetrics(queueBytes: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const described = <Name extends keyof typeof metricNames>(name: Name) => ({
    name,
    help: metricNames[name],
    registers,
  });
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({ ...described("llm_requests_total"), labelNames: ["provider", "model", "status"] });
  const costs = new Counter({ ...described("llm_cost_total"), labelNames: ["provider", "model", "currency"] });
  const tokens = new Counter({ ...described("llm_tokens_total"), labelNames: ["provider", "model", "type"] });
  const latency = new Histogram({
    ...described("llm_latency_seconds"),
    labelNames: ["provider", "model"],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  });
  const duration = new Histogram({
    ...described("http_request_duration_seconds"),
    labelNames: ["operation", "status"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
  });
  const limited = new Counter({ ...described("cost_ops_rate_limited_total"), labelNames: ["limit"] });
  const records = new Counter({ ...described("cost_ops_records_total"), labelNames: ["outcome"] });
  const commits = new Histogram({
    ...described("cost_ops_commit_duration_seconds"),
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1],
  });
  new Gauge({
    ...described("cost_ops_ingest_queue_bytes"),
    collect() {
      this.set(queueBytes());
    },
  });

  const known = new Set<string>();
  const bounded = (provider: string, model: string): { provider: string; model: string } => {
    const key = `${provider}\n${model}`;
    if (!known.has(key)) {
      if (known.size >= modelsMax) return other;
      known.add(key);
    }
    return { provider, model };
  };
  // Looking a label set up costs more than counting in it, and almost all requests share a few.
  const durations = new Map<string, { observe: (seconds: number) => void }>();

  return {
    onAnswered(request) {
      const operation = request.operation ?? "none";
      const key = `${operation} ${request.status}`;
      let observer = durations.get(key);
      if (observer === undefined) {
        observer = duration.labels({ operation, status: String(request.status) });
        durations.set(key, observer);
      }
      observer.observe(request.durationMs / 1_000);
    },
    onCommitted(committed) {
      commits.observe(committed.durationMs / 1_000);
      records.inc({ outcome: "recorded" }, committed.recorded);
      records.inc({ outcome: "duplicate" }, committed.duplicate);
      records.inc({ outcome: "rejected" }, committed.rejected);
      for (const gained of committed.models) {
        const labels = bounded(gained.provider, gained.model);
        if (gained.succeeded > 0) requests.inc({ ...labels, status: "success" }, gained.succeeded);
        if (gained.failed > 0) requests.inc({ ...labels, status: "error" }, gained.failed);
        const byType = {
          input: gained.inputTokens,
          output: gained.outputTokens,
          cached: gained.cachedTokens,
          cache_write: gained.cacheWriteTokens,
          reasoning: gained.reasoningTokens,
        };
        for (const [type, count] of Object.entries(byType)) if (count > 0) tokens.inc({ ...labels, type }, count);
        for (const { currency, amount } of gained.costs) {
          // Prometheus knows floats only. A counter cannot fall, and a reported cost may be negative.
          if (amount > 0n) costs.inc({ ...labels, currency }, Number(formatMoney(amount)));
        }
        for (const milliseconds of gained.latenciesMs) latency.observe(labels, milliseconds / 1_000);
      }
    },
    onRateLimited(limit) {
      limited.inc({ limit });
    },
    async render() {
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}
