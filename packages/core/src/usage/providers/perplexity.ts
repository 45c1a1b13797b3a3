import type { ProviderUsage } from "../usage-flavors.ts";
import { readInclusive } from "./inclusive-usage.ts";
import { openaiChatFields } from "./openai-chat.ts";
import { isPresent, nameOf, valueAt } from "./provider-json.ts";
import { reportedDollars } from "./reported-cost.ts";
import { addQuantity, closeReading, countAt, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/**
 * Perplexity: reasoning and citation tokens of Deep Research are extra and not even in `total_tokens`. Citations are
 * text that the model read, charged like input. Searches are counted for Deep Research; the other models charge a fee
 * per request, so each response is one request (free where the model has no such price).
 */
function readPerplexityUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  readInclusive(reading, { ...openaiChatFields, reasoningPlace: "beside_total" });
  const citations = countAt(reading, "citation_tokens");
  const searches = countAt(reading, "num_search_queries");
  addQuantity(reading, "input", citations?.value ?? 0);
  addQuantity(reading, "web_searches", searches?.value ?? 0);
  if (reading.seen) addQuantity(reading, "requests", 1);
  return closeReading(reading, { reportedCost: reportedDollars(valueAt(reading.usage, "cost.total_cost")) });
}

const ownFields = ["citation_tokens", "num_search_queries", "search_context_size"] as const;

export const perplexity: UsageShape = {
  flavor: "perplexity",
  provider: "perplexity",
  recognises: (usage, body) =>
    isPresent(usage["prompt_tokens"]) &&
    (ownFields.some((name) => isPresent(usage[name])) || (nameOf(body["model"])?.startsWith("sonar") ?? false)),
  read: readPerplexityUsage,
};
