import { expect, test } from "vitest";
import { draftOfLimits, limitsOfDraft } from "./limits-draft.ts";

test.each([
  [null, undefined],
  [{ tokensPerMinute: 1_000_000 }, { tokensPerMinute: 1_000_000 }],
  [
    { costPerDay: "0.000000000001", currency: "EUR" },
    { costPerDay: "0.000000000001", currency: "EUR" },
  ],
  [{ tokensPerHour: 0 }, { tokensPerHour: 0 }],
])("limits %j are sent as they were read", (kept, sent) => {
  expect(limitsOfDraft(draftOfLimits(kept as never))).toEqual(sent);
});

test("thousands may be typed with commas, and a currency alone limits nothing", () => {
  const draft = draftOfLimits(null);
  expect(limitsOfDraft({ ...draft, tokens: { ...draft.tokens, Day: "1,500,000" } })).toEqual({
    tokensPerDay: 1_500_000,
  });
  expect(limitsOfDraft({ ...draft, currency: "EUR" })).toBeUndefined();
});
