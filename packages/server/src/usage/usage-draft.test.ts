import { describe, expect, it } from "vitest";
import { readUsageInput } from "./read-usage-input.ts";
import { fingerprintOf, UsageDraft } from "./usage-draft.ts";

const printOf = (value: unknown): string => {
  const draft = readUsageInput(value);
  if (!(draft instanceof UsageDraft)) throw new Error(draft.message);
  return Buffer.from(fingerprintOf(draft)).toString("hex");
};

const rich = {
  id: "x",
  provider: "openai",
  model: "gpt-4o",
  project_id: "p",
  user_id: "ü-😀",
  input_tokens: Number.MAX_SAFE_INTEGER,
  output_tokens: 0,
  cached_tokens: 7,
  cache_write_tokens: 3,
  cache_write_1h_tokens: 2,
  reasoning_tokens: 0,
  occurred_at: "2026-01-02T03:04:05.678Z",
  latency_ms: 12.5,
  status: "error",
  stream: true,
  tags: { team: 'a"b', env: "prod", n: 3 },
  metadata: { z: 1, a: ["ß"] },
  service_tier: "batch",
  region: "eu",
  usage_status: "partial",
  units: { web_searches: 2, pages: 1 },
};

describe("the fingerprint of a record", () => {
  it.each([
    ["of few fields", { model: "gpt-4o", input_tokens: 5 }, "ba4a40b8b39b008e4017c589531669d9"],
    ["of many", rich, "c2849693e2263b2fe97336d1731f1a6d"],
    [
      "with a provider's usage",
      { model: "claude", usage: { input_tokens: 10, output_tokens: 3 }, usage_format: "anthropic", occurred_at: 0 },
      "76871938d5b8466894f6aad31a9899bf",
    ],
  ])("%s never changes: ledgers hold it", (_, value, print) => {
    expect(printOf(value)).toBe(print);
  });

  it.each(Object.keys(rich).filter((field) => field !== "id"))("tells %s apart", (field) => {
    const other: Record<string, unknown> = { ...rich };
    if (field === "model") other["model"] = "gpt-4";
    else delete other[field];
    if (field === "cache_write_tokens") delete other["cache_write_1h_tokens"];
    expect(printOf(other)).not.toBe(printOf(rich));
  });

  it("leaves the id out", () => {
    expect(printOf({ ...rich, id: "y" })).toBe(printOf(rich));
  });
});
