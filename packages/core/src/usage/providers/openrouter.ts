import type { ProviderUsage } from "../usage-flavors.ts";
import { readInclusive } from "./inclusive-usage.ts";
import { openaiChatFields } from "./openai-chat.ts";
import { isPresent, nameOf } from "./provider-json.ts";
import { reportedDollars } from "./reported-cost.ts";
import { addQuantity, closeReading, countAt, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/** OpenRouter: OpenAI Chat counts, and `cost`, what it took from the balance in credits of one US dollar. */
function readOpenrouterUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  readInclusive(reading, openaiChatFields);
  addQuantity(reading, "web_searches", countAt(reading, "server_tool_use.web_search_requests")?.value ?? 0);
  return closeReading(reading, { reportedCost: reportedDollars(reading.usage["cost"]) });
}

export const openrouter: UsageShape = {
  flavor: "openrouter",
  provider: "openrouter",
  recognises: (usage, body) =>
    isPresent(usage["prompt_tokens"]) &&
    (isPresent(usage["is_byok"]) ||
      isPresent(usage["cost_details"]) ||
      ((nameOf(body["id"])?.startsWith("gen-") ?? false) && typeof body["provider"] === "string")),
  read: readOpenrouterUsage,
};
