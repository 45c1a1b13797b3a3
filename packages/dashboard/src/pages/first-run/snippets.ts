/** Two calls as providers answer them, at an instant. */
export const sampleLog = (occurredAt: string): string =>
  [
    {
      provider: "openai",
      model: "gpt-4o-mini",
      project_id: "first-steps",
      occurred_at: occurredAt,
      usage: { prompt_tokens: 1_200, completion_tokens: 300, total_tokens: 1_500 },
    },
    {
      provider: "anthropic",
      model: "claude-sonnet-4-5",
      project_id: "first-steps",
      occurred_at: occurredAt,
      usage: { input_tokens: 800, output_tokens: 450, cache_read_input_tokens: 2_000 },
    },
  ]
    .map((line) => JSON.stringify(line))
    .join("\n");

/** How one call is recorded, from a shell and from a program. */
export const snippetsFor = (
  origin: string,
  key: string,
): readonly { readonly name: string; readonly text: string }[] => [
  {
    name: "curl",
    text: `curl ${origin}/api/v1/usage \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"provider":"openai","model":"gpt-4o-mini","input_tokens":1200,"output_tokens":300}'`,
  },
  {
    name: "TypeScript",
    text: `import { CostOpsClient } from "@llm-cost-ops/sdk";

const costs = new CostOpsClient({ baseURL: "${origin}", apiKey: "${key}" });
// The usage object as the provider's own client gives it.
await costs.usage.create({ provider: "openai", model: answer.model, usage: answer.usage });`,
  },
];
