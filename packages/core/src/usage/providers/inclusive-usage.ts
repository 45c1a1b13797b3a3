import { type InputParts, type Modality, type ModalityCounts, splitInput, splitOutput } from "./split-tokens.ts";
import { assume, type Count, contradict, countAt, type UsageReading } from "./usage-reading.ts";

/** Paths of one count, in the order in which they are tried. */
type Paths = readonly string[];

/**
 * Where a provider with inclusive totals (the prompt includes its cached tokens) keeps each count. A new provider of
 * this family is one such table.
 */
export interface InclusiveFields {
  readonly input: Paths;
  readonly output: Paths;
  readonly total: Paths;
  readonly cacheRead?: Paths;
  readonly cacheWrite5m?: Paths;
  readonly inputModalities?: { readonly [M in Modality]?: Paths };
  readonly cachedModalities?: { readonly [M in Modality]?: Paths };
  readonly reasoning?: Paths;
  readonly outputModalities?: { readonly [M in Modality]?: Paths };
  /**
   * `inside`: the output includes the reasoning. `outside`: the reasoning is additional, and the total includes it.
   * `beside_total`: additional, and the total does not include it. For the first two the provider's own total decides
   * when it fits only the other.
   */
  readonly reasoningPlace: "inside" | "outside" | "beside_total";
  /** The shape reports what was read and nothing else (embeddings): a total alone is the input. */
  readonly inputOnly?: boolean;
}

interface Wholes {
  readonly input: Count | undefined;
  readonly output: Count | undefined;
  readonly total: Count | undefined;
}

/** Reads inclusive token counts into the disjoint kinds of the reading. */
export function readInclusive(reading: UsageReading, fields: InclusiveFields): void {
  const cacheRead = readCount(reading, fields.cacheRead);
  const cacheWrite5m = readCount(reading, fields.cacheWrite5m);
  const reasoning = readCount(reading, fields.reasoning);
  const wholes = readWholes(reading, fields, reasoning);
  const cached = (cacheRead?.value ?? 0) + (cacheWrite5m?.value ?? 0);
  const place = placeParts(reading, fields, wholes, cached, reasoning);

  const input = place.cacheOutside ? enlarge(wholes.input, cached) : wholes.input;
  const inputModalities = readModalities(reading, fields.inputModalities);
  const cachedModalities = readModalities(reading, fields.cachedModalities);
  const parts: Omit<InputParts, "whole"> = {
    cacheRead,
    cacheWrite5m,
    modalities: inputModalities ?? {},
    cachedModalities,
  };
  const whole = input ?? wholeOfParts(reading, fields.input[0], [cacheRead, cacheWrite5m, ...values(inputModalities)]);
  if (whole !== undefined) splitInput(reading, { ...parts, whole });

  const outputModalities = readModalities(reading, fields.outputModalities);
  const output =
    wholes.output ??
    wholeOfParts(reading, fields.output[0], [
      place.reasoningInside ? reasoning : undefined,
      ...values(outputModalities),
    ]);
  if (output !== undefined) {
    splitOutput(reading, {
      whole: output,
      reasoning,
      reasoningInside: place.reasoningInside,
      modalities: outputModalities ?? {},
    });
  } else if (reasoning !== undefined && !place.reasoningInside) {
    splitOutput(reading, {
      whole: { name: reasoning.name, value: 0 },
      reasoning,
      reasoningInside: false,
      modalities: {},
    });
  }
}

/** Input, output and total as reported; a missing side is derived from the total where the other one is known. */
function readWholes(reading: UsageReading, fields: InclusiveFields, reasoning: Count | undefined): Wholes {
  const input = readCount(reading, fields.input);
  const output = readCount(reading, fields.output);
  const total = readCount(reading, fields.total);
  if (total === undefined || (input !== undefined && output !== undefined)) return { input, output, total };
  if (fields.inputOnly === true) {
    if (input === undefined) return { input: total, output, total: undefined };
    if (input.value !== total.value && output === undefined) {
      contradict(
        reading,
        input.name,
        total.name,
        `${input.name} (${input.value}) is not ${total.name} (${total.value})`,
      );
    }
    return { input, output, total: undefined };
  }
  const known = input ?? output;
  if (known === undefined) {
    if (total.value > 0) {
      const missing = fields.input[0] ?? "input";
      contradict(reading, total.name, missing, `${total.name} (${total.value}) cannot be divided without ${missing}`);
    }
    return { input, output, total: undefined };
  }
  const beside = fields.reasoningPlace === "outside" ? (reasoning?.value ?? 0) : 0;
  const rest = total.value - known.value - beside;
  if (rest < 0) {
    contradict(
      reading,
      known.name,
      total.name,
      `${known.name} (${known.value}) is larger than ${total.name} (${total.value})`,
    );
    return { input, output, total: undefined };
  }
  const derived: Count = { name: total.name, value: rest };
  return { input: input ?? derived, output: output ?? derived, total: undefined };
}

