import type { ProviderUsage } from "../usage-flavors.ts";
import { readInclusive } from "./inclusive-usage.ts";
import { addQuantity, closeReading, openReading, secondsAsMs } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/** OpenAI transcription: `{type: "tokens"}` counts audio and text tokens, `{type: "duration"}` seconds of audio. */
function readOpenaiAudioUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  const durationMs = secondsAsMs(reading, "seconds");
  if (durationMs !== undefined) addQuantity(reading, "input_audio_ms", durationMs);
  readInclusive(reading, {
    input: ["input_tokens"],
    output: ["output_tokens"],
    total: ["total_tokens"],
    inputModalities: { audio: ["input_token_details.audio_tokens"] },
    outputModalities: { audio: ["output_token_details.audio_tokens"] },
    reasoningPlace: "inside",
  });
  return closeReading(reading);
}

export const openaiAudio: UsageShape = {
  flavor: "openai_audio",
  recognises: (usage) => usage["type"] === "duration" || usage["type"] === "tokens",
  read: readOpenaiAudioUsage,
};
