import type { Team } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { readState, writeState } from "../../url-state/fields.ts";
import { createParamsOf, newDraft } from "./budget-draft.ts";
import { spendOf } from "./budget-questions.ts";
import { eachText, pickedOf, questionOfValue, valueFields, whoseText } from "./per.ts";

test("whose a figure is stands in words, also of what has no value or an empty one", () => {
  expect(eachText("api_key")).toBe("each API key");
  expect(eachText("tag:session")).toBe("each value of tag session");
  expect(whoseText("user", "ada")).toBe("user ada");
  expect(whoseText("user", null)).toBe("calls without a user");
  expect(whoseText("tag:session", "")).toBe("tag session (empty)");
});

test("a value is kept in the address, an empty one and none as well", () => {
  const through = (value: string | null, none: boolean) => {
    const search = writeState(valueFields, "?before=x", { value, none });
    return pickedOf("user", readState(valueFields, search));
  };
  expect(through("a&b =", false)).toEqual({ value: "a&b =" });
  expect(through("", false)).toEqual({ value: "" });
  expect(through(null, true)).toEqual({ withoutValue: true });
  expect(through(null, false)).toEqual({});
  expect(pickedOf(null, { value: "a", none: true })).toEqual({});
});

test("the question of one value counts that alone, and there is none where nothing asks so", () => {
  const teams = [{ id: "t1", slug: "core", projects: ["a", "b"] }] as unknown as Team[];
  const asked = (per: string | null, value: string | null, filters = {}) =>
    questionOfValue({ per }, value, filters, teams)?.filters;
  expect(asked(null, null, { model: ["m"] })).toEqual({ model: ["m"] });
  expect(asked("user", "ada", { projectId: ["p"] })).toEqual({ projectId: ["p"], userId: ["ada"] });
  expect(asked("project", "x")).toEqual({ projectId: ["x"] });
  expect(asked("api_key", "key_1")).toEqual({ apiKeyId: ["key_1"] });
  expect(asked("provider", "openai")).toEqual({ provider: ["openai"] });
  expect(questionOfValue({ per: "model" }, "gpt-4o", {}, teams)).toEqual({
    filters: { model: ["gpt-4o"] },
    sentModel: "gpt-4o",
  });
  expect(asked("tag:run", "7", { tags: ["app:x"] })).toEqual({ tags: ["app:x", "run:7"] });
  expect(asked("team", "core", { projectId: ["b", "c"] })).toEqual({ projectId: ["b"] });
  expect(asked("team", "core", { projectId: ["c"] })).toBeNull();
  expect(asked("team", "gone")).toBeUndefined();
  expect(asked("tag:a:b", "7")).toBeUndefined();
  expect(asked("user", null)).toBeUndefined();
  expect(questionOfValue({ per: "user" }, "ada", null, teams)).toEqual({ filters: null });
});

test("of a model counts what was sent under its name, not what was resolved to it", () => {
  const row = (model: string, totalCostExact: string) => ({
    day: "2026-11-01",
    model,
    currency: "USD",
    totalCostExact,
  });
  const result = { data: [row("gpt-4o", "1"), row("gpt-4o-latest", "2")] } as never;
  expect([...spendOf(result, "day", { currency: "USD" }, "gpt-4o")]).toEqual([["2026-11-01", "1"]]);
});

test("a draft is sent with what it is per, which none leaves out", () => {
  const draft = { ...newDraft("UTC"), name: "n", amount: "1" };
  expect(createParamsOf(draft)).not.toHaveProperty("per");
  expect(createParamsOf({ ...draft, per: "user" }).per).toBe("user");
  expect(createParamsOf({ ...draft, per: "tag", perTag: "run_id" }).per).toBe("tag:run_id");
});
