import type { ProviderUsage } from "../usage-flavors.ts";
import { readInclusive } from "./inclusive-usage.ts";
import { openaiChatFields } from "./openai-chat.ts";
import { isPresent } from "./provider-json.ts";
import { closeReading, contradict, countAt, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/** DeepSeek: the prompt is the sum of cache hits (read) and misses (fresh); the completion includes reasoning. */
function readDeepseekUsage(usage: unknown): ProviderUsage | undefined {
  const opened = openReading(usage);
  if (opened === undefined) return undefined;
  const hit = countAt(opened, "prompt_cache_hit_tokens");
  const miss = countAt(opened, "prompt_cache_miss_tokens");
  const prompt = countAt(opened, "prompt_tokens");
  const sum = (hit?.value ?? 0) + (miss?.value ?? 0);
  const bothKnown = hit !== undefined && miss !== undefined;
  const reading = openReading(prompt === undefined && bothKnown ? { ...opened.usage, prompt_tokens: sum } : usage);
  if (reading === undefined) return undefined;
  if (prompt !== undefined && bothKnown && sum !== prompt.value) {
    const message = `${hit.name} and ${miss.name} come to ${sum}, but ${prompt.name} is ${prompt.value}`;
    contradict(reading, miss.name, prompt.name, message);
  }
  readInclusive(reading, {
    ...openaiChatFields,
    cacheRead: ["prompt_cache_hit_tokens", ...(openaiChatFields.cacheRead ?? [])],
  });
  return closeReading(reading);
}

export const deepseek: UsageShape = {
  flavor: "deepseek",
  recognises: (usage) => isPresent(usage["prompt_cache_hit_tokens"]) || isPresent(usage["prompt_cache_miss_tokens"]),
  read: readDeepseekUsage,
};
