import { expect, test } from "vitest";
import { scopeOf, scopeText } from "./scope-words.ts";

test.each([
  ["organization:0199", "everywhere"],
  ["organization", "everywhere"],
  ["team:engineering", "in the team engineering"],
  ["project:a:b", "in the project a:b"],
  ["own", "for own records"],
  ["galaxy:1", "galaxy:1"],
])("%s reads %s", (scope, text) => {
  expect(scopeText(scope)).toBe(text);
});

test("a scope is sent with a name only where it needs one", () => {
  expect(scopeOf("organization", "left over")).toBe("organization");
  expect(scopeOf("project", " checkout ")).toBe("project:checkout");
});
