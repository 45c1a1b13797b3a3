import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readProviderResponse } from "./read-provider-response.ts";
import { readStreamTranscript } from "./read-stream-transcript.ts";
import { type ProviderResponse, usageFlavors } from "./usage-flavors.ts";
import { type Quantities, tokenTotals } from "./usage-kinds.ts";

const folder = new URL("./fixtures/", import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(name, folder), "utf8");

interface Expected extends Partial<Omit<ProviderResponse, "rawUsage" | "contradictions">> {
  readonly flavor: ProviderResponse["flavor"];
  readonly quantities: Quantities;
  /** Inclusive input and output, as the provider itself would quote them. */
  readonly totals: readonly [input: number, output: number];
}

/** Fixture (with `#line` for a line of JSONL) → what metering takes from it. Status is `reported` unless given. */
const expected = JSON.parse(textOf("expected.json")) as {
  readonly bodies: Readonly<Record<string, Expected>>;
  readonly streams: Readonly<Record<string, Expected>>;
};

function check(actual: ProviderResponse | undefined, { totals, ...wanted }: Expected): void {
  expect(actual).toBeDefined();
  if (actual === undefined) return;
  const { rawUsage, contradictions, ...rest } = actual;
  expect(rest).toStrictEqual({ status: "reported", ...wanted });
  expect(contradictions).toStrictEqual([]);
  const sums = tokenTotals(actual.quantities);
  expect([sums.input, sums.output]).toStrictEqual(totals);
  if (actual.status !== "void" && !("output_images" in actual.quantities)) expect(rawUsage).toBeTypeOf("object");
}

describe("recorded bodies", () => {
  test.each(Object.entries(expected.bodies))("%s", (name, wanted) => {
    const [file = "", line] = name.split("#");
    const text = textOf(file);
    const json = line === undefined ? text : (text.split("\n")[Number(line) - 1] ?? "");
    check(readProviderResponse(JSON.parse(json)), wanted);
  });
});

describe("recorded streams", () => {
  test.each(Object.entries(expected.streams))("%s", (name, wanted) => {
    const reading = readStreamTranscript(textOf(name));
    check(reading.kind === "response" ? reading.response : undefined, wanted);
  });

  test("openai-chat-no-usage.sse ends properly without usage, and nothing is invented", () => {
    expect(readStreamTranscript(textOf("openai-chat-no-usage.sse"))).toMatchObject({
      kind: "no_usage",
      reason: "not_reported",
    });
  });
});

test("every fixture is expected, and every flavor has one", () => {
  const named = [
    ...Object.keys(expected.bodies),
    ...Object.keys(expected.streams),
    "openai-chat-no-usage.sse",
    "expected.json",
  ];
  const files = new Set(named.map((name) => name.split("#")[0]));
  expect(readdirSync(folder).filter((file) => !files.has(file))).toStrictEqual([]);
  const flavors = new Set(Object.values(expected.bodies).map(({ flavor }) => flavor));
  expect(usageFlavors.filter((flavor) => !flavors.has(flavor))).toStrictEqual([]);
});
