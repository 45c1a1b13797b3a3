import { addQuantity, assume, type Count, contradict, type UsageReading } from "./usage-reading.ts";

export type Modality = "audio" | "image" | "video";
export const modalities: readonly Modality[] = ["audio", "image", "video"];
export type ModalityCounts = { readonly [M in Modality]?: Count | undefined };

/** Everything that a call read, as one whole and its overlapping parts. */
export interface InputParts {
  /** Includes every part below. */
  readonly whole: Count;
  readonly cacheRead?: Count | undefined;
  readonly cacheWrite5m?: Count | undefined;
  readonly cacheWrite1h?: Count | undefined;
  /** Counts of a modality include its cached tokens. */
  readonly modalities: ModalityCounts;
  /** How the cached tokens divide over modalities; absent where the provider does not say. */
  readonly cachedModalities?: ModalityCounts | undefined;
}

/** Everything that a call generated. */
export interface OutputParts {
  readonly whole: Count;
  readonly reasoning?: Count | undefined;
  /** Whether the whole includes the reasoning. */
  readonly reasoningInside: boolean;
  readonly modalities: ModalityCounts;
}

/**
 * Divides an input whole into disjoint kinds that sum to it. Parts that do not fit are cut to what is left of the whole
 * and reported as contradictions. Where the cached tokens of a mixed prompt are not divided by modality, text counts as
 * cached first, and the reading says so.
 */
export function splitInput(reading: UsageReading, parts: InputParts): void {
  const { whole } = parts;
  reading.inputReported = true;
  let room = whole.value;
  const take = (part: Count | undefined): number => {
    const taken = fit(reading, part, room, whole);
    room -= taken;
    return taken;
  };
  const cacheRead = take(parts.cacheRead);
  const cacheWrite5m = take(parts.cacheWrite5m);
  const cacheWrite1h = take(parts.cacheWrite1h);

  let text = whole.value;
  const fresh = { audio: 0, image: 0, video: 0 };
  for (const modality of modalities) {
    fresh[modality] = fit(reading, parts.modalities[modality], text, whole);
    text -= fresh[modality];
  }
  const mixed = text < whole.value;

  // The cached tokens leave their modality: first as reported, then text, then whatever is left.
  const cached = { audio: 0, image: 0, video: 0 };
  let cachedLeft = cacheRead;
  if (parts.cachedModalities !== undefined) {
    for (const modality of modalities) {
      const part = parts.cachedModalities[modality];
      const owner = parts.modalities[modality] ?? whole;
      cached[modality] = fit(reading, part, Math.min(fresh[modality], cachedLeft), owner);
      cachedLeft -= cached[modality];
      fresh[modality] -= cached[modality];
    }
  } else if (mixed && cacheRead > 0 && cacheRead < whole.value) {
    assume(
      reading,
      `how ${parts.cacheRead?.name} divides over modalities is not reported; text is taken as cached first`,
    );
  }
  const cachedText = Math.min(cachedLeft, text);
  text -= cachedText;
  cachedLeft -= cachedText;
  if (cachedLeft > 0 && parts.cachedModalities !== undefined && parts.cacheRead !== undefined) {
    const message = `${parts.cacheRead.name} (${parts.cacheRead.value}) is larger than its modalities allow in ${whole.name}`;
    contradict(reading, parts.cacheRead.name, whole.name, message);
  }
  for (const modality of modalities) {
    const more = Math.min(cachedLeft, fresh[modality]);
    cached[modality] += more;
    fresh[modality] -= more;
    cachedLeft -= more;
  }

  // Cache writes have no modality in any provider's usage: they leave text first.
  let written = cacheWrite5m + cacheWrite1h;
  const writtenText = Math.min(written, text);
  text -= writtenText;
  written -= writtenText;
  for (const modality of modalities) {
    const more = Math.min(written, fresh[modality]);
    fresh[modality] -= more;
    written -= more;
  }

  addQuantity(reading, "input", text);
  addQuantity(reading, "input_audio", fresh.audio);
  addQuantity(reading, "input_image", fresh.image);
  addQuantity(reading, "input_video", fresh.video);
  addQuantity(reading, "cache_read", cacheRead - cached.audio - cached.image - cached.video);
  addQuantity(reading, "cache_read_audio", cached.audio);
  addQuantity(reading, "cache_read_image", cached.image);
  addQuantity(reading, "cache_read_video", cached.video);
  addQuantity(reading, "cache_write_5m", cacheWrite5m);
  addQuantity(reading, "cache_write_1h", cacheWrite1h);
}

/** Divides an output whole (and the reasoning beside it) into disjoint kinds; what does not fit is cut and reported. */
export function splitOutput(reading: UsageReading, parts: OutputParts): void {
  const { whole, reasoning } = parts;
  reading.outputReported = true;
  let room = whole.value;
  if (parts.reasoningInside) {
    const taken = fit(reading, reasoning, room, whole);
    room -= taken;
    addQuantity(reading, "reasoning", taken);
  } else {
    addQuantity(reading, "reasoning", reasoning?.value ?? 0);
  }
  for (const modality of modalities) {
    const taken = fit(reading, parts.modalities[modality], room, whole);
    room -= taken;
    addQuantity(reading, `output_${modality}`, taken);
  }
  addQuantity(reading, "output", room);
}

/** As much of a part as there is room for; the rest is a contradiction with the whole. */
function fit(reading: UsageReading, part: Count | undefined, room: number, whole: Count): number {
  if (part === undefined) return 0;
  if (part.value <= room) return part.value;
  const message =
    part.value > whole.value
      ? `${part.name} (${part.value}) is larger than ${whole.name} (${whole.value})`
      : `${part.name} (${part.value}) does not fit into ${whole.name} (${whole.value}) beside its other parts`;
  contradict(reading, part.name, whole.name, message);
  return room;
}
