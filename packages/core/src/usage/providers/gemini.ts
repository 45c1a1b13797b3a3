import type { ProviderUsage } from "../usage-flavors.ts";
import { isPresent, listOf, nameOf, objectOf } from "./provider-json.ts";
import { type Modality, type ModalityCounts, splitInput, splitOutput } from "./split-tokens.ts";
import {
  acceptCount,
  assume,
  type Count,
  closeReading,
  contradict,
  countAt,
  openReading,
  type UsageReading,
} from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/** Documents are priced as images. */
const modalityOf: Readonly<Record<string, Modality | "text">> = {
  TEXT: "text",
  AUDIO: "audio",
  IMAGE: "image",
  DOCUMENT: "image",
  VIDEO: "video",
};

const promptNames = ["promptTokenCount", "prompt_token_count"] as const;
const cachedNames = ["cachedContentTokenCount", "cached_content_token_count"] as const;
const candidateNames = [
  "candidatesTokenCount",
  "candidates_token_count",
  "responseTokenCount",
  "response_token_count",
] as const;
const thoughtNames = ["thoughtsTokenCount", "thoughts_token_count"] as const;
const toolNames = ["toolUsePromptTokenCount", "tool_use_prompt_token_count"] as const;
const totalNames = ["totalTokenCount", "total_token_count"] as const;

/**
 * Gemini and Vertex `usageMetadata`. The prompt includes cached tokens; thoughts are NOT in the candidates; the prompt of
 * tools is extra input. A field that is zero is left out by the provider. Snake case is what its Python client dumps.
 */
function readGeminiUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  const prompt = countAt(reading, ...promptNames);
  const cached = countAt(reading, ...cachedNames);
  const candidates = countAt(reading, ...candidateNames);
  const thoughts = countAt(reading, ...thoughtNames);
  const toolUse = countAt(reading, ...toolNames);
  const total = countAt(reading, ...totalNames);

  const reasoningInside = thoughtsAreInside(reading, { prompt, candidates, thoughts, toolUse, total });
  const whole = prompt ?? (cached === undefined ? undefined : { name: cached.name, value: cached.value });
  if (prompt === undefined && cached !== undefined && cached.value > 0) {
    assume(reading, `promptTokenCount is missing; it is at least ${cached.name} (${cached.value})`);
  }
  if (whole !== undefined) {
    splitInput(reading, {
      whole,
      cacheRead: cached,
      modalities: readDetails(reading, "promptTokensDetails", "prompt_tokens_details") ?? {},
      cachedModalities: readDetails(reading, "cacheTokensDetails", "cache_tokens_details"),
    });
  }
  if (toolUse !== undefined) {
    const details = readDetails(reading, "toolUsePromptTokensDetails", "tool_use_prompt_tokens_details");
    splitInput(reading, { whole: toolUse, modalities: details ?? {} });
  }
  const candidateDetails =
    readDetails(reading, "candidatesTokensDetails", "candidates_tokens_details") ??
    readDetails(reading, "responseTokensDetails", "response_tokens_details");
  if (candidates !== undefined || thoughts !== undefined) {
    splitOutput(reading, {
      whole: candidates ?? { name: "candidatesTokenCount", value: 0 },
      reasoning: thoughts,
      reasoningInside,
      modalities: candidateDetails ?? {},
    });
  }
  const tier = ["serviceTier", "service_tier", "trafficType", "traffic_type"].map((name) =>
    nameOf(reading.usage[name]),
  );
  return closeReading(reading, { serviceTier: tier.find((name) => name !== undefined) });
}

interface GeminiCounts {
  readonly prompt: Count | undefined;
  readonly candidates: Count | undefined;
  readonly thoughts: Count | undefined;
  readonly toolUse: Count | undefined;
  readonly total: Count | undefined;
}

/** Thoughts are extra, unless the total only adds up with the thoughts inside the candidates. */
function thoughtsAreInside(reading: UsageReading, counts: GeminiCounts): boolean {
  const { prompt, candidates, thoughts, toolUse, total } = counts;
  if (total === undefined) return false;
  if (prompt === undefined && candidates === undefined) {
    if (total.value > 0) {
      const message = `${total.name} (${total.value}) cannot be divided without promptTokenCount`;
      contradict(reading, total.name, "promptTokenCount", message);
    }
    return false;
  }
  const inside = (prompt?.value ?? 0) + (candidates?.value ?? 0) + (toolUse?.value ?? 0);
  const extra = inside + (thoughts?.value ?? 0);
  if (extra === total.value) return false;
  if (inside === total.value && thoughts !== undefined && thoughts.value <= (candidates?.value ?? 0)) {
    const reason = `because only so the parts sum to ${total.name} (${total.value})`;
    reading.notes.push(`${thoughts.name} is counted inside the candidates, ${reason}`);
    return true;
  }
  const message = `the parts come to ${extra}, but ${total.name} is ${total.value}`;
  contradict(reading, total.name, prompt?.name ?? "promptTokenCount", message);
  return false;
}

function readDetails(reading: UsageReading, ...names: readonly string[]): ModalityCounts | undefined {
  const name = names.find((candidate) => isPresent(reading.usage[candidate]));
  if (name === undefined) return undefined;
  const counts: { [M in Modality]?: Count } = {};
  for (const entry of listOf(reading.usage[name])) {
    const detail = objectOf(entry);
    const named = nameOf(detail?.["modality"])?.toUpperCase();
    const modality = named === undefined ? undefined : modalityOf[named];
    if (detail === undefined || modality === undefined || modality === "text") continue;
    const path = `${name}.${named}`;
    const count = acceptCount(reading, path, detail["tokenCount"] ?? detail["token_count"] ?? 0);
    if (count === undefined) continue;
    const sum = (counts[modality]?.value ?? 0) + count.value;
    counts[modality] = { name: path, value: sum };
  }
  return counts;
}

export const gemini: UsageShape = {
  flavor: "gemini",
  provider: "google",
  recognises: (usage, body) =>
    isPresent(body["usageMetadata"]) ||
    isPresent(body["usage_metadata"]) ||
    [...promptNames, ...candidateNames, ...thoughtNames, ...totalNames].some((name) => isPresent(usage[name])),
  read: readGeminiUsage,
};
