import { sampleUsage } from "../src/demo/sample-usage.ts";

/** A few hundred calls of a few days in November 2026, one of them with a tag that tries to harm a terminal or a sheet. */
export function sampleLog(): readonly Record<string, unknown>[] {
  const records = [...sampleUsage({ endMs: Date.UTC(2026, 10, 19), days: 2 })].slice(0, 300);
  return [
    ...records,
    {
      id: "caches-and-reasoning",
      provider: "openai",
      model: "gpt-4o-2024-08-06",
      project_id: "=cmd()",
      occurred_at: "2026-11-18T12:00:00Z",
      usage: {
        prompt_tokens: 12_000,
        completion_tokens: 900,
        total_tokens: 12_900,
        prompt_tokens_details: { cached_tokens: 9_000, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
      },
      usage_format: "openai_chat",
      tags: { team: "search" },
    },
    {
      id: "nobody-has-a-price",
      provider: "acme",
      model: "foo 1",
      input_tokens: 10,
      output_tokens: 5,
      occurred_at: "2026-11-18T12:00:00Z",
    },
  ];
}

export const asJsonl = (records: readonly object[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");
