import type { ProviderUsage } from "../usage-flavors.ts";
import { isPresent, listOf, nameOf, objectOf } from "./provider-json.ts";
import {
  acceptCount,
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
 * Amazon Bedrock Converse and the counts of its invocation logs: the input EXCLUDES cache reads and writes, the total
 * includes them. `cacheDetails` divides the writes by lifetime.
 */
function readBedrockConverseUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  const input = countAt(reading, "inputTokens", "inputTokenCount");
  const output = countAt(reading, "outputTokens", "outputTokenCount");
  const total = countAt(reading, "totalTokens");
  const read = countAt(reading, "cacheReadInputTokens", "cacheReadInputTokenCount");
  const write = countAt(reading, "cacheWriteInputTokens", "cacheWriteInputTokenCount");
  const known = (input?.value ?? 0) + (output?.value ?? 0);
  const sum = known + (read?.value ?? 0) + (write?.value ?? 0);

  let fresh = input?.value;
  let visible = output?.value;
  if (total !== undefined && total.value !== sum) {
    const rest = total.value - sum;
    if (input === undefined && output !== undefined && rest > 0) fresh = rest;
    else if (output === undefined && input !== undefined && rest > 0) visible = rest;
    else
      contradict(reading, total.name, "inputTokens", `the parts come to ${sum}, but ${total.name} is ${total.value}`);
  }
  if (fresh !== undefined) reading.inputReported = true;
  if (visible !== undefined) reading.outputReported = true;
  addQuantity(reading, "input", fresh ?? 0);
  addQuantity(reading, "cache_read", read?.value ?? 0);
  addWrites(reading, write?.value);
  addQuantity(reading, "output", visible ?? 0);
  const tier = reading.usage["serviceTier"];
  return closeReading(reading, { serviceTier: nameOf(objectOf(tier)?.["type"] ?? tier) });
}

function addWrites(reading: UsageReading, total: number | undefined): void {
  const byLifetime = { "5m": 0, "1h": 0 };
  for (const entry of listOf(reading.usage["cacheDetails"])) {
    const detail = objectOf(entry);
    const count =
      detail === undefined ? undefined : acceptCount(reading, "cacheDetails.inputTokens", detail["inputTokens"]);
    if (count === undefined) continue;
    if (detail?.["ttl"] === "5m" || detail?.["ttl"] === "1h") byLifetime[detail["ttl"]] += count.value;
    else assume(reading, "cacheDetails has an unknown ttl; it is taken as 5m");
  }
  const detailed = byLifetime["5m"] + byLifetime["1h"];
  const written = total ?? detailed;
  if (detailed > written) {
    const message = `cacheDetails come to ${detailed}, but cacheWriteInputTokens is ${written}`;
    contradict(reading, "cacheDetails", "cacheWriteInputTokens", message);
  }
  const longLived = Math.min(byLifetime["1h"], written);
  addQuantity(reading, "cache_write_1h", longLived);
  addQuantity(reading, "cache_write_5m", written - longLived);
}

const fieldNames = ["inputTokens", "outputTokens", "inputTokenCount", "outputTokenCount"] as const;
/** Names of another usage object in camel case, whose input includes the cached tokens. */
const foreignNames = ["reasoningTokens", "cachedInputTokens", "inputTokenDetails"] as const;

export const bedrockConverse: UsageShape = {
  flavor: "bedrock_converse",
  recognises: (usage) =>
    fieldNames.some((name) => typeof usage[name] === "number") && !foreignNames.some((name) => isPresent(usage[name])),
  read: readBedrockConverseUsage,
};
