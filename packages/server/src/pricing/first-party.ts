/**
 * Makers of models, in the order in which a bare model name is looked for when a record names no provider: a maker goes
 * before the clouds and resellers that also sell its models (Google sells Claude, so Anthropic is asked first).
 */
export const firstPartyProviders: readonly string[] = [
  "openai",
  "anthropic",
  "google",
  "mistral",
  "deepseek",
  "x-ai",
  "cohere",
  "perplexity",
  "moonshotai",
  "minimax",
  "zhipuai",
  "zai",
  "voyageai",
];
