import type { UsageInput } from "@llm-cost-ops/contract";
import { type Workload, workloads } from "./workloads.ts";

const dayMs = 86_400_000;

/**
 * Ninety days (or as many as asked) of an invented company's model calls, oldest first, the same for the same arguments:
 * working hours, quiet weekends, growth, launches and migrations, and one incident near the end, when a retry loop in
 * the support assistant repeats its calls without their cache for six hours.
 */
export function* sampleUsage(period: {
  readonly endMs: number;
  readonly days: number;
  readonly seed?: number;
}): Generator<UsageInput> {
  const random = seededRandom(period.seed ?? 20_261_121);
  const firstDay = Math.floor(period.endMs / dayMs) - period.days + 1;
  const incidentDay = period.days - 9;
  for (let day = 0; day < period.days; day += 1) {
    const dayStart = (firstDay + day) * dayMs;
    const calls = workloads.flatMap((workload) =>
      callTimes(
        workload,
        day / period.days,
        dayStart,
        day === incidentDay && workload.project === "support-assistant",
        random,
      ).map((call) => ({ ...call, workload })),
    );
    calls.sort((a, b) => a.atMs - b.atMs);
    for (const call of calls) {
      if (call.atMs < period.endMs) yield usageOf(call.workload, call.atMs, call.incident, random);
    }
  }
}

function callTimes(
  workload: Workload,
  progress: number,
  dayStart: number,
  incident: boolean,
  random: () => number,
): readonly { readonly atMs: number; readonly incident: boolean }[] {
  if (progress < (workload.from ?? 0) || progress > (workload.until ?? 1)) return [];
  const weekday = new Date(dayStart).getUTCDay();
  const rhythm = weekday === 0 || weekday === 6 ? workload.weekendShare : 1 + 0.12 * Math.sin(weekday);
  const growth = workload.startShare + (1 - workload.startShare) * progress;
  const expected = workload.callsPerDay * growth * rhythm * (0.85 + 0.3 * random());
  const times = Array.from({ length: Math.round(expected) }, () => ({
    atMs: dayStart + timeOfDayMs(workload, random),
    incident: false,
  }));
  if (!incident) return times;
  // From 09:00 to 15:00 each call is retried over and over.
  const loop = Array.from({ length: Math.round(expected * 40) }, () => ({
    atMs: dayStart + Math.floor((9 + 6 * random()) * 3_600_000),
    incident: true,
  }));
  return [...times, ...loop];
}

/** Pipelines run at night, people in working hours. */
function timeOfDayMs(workload: Workload, random: () => number): number {
  const centre = workload.project === "document-pipeline" ? 3 : 13;
  const hour = (centre + (random() + random() + random() - 1.5) * 7 + 24) % 24;
  return Math.floor(hour * 3_600_000);
}

function usageOf(workload: Workload, atMs: number, incident: boolean, random: () => number): UsageInput {
  const input = Math.max(1, longTailed(workload.inputTokens, random));
  const output = workload.outputTokens === 0 ? 0 : Math.max(1, longTailed(workload.outputTokens, random));
  const hit = !incident && workload.cachedShare !== undefined && random() < 0.8;
  const cached = hit ? Math.floor(input * (workload.cachedShare ?? 0) * (0.8 + 0.2 * random())) : 0;
  const written = workload.cachedShare !== undefined && !hit && !incident ? Math.floor(input * 0.5) : 0;
  const reasoning = Math.floor(output * (workload.reasoningShare ?? 0) * random());
  const failed = random() < (incident ? 0.3 : 0.006);
  const counts: Counts = failed
    ? { input, output: 0, cached, written: 0, reasoning: 0, webSearches: 0 }
    : {
        input,
        output,
        cached,
        written,
        reasoning,
        webSearches: workload.webSearches === undefined ? 0 : Math.floor(random() * (workload.webSearches + 1)),
      };
  return {
    id: timeOrderedId(atMs, random),
    provider: workload.provider,
    model: workload.model,
    project_id: workload.project,
    user_id: `user-${String(Math.floor(random() * random() * workload.users) + 1).padStart(4, "0")}`,
    occurred_at: new Date(atMs).toISOString(),
    ...usageFields[workload.usage](counts),
    ...(workload.serviceTier === undefined ? {} : { service_tier: workload.serviceTier }),
    ...(workload.region === undefined ? {} : { region: workload.region }),
    latency_ms: Math.round(250 + counts.output * (6 + 10 * random()) + counts.input * 0.02),
    status: failed ? "error" : "success",
    stream: workload.stream ?? false,
    tags: { team: workload.team, environment: workload.environment, ...(incident ? { retry: "true" } : {}) },
  };
}

