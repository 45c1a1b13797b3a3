/** A year of calls, the same on every run: many models, labels and ids, clocks that change, calls without a price. */

export type Pick = (below: number) => number;

/** Numbers that come again on every run. */
export function sequence(seed: number): Pick {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Prices of acme are the organization's own; the one of `late` comes after its calls. */
const models: readonly (readonly [provider: string | undefined, model: string])[] = [
  ["openai", "gpt-4o"],
  ["openai", "gpt-4o-2024-08-06"],
  ["openai", "gpt-4o-mini"],
  ["openai", "gpt-4.1"],
  ["openai", "gpt-4.1-mini"],
  ["openai", "gpt-5"],
  ["openai", "gpt-5-mini"],
  ["openai", "o3"],
  ["openai", "o4-mini"],
  ["azure", "gpt-4o"],
  ["anthropic", "claude-sonnet-4-5-20250929"],
  ["anthropic", "claude-opus-4-1-20250805"],
  ["anthropic", "claude-haiku-4-5"],
  [undefined, "claude-sonnet-4-5"],
  ["google", "gemini-2.5-pro"],
  ["google", "gemini-2.5-flash"],
  ["deepseek", "deepseek-chat"],
  ["mistral", "mistral-large-latest"],
  ["groq", "llama-3.3-70b-versatile"],
  ["acme", "discounted"],
  ["acme", "tiered"],
  ["acme", "in-euro"],
  ["acme", "late"],
  ["nobody", "unheard-of"],
];

const hourMs = 3_600_000;
const firstMs = Date.UTC(2025, 9, 1);
const lastMs = Date.UTC(2026, 9, 31);
/** Shortly before clocks change in Berlin and New York, and before a month ends in Kolkata and in Berlin. */
const ragged = [
  Date.UTC(2025, 9, 26, 0, 30),
  Date.UTC(2025, 10, 2, 5, 30),
  Date.UTC(2026, 2, 8, 6, 30),
  Date.UTC(2026, 2, 29, 0, 30),
  Date.UTC(2026, 0, 31, 18, 29),
  Date.UTC(2026, 1, 28, 22, 59),
];

/** Call `n` of the year, whatever was asked for before it. */
export function call(n: number): Readonly<Record<string, unknown>> & { readonly id: string } {
  const pick = sequence(Math.imul(n + 1, 2_654_435_761));
  for (let skipped = 0; skipped < 4; skipped += 1) pick(2);
  const [provider, model] = models[pick(models.length)] ?? models[0] ?? [];
  const atMs =
    pick(20) === 0
      ? (ragged[pick(ragged.length)] ?? firstMs) + pick(2 * hourMs)
      : firstMs + pick((lastMs - firstMs) / 1_000) * 1_000 + pick(1_000);
  const input = pick(10) === 0 ? pick(300_000) : pick(9_000);
  const cached = pick(3) === 0 ? pick(input + 1) : 0;
  const output = pick(4_000);
  return {
    id: idOf(n, atMs, pick),
    ...(provider === undefined ? {} : { provider }),
    model,
    occurred_at: new Date(atMs).toISOString(),
    input_tokens: input,
    cached_tokens: cached,
    cache_write_tokens: pick(8) === 0 ? pick(input - cached + 1) : 0,
    output_tokens: output,
    reasoning_tokens: pick(5) === 0 ? pick(output + 1) : 0,
    project_id: ["search", "chat", "Ärger", null][pick(4)],
    user_id: pick(5) === 0 ? null : `user-${pick(60)}`,
    service_tier: ["batch", "priority", "flex"][pick(24)] ?? null,
    region: pick(12) === 0 ? "eu" : null,
    tags: pick(3) === 0 ? {} : { team: ["web", "=1+1", 'a:b="c",{}'][pick(3)] },
    ...(pick(20) === 0 ? { units: { web_searches: pick(4) } } : {}),
    ...(pick(9) === 0 ? { metadata: { note: ["a\\b\tc", "line\nbreak", "ü ✓"][pick(3)], n } } : {}),
    status: pick(25) === 0 ? "error" : "success",
    stream: pick(3) === 0,
    ...(pick(15) === 0 ? { usage_status: ["estimated", "partial"][pick(2)] } : {}),
  };
}

/** Ids as applications make them: by time, by chance, or any text. */
function idOf(n: number, atMs: number, pick: Pick): string {
  const chance =
    (n * 7_919).toString(16).padStart(8, "0") +
    pick(2 ** 32)
      .toString(16)
      .padStart(8, "0");
  if (n % 5 === 0) return `call/${n} ü`;
  const time = n % 5 === 1 ? chance.slice(4) : atMs.toString(16).padStart(12, "0");
  const version = n % 5 === 1 ? "4" : "7";
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-${version}000-8${chance.slice(0, 3)}-${chance.slice(3).slice(0, 12)}`;
}

export const prices = [
  {
    provider: "acme",
    model: "discounted",
    input_price_per_million: "1.234567",
    output_price_per_million: "7.000001",
    cached_input_discount: 0.75,
    batch_discount: 0.5,
    price_per_request: "0.000333",
  },
  {
    provider: "acme",
    model: "tiered",
    tier_mode: "marginal",
    rates: [
      { kind: "input", price: "0.9" },
      { kind: "input", price: "1.7", above: 50_000 },
      { kind: "output", price: "3.33" },
      { kind: "output", price: "2.22", time_of_day: { from: "16:30", to: "00:30" } },
      { kind: "cache_read", price: "0.09" },
      { kind: "cache_write_5m", price: "1.1" },
    ],
    multipliers: [{ region: "eu", factor: "1.1" }],
  },
  { provider: "acme", model: "in-euro", input_price_per_million: "2", output_price_per_million: "8", currency: "EUR" },
];

/** Comes after the calls that it is for, and has a price for everything that is in them. */
export const latePrice = {
  provider: "acme",
  model: "late",
  rates: [
    { kind: "input", price: "0.333333333" },
    { kind: "output", price: "1.000000007" },
    { kind: "cache_read", price: "0.1" },
    { kind: "cache_write_5m", price: "0.4" },
    { kind: "web_searches", price: "0.01" },
  ],
  multipliers: ["batch", "flex", "priority"].map((service_tier) => ({ service_tier, factor: "0.75" })),
  effective_date: "2025-12-01T00:00:00Z",
};