interface Placement {
  readonly reasoningInside: boolean;
  readonly cacheOutside: boolean;
}

/** Decides what the wholes include: the provider's rule, unless its own total fits only another reading of its numbers. */
function placeParts(
  reading: UsageReading,
  fields: InclusiveFields,
  wholes: Wholes,
  cached: number,
  reasoning: Count | undefined,
): Placement {
  const { input, output, total } = wholes;
  const rule: Placement = { reasoningInside: fields.reasoningPlace === "inside", cacheOutside: false };
  if (total === undefined || input === undefined || output === undefined) return rule;
  const thought = fields.reasoningPlace === "beside_total" ? 0 : (reasoning?.value ?? 0);
  const sumOf = (place: Placement): number =>
    input.value + output.value + (place.reasoningInside ? 0 : thought) + (place.cacheOutside ? cached : 0);
  if (sumOf(rule) === total.value) return rule;
  const others: readonly Placement[] = [
    { ...rule, reasoningInside: !rule.reasoningInside },
    { ...rule, cacheOutside: true },
    { reasoningInside: !rule.reasoningInside, cacheOutside: true },
  ];
  const fitting = others.find((place) => {
    if (fields.reasoningPlace === "beside_total" && place.reasoningInside) return false;
    return sumOf(place) === total.value;
  });
  if (fitting !== undefined) {
    const reasons = [
      fitting.reasoningInside === rule.reasoningInside
        ? ""
        : `${reasoning?.name} is counted ${fitting.reasoningInside ? "inside" : "beside"} ${output.name}`,
      fitting.cacheOutside ? `cached tokens are counted beside ${input.name}` : "",
    ].filter((reason) => reason !== "");
    reading.notes.push(`${reasons.join(" and ")}, because only so the parts sum to ${total.name} (${total.value})`);
    return fitting;
  }
  const sum = sumOf(rule);
  const message = `${input.name} (${input.value}) and ${output.name} (${output.value}) come to ${sum}, but ${total.name} is ${total.value}`;
  contradict(reading, input.name, total.name, message);
  return rule;
}

/** A missing whole is at least its largest part; the reading says that it was assumed. */
function wholeOfParts(
  reading: UsageReading,
  missing: string | undefined,
  parts: readonly (Count | undefined)[],
): Count | undefined {
  const largest = parts.reduce((a, b) => ((b?.value ?? 0) > (a?.value ?? 0) ? b : a), undefined);
  if (largest === undefined || largest.value === 0) return undefined;
  assume(reading, `${missing ?? "the whole"} is missing; it is at least ${largest.name} (${largest.value})`);
  return { name: missing ?? largest.name, value: largest.value };
}

const enlarge = (count: Count | undefined, by: number): Count | undefined =>
  count === undefined ? undefined : { name: count.name, value: count.value + by };

const readCount = (reading: UsageReading, paths: Paths | undefined): Count | undefined =>
  paths === undefined ? undefined : countAt(reading, ...paths);

const values = (counts: ModalityCounts | undefined): readonly (Count | undefined)[] =>
  counts === undefined ? [] : [counts.audio, counts.image, counts.video];

function readModalities(
  reading: UsageReading,
  paths: { readonly [M in Modality]?: Paths } | undefined,
): ModalityCounts | undefined {
  if (paths === undefined) return undefined;
  const audio = readCount(reading, paths.audio);
  const image = readCount(reading, paths.image);
  const video = readCount(reading, paths.video);
  return audio === undefined && image === undefined && video === undefined ? undefined : { audio, image, video };
}
