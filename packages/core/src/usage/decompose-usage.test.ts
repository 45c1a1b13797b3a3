import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decomposeCounts } from "./decompose-usage.ts";
import type { InclusiveCounts } from "./usage-flavors.ts";
import { tokenTotals } from "./usage-kinds.ts";

const max = Number.MAX_SAFE_INTEGER;

describe("counts become disjoint kinds that sum to their totals", () => {
  test.each<[string, InclusiveCounts, object]>([
    ["nothing", {}, {}],
    ["two wholes", { input: 10, output: 5 }, { input: 10, output: 5 }],
    [
      "cached tokens leave the input",
      { input: 100, cacheRead: 60, output: 5 },
      { input: 40, cache_read: 60, output: 5 },
    ],
    ["an input that is cached entirely has no fresh kind", { input: 60, cacheRead: 60 }, { cache_read: 60 }],
    ["reasoning leaves the output", { output: 50, reasoning: 20 }, { output: 30, reasoning: 20 }],
    ["an explicit zero is kept", { input: 0, output: 0 }, { input: 0, output: 0 }],
    ["zero parts are absent", { input: 5, cacheRead: 0, reasoning: 0 }, { input: 5 }],
    ["a missing output is derived", { input: 10, total: 15 }, { input: 10, output: 5 }],
    ["a missing input is derived", { output: 5, total: 15 }, { input: 10, output: 5 }],
    ["a total of zero has only one split", { total: 0 }, { input: 0, output: 0 }],
    ["the largest count", { input: max, output: max }, { input: max, output: max }],
    [
      "every part",
      {
        input: 100,
        cacheRead: 10,
        cacheWrite5m: 11,
        cacheWrite1h: 12,
        inputAudio: 13,
        inputImage: 14,
        inputVideo: 15,
        output: 50,
        reasoning: 1,
        outputAudio: 2,
        outputImage: 3,
        outputVideo: 4,
      },
      {
        input: 25,
        cache_read: 10,
        cache_write_5m: 11,
        cache_write_1h: 12,
        input_audio: 13,
        input_image: 14,
        input_video: 15,
        output: 40,
        reasoning: 1,
        output_audio: 2,
        output_image: 3,
        output_video: 4,
      },
    ],
  ])("%s", (_name, counts, quantities) => {
    expect(decomposeCounts(counts)).toStrictEqual({ kind: "decomposed", quantities });
  });
});

describe("contradictions are refused and name both fields", () => {
  test.each<[InclusiveCounts, readonly [string, string]]>([
    [{ input: 10, cacheRead: 11 }, ["cacheRead", "input"]],
    [{ output: 10, reasoning: 11 }, ["reasoning", "output"]],
    [{ input: 10, cacheRead: 6, cacheWrite5m: 5 }, ["cacheWrite5m", "input"]],
    [{ input: 10, cacheRead: 6, inputAudio: 5 }, ["inputAudio", "input"]],
    [{ output: 10, reasoning: 6, outputAudio: 5 }, ["outputAudio", "output"]],
    [{ input: 10, output: 5, total: 16 }, ["total", "output"]],
    [{ input: 10, output: 5, total: 9 }, ["total", "input"]],
    [{ input: 10, total: 9 }, ["input", "total"]],
    [{ output: 10, total: 9 }, ["output", "total"]],
    [{ total: 9 }, ["total", "input"]],
    [{ total: 9, cacheRead: 3 }, ["total", "input"]],
    [{ cacheRead: 3 }, ["cacheRead", "input"]],
    [{ input: 3, reasoning: 3 }, ["reasoning", "output"]],
    [{ input: max, output: max, total: max }, ["total", "output"]],
  ])("%j", (counts, fields) => {
    const result = decomposeCounts(counts);
    expect(result).toMatchObject({ kind: "contradictory", contradiction: { fields } });
    if (result.kind === "contradictory")
      for (const field of fields) expect(result.contradiction.message).toContain(field);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    "%d is no count and is a bug of the caller",
    (value) => {
      expect(() => decomposeCounts({ input: value })).toThrow(RangeError);
      expect(() => decomposeCounts({ input: 10, cacheRead: value })).toThrow(RangeError);
      expect(() => decomposeCounts({ input: 10, output: 1, total: value })).toThrow(RangeError);
    },
  );
});

const count = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 ** 40 }));
const counts = fc.record(
  {
    input: count,
    output: count,
    total: count,
    cacheRead: count,
    cacheWrite5m: count,
    cacheWrite1h: count,
    reasoning: count,
    inputAudio: count,
    inputImage: count,
    inputVideo: count,
    outputAudio: count,
    outputImage: count,
    outputVideo: count,
  },
  { requiredKeys: [] },
);

test("whatever is accepted sums to the totals that were sent", () => {
  fc.assert(
    fc.property(counts, (sent) => {
      const result = decomposeCounts(sent);
      if (result.kind === "contradictory") return;
      const sums = tokenTotals(result.quantities);
      if (sent.input !== undefined) expect(sums.input).toBe(sent.input);
      if (sent.output !== undefined) expect(sums.output).toBe(sent.output);
      if (sent.total !== undefined) expect(sums.input + sums.output).toBe(sent.total);
      expect(sums.cacheRead).toBe(sent.cacheRead ?? 0);
      expect(sums.cacheWrite).toBe((sent.cacheWrite5m ?? 0) + (sent.cacheWrite1h ?? 0));
      expect(sums.reasoning).toBe(sent.reasoning ?? 0);
    }),
  );
});

test("counts that were built from disjoint parts are always accepted and come back as those parts", () => {
  const part = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(fc.tuple(part, part, part, part, part, part), ([fresh, read, write, audio, visible, reasoning]) => {
      const input = fresh + read + write + audio;
      const output = visible + reasoning;
      const sent = { input, output, total: input + output, cacheRead: read, cacheWrite1h: write, inputAudio: audio };
      expect(decomposeCounts({ ...sent, reasoning })).toStrictEqual({
        kind: "decomposed",
        quantities: {
          input: fresh,
          cache_read: read,
          cache_write_1h: write,
          input_audio: audio,
          output: visible,
          reasoning,
        },
      });
    }),
  );
});
