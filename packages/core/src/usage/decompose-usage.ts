import type { Decomposition, InclusiveCounts } from "./usage-flavors.ts";
import type { UsageKind } from "./usage-kinds.ts";

type CountName = keyof InclusiveCounts;
/** Each with what reads it, which costs a tenth of reading by the name. */
type Parts = readonly (readonly [
  name: CountName,
  kind: UsageKind,
  of: (counts: InclusiveCounts) => number | undefined,
])[];

const inputParts: Parts = [
  ["cacheRead", "cache_read", ({ cacheRead }) => cacheRead],
  ["cacheWrite5m", "cache_write_5m", ({ cacheWrite5m }) => cacheWrite5m],
  ["cacheWrite1h", "cache_write_1h", ({ cacheWrite1h }) => cacheWrite1h],
  ["inputAudio", "input_audio", ({ inputAudio }) => inputAudio],
  ["inputImage", "input_image", ({ inputImage }) => inputImage],
  ["inputVideo", "input_video", ({ inputVideo }) => inputVideo],
];
const outputParts: Parts = [
  ["reasoning", "reasoning", ({ reasoning }) => reasoning],
  ["outputAudio", "output_audio", ({ outputAudio }) => outputAudio],
  ["outputImage", "output_image", ({ outputImage }) => outputImage],
  ["outputVideo", "output_video", ({ outputVideo }) => outputVideo],
];

/**
 * Splits inclusive counts into disjoint kinds that sum to the same totals:
 * `input` = fresh + cache read + cache writes + audio + image + video, `output` = visible + reasoning + audio + image + video.
 *
 * A missing side is derived from `total`. Refused, naming both fields: a part larger than its whole, parts that together
 * exceed their whole, a part without its whole, a total that is not the sum, a total whose split is unknown.
 * A side whose whole is zero keeps that zero as `input` or `output`; every other kind that was not consumed is absent.
 *
 * @throws RangeError when a count is not an integer between 0 and 2^53-1: counts are validated at the boundary.
 * @example decomposeCounts({ input: 100, cacheRead: 60, output: 5 }) // { input: 40, cache_read: 60, output: 5 }
 */
export function decomposeCounts(counts: InclusiveCounts): Decomposition {
  const { total } = counts;
  let { input, output } = counts;
  if (total !== undefined) {
    assertCount("total", total);
    if (input === undefined && output === undefined) {
      if (total !== 0)
        return contradictory("total", "input", `total (${total}) cannot be priced without input or output`);
      input = 0;
      output = 0;
    } else if (input === undefined) {
      if (output !== undefined && output > total) return exceeds("output", output, "total", total);
      input = total - (output ?? 0);
    } else if (output === undefined) {
      if (input > total) return exceeds("input", input, "total", total);
      output = total - input;
    } else if (input + output !== total) {
      const message = `input (${input}) and output (${output}) sum to ${input + output}, but total is ${total}`;
      return contradictory("total", input > total ? "input" : "output", message);
    }
  }
  const quantities: { [K in UsageKind]?: number } = {};
  const refusal =
    splitSide(quantities, counts, "input", input, inputParts) ??
    splitSide(quantities, counts, "output", output, outputParts);
  return refusal ?? { kind: "decomposed", quantities };
}

function splitSide(
  quantities: { [K in UsageKind]?: number },
  counts: InclusiveCounts,
  wholeName: "input" | "output",
  whole: number | undefined,
  parts: Parts,
): Decomposition | undefined {
  if (whole !== undefined) assertCount(wholeName, whole);
  let rest = whole ?? 0;
  for (const [name, kind, of] of parts) {
    const part = of(counts);
    if (part === undefined || part === 0) continue;
    assertCount(name, part);
    if (whole === undefined) {
      return contradictory(name, wholeName, `${name} (${part}) is a part of ${wholeName}, which is missing`);
    }
    if (part > whole) return exceeds(name, part, wholeName, whole);
    if (part > rest) {
      const message = `${name} (${part}) does not fit into ${wholeName} (${whole}) beside the parts before it (${whole - rest})`;
      return contradictory(name, wholeName, message);
    }
    rest -= part;
    quantities[kind] = part;
  }
  if (whole !== undefined && (rest > 0 || whole === 0)) quantities[wholeName] = rest;
  return undefined;
}

function assertCount(name: CountName, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is not a count: ${value}`);
}

const exceeds = (name: CountName, value: number, wholeName: CountName, whole: number): Decomposition =>
  contradictory(name, wholeName, `${name} (${value}) is larger than ${wholeName} (${whole})`);

const contradictory = (first: CountName, second: CountName, message: string): Decomposition => ({
  kind: "contradictory",
  contradiction: { fields: [first, second], message },
});
