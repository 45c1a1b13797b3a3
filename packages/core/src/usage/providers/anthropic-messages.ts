import type { ProviderUsage } from "../usage-flavors.ts";
import { isPresent, type JsonObject, listOf, nameOf, objectOf } from "./provider-json.ts";
import { splitOutput } from "./split-tokens.ts";
import {
  addQuantity,
  assume,
  closeReading,
  contradict,
  countAt,
  openReading,
  type UsageReading,
} from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/**
 * Anthropic Messages: `input_tokens` EXCLUDES what was read from and written to the cache, so the three are added, never
 * subtracted. Cache writes are split by lifetime; without the split they are five-minute writes, the default lifetime.
 * Summaries that the server makes on the way (`iterations` of type `compaction`) are billed and are not in the totals.
 */
function readAnthropicMessagesUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  readCounts(reading);
  addQuantity(reading, "web_searches", countAt(reading, "server_tool_use.web_search_requests")?.value ?? 0);
  const code = countAt(reading, "server_tool_use.code_execution_requests");
  addQuantity(reading, "code_executions", code?.value ?? 0);
  for (const entry of listOf(reading.usage["iterations"])) readIteration(reading, entry);
  // Fast mode is charged at several times the standard price: it is a tier, though the provider gives it its own field.
  const serviceTier = reading.usage["speed"] === "fast" ? "fast" : nameOf(reading.usage["service_tier"]);
  return closeReading(reading, { serviceTier });
}

function readIteration(reading: UsageReading, entry: unknown): void {
  const iteration = objectOf(entry);
  const type = iteration?.["type"];
  if (iteration === undefined || type === "message" || type === undefined) return;
  const inner = type === "compaction" ? openReading(iteration) : undefined;
  if (inner === undefined) {
    assume(reading, `an iteration of type ${nameOf(type) ?? "unknown"} is not in the totals; it was left out`);
    return;
  }
  readCounts(inner);
  reading.notes.push("tokens of a compaction, which the totals leave out, are added");
  for (const [kind, value] of Object.entries(inner.quantities)) addQuantity(reading, kind as "input", value);
  reading.contradictions.push(...inner.contradictions);
  for (const note of inner.notes) assume(reading, `iterations: ${note}`);
}

function readCounts(reading: UsageReading): void {
  const input = countAt(reading, "input_tokens");
  const cacheRead = countAt(reading, "cache_read_input_tokens");
  const output = countAt(reading, "output_tokens");
  const thinking = countAt(reading, "output_tokens_details.thinking_tokens");
  if (input !== undefined) reading.inputReported = true;
  addQuantity(reading, "input", input?.value ?? 0);
  addQuantity(reading, "cache_read", cacheRead?.value ?? 0);
  readCacheWrites(reading);
  if (output !== undefined) {
    splitOutput(reading, { whole: output, reasoning: thinking, reasoningInside: true, modalities: {} });
  }
}

function readCacheWrites(reading: UsageReading): void {
  const whole = countAt(reading, "cache_creation_input_tokens");
  const short = countAt(reading, "cache_creation.ephemeral_5m_input_tokens");
  const long = countAt(reading, "cache_creation.ephemeral_1h_input_tokens");
  const parts = (short?.value ?? 0) + (long?.value ?? 0);
  const total = whole?.value ?? parts;
  const known = short ?? long;
  if (whole !== undefined && known !== undefined && parts !== total) {
    const message = `cache_creation comes to ${parts}, but ${whole.name} is ${whole.value}`;
    contradict(reading, known.name, whole.name, message);
  }
  const longLived = Math.min(long?.value ?? 0, total);
  addQuantity(reading, "cache_write_1h", longLived);
  addQuantity(reading, "cache_write_5m", total - longLived);
}

/** Fields of OpenAI's Responses, whose input includes its cached tokens; they tell the two apart where the total is missing. */
const speaksResponses = (usage: JsonObject): boolean =>
  isPresent(usage["input_tokens_details"]) || isPresent(objectOf(usage["output_tokens_details"])?.["reasoning_tokens"]);

export const anthropicMessages: UsageShape = {
  flavor: "anthropic_messages",
  recognises: (usage, body) =>
    !isPresent(usage["prompt_tokens"]) &&
    ((body["type"] === "message" && isPresent(body["role"])) ||
      ["cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"].some((name) => name in usage) ||
      (isPresent(usage["input_tokens"]) &&
        isPresent(usage["output_tokens"]) &&
        !isPresent(usage["total_tokens"]) &&
        !speaksResponses(usage))),
  read: readAnthropicMessagesUsage,
};
