import type { ProviderUsage } from "../usage-flavors.ts";
import { isPresent, objectOf } from "./provider-json.ts";
import { splitInput, splitOutput } from "./split-tokens.ts";
import { addQuantity, closeReading, countAt, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/**
 * Cohere v1 (`meta`) and v2 (`usage`): what is billed stands in `billed_units`; `tokens` includes a preamble that is not
 * billed, and is read only where nothing else is there. A search unit of reranking is a request.
 */
function readCohereUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  const group = objectOf(reading.usage["billed_units"]) === undefined ? "tokens" : "billed_units";
  const input = countAt(reading, `${group}.input_tokens`);
  const output = countAt(reading, `${group}.output_tokens`);
  const image = countAt(reading, `${group}.image_tokens`);
  if (input !== undefined) splitInput(reading, { whole: input, modalities: {} });
  // Image tokens of an embedding stand beside the text tokens.
  if (image !== undefined) splitInput(reading, { whole: image, modalities: { image } });
  if (output !== undefined) splitOutput(reading, { whole: output, reasoningInside: true, modalities: {} });
  addQuantity(reading, "requests", countAt(reading, `${group}.search_units`)?.value ?? 0);
  addQuantity(reading, "requests", countAt(reading, `${group}.classifications`)?.value ?? 0);
  return closeReading(reading);
}

export const cohere: UsageShape = {
  flavor: "cohere",
  provider: "cohere",
  recognises: (usage) => isPresent(usage["billed_units"]) || isPresent(objectOf(usage["tokens"])?.["input_tokens"]),
  read: readCohereUsage,
};
