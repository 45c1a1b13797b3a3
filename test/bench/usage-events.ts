/** A source of realistic usage that is the same on every run. */
export interface UsageEvents {
  /** The next `count` events as the JSON body of one batch. */
  readonly batch: (count: number) => Uint8Array;
}

const models: readonly (readonly [provider: string, model: string])[] = [
  ["openai", "gpt-4o"],
  ["openai", "gpt-4o-mini"],
  ["anthropic", "claude-sonnet-4-5"],
  ["google", "gemini-2.5-pro"],
];
const teams = ["search", "support", "billing", "growth", "platform", "research", "mobile", "data"];

/** Mulberry32: small, fast, and the same numbers everywhere. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const hex = (value: number, digits: number): string => Math.floor(value).toString(16).padStart(digits, "0");

/**
 * Events with time-ordered UUIDv7 ids from `startMs` on: 500 users, each in one of 8 teams with one of its 3 projects and
 * two of 4 models, 30 % with cached input, 20 ms apart.
 */
export function usageEvents(startMs: number, seed = 1): UsageEvents {
  const random = randomNumbers(seed);
  let made = 0;
  const next = (): unknown => {
    const ms = startMs + made * 20;
    made += 1;
    const time = hex(ms, 12);
    const user = Math.floor(random() * 500);
    const team = user % teams.length;
    const [provider, model] = models[(user + (random() < 0.8 ? 0 : 1)) % models.length] as (typeof models)[number];
    const input = Math.floor(random() * 4_000) + 50;
    return {
      id: `${time.slice(0, 8)}-${time.slice(8)}-7${hex(random() * 4_096, 3)}-8${hex(random() * 4_096, 3)}-${hex(random() * 2 ** 48, 12)}`,
      provider,
      model,
      project_id: `project-${team * 3 + (user % 3)}`,
      user_id: `user-${user}`,
      input_tokens: input,
      output_tokens: Math.floor(random() * 800) + 1,
      cached_tokens: random() < 0.3 ? Math.floor(input / 2) : 0,
      occurred_at: new Date(ms).toISOString(),
      latency_ms: Math.floor(random() * 5_000),
      tags: { team: teams[team], env: "production" },
    };
  };
  return { batch: (count) => new TextEncoder().encode(JSON.stringify(Array.from({ length: count }, next))) };
}