interface Counts {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly written: number;
  readonly reasoning: number;
  readonly webSearches: number;
}

/** How each provider reports the same call: with the traps of what includes what. */
const usageFields: Readonly<Record<Workload["usage"], (counts: Counts) => Partial<UsageInput>>> = {
  counts: (c) => ({
    input_tokens: c.input,
    output_tokens: c.output,
    total_tokens: c.input + c.output,
    ...(c.cached > 0 ? { cached_tokens: c.cached } : {}),
    ...(c.reasoning > 0 ? { reasoning_tokens: c.reasoning } : {}),
  }),
  openai_chat: (c) => ({
    usage_format: "openai_chat",
    usage: {
      prompt_tokens: c.input,
      completion_tokens: c.output,
      total_tokens: c.input + c.output,
      prompt_tokens_details: { cached_tokens: c.cached, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: c.reasoning, audio_tokens: 0 },
    },
  }),
  openai_responses: (c) => ({
    usage_format: "openai_responses",
    usage: {
      input_tokens: c.input,
      input_tokens_details: { cached_tokens: c.cached },
      output_tokens: c.output,
      output_tokens_details: { reasoning_tokens: c.reasoning },
      total_tokens: c.input + c.output,
    },
  }),
  anthropic_messages: (c) => ({
    usage_format: "anthropic_messages",
    usage: {
      input_tokens: c.input - c.cached - c.written,
      cache_read_input_tokens: c.cached,
      cache_creation_input_tokens: c.written,
      cache_creation: { ephemeral_5m_input_tokens: c.written, ephemeral_1h_input_tokens: 0 },
      output_tokens: c.output,
      ...(c.webSearches > 0 ? { server_tool_use: { web_search_requests: c.webSearches } } : {}),
    },
  }),
  gemini: (c) => ({
    usage_format: "gemini",
    usage: {
      promptTokenCount: c.input,
      cachedContentTokenCount: c.cached,
      candidatesTokenCount: c.output - c.reasoning,
      thoughtsTokenCount: c.reasoning,
      totalTokenCount: c.input + c.output,
    },
  }),
  bedrock_converse: (c) => ({
    usage_format: "bedrock_converse",
    usage: {
      inputTokens: c.input - c.cached - c.written,
      outputTokens: c.output,
      cacheReadInputTokens: c.cached,
      cacheWriteInputTokens: c.written,
      totalTokens: c.input + c.output,
    },
  }),
  deepseek: (c) => ({
    usage_format: "deepseek",
    usage: {
      prompt_tokens: c.input,
      prompt_cache_hit_tokens: c.cached,
      prompt_cache_miss_tokens: c.input - c.cached,
      completion_tokens: c.output,
      total_tokens: c.input + c.output,
    },
  }),
};

/** Log-normal around a median: most calls near it, a few ten times as long. */
function longTailed(median: number, random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.round(median * Math.exp(0.6 * normal));
}

/** A UUIDv7 of the call's own time, from the seeded source, so that loading the sample twice records nothing new. */
function timeOrderedId(atMs: number, random: () => number): string {
  const time = atMs.toString(16).padStart(12, "0");
  const hex = (digits: number): string =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${"89ab"[Math.floor(random() * 4)]}${hex(3)}-${hex(6)}${hex(6)}`;
}

/** Mulberry32: a small generator whose sequence depends on its seed alone. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
