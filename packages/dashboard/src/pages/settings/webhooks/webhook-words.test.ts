import { expect, test } from "vitest";
import { readable } from "./webhook-words.ts";

test("a body is laid out where it is JSON, and left alone where it is not", () => {
  expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(readable("<b>no</b>")).toBe("<b>no</b>");
  expect(readable('{"cut":')).toBe('{"cut":');
});
