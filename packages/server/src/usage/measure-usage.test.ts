import { describe, expect, test } from "vitest";
import { measureUsage } from "./measure-usage.ts";
import { RejectedRecord } from "./rejected-record.ts";
import { UsageDraft } from "./usage-draft.ts";

function tierOf(said: string | undefined, usage: object): string | undefined {
  const draft = new UsageDraft();
  draft.provider = "anthropic";
  draft.model = "claude-sonnet-4-5";
  draft.serviceTier = said;
  draft.usage = usage as Exclude<typeof draft.usage, undefined>;
  const measured = measureUsage(draft, {});
  if (measured instanceof RejectedRecord) throw new Error(measured.message);
  return measured.serviceTier;
}

describe("the tier that served the call, where the usage object names one", () => {
  const usage = { input_tokens: 10, output_tokens: 5, service_tier: "batch" };

  test("goes before a tier that was only asked for", () => {
    expect(tierOf("auto", usage)).toBe("batch");
    expect(tierOf("Standard_Only", usage)).toBe("batch");
    expect(tierOf(undefined, usage)).toBe("batch");
  });

  test("goes behind the caller's, who knows of a batch what its bodies do not say", () => {
    expect(tierOf("batch", { ...usage, service_tier: "standard" })).toBe("batch");
  });

  test("is what was asked for where nothing else is known", () => {
    expect(tierOf("auto", { input_tokens: 10, output_tokens: 5 })).toBe("auto");
  });
});
