import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { referencePages } from "../scripts/reference-pages.ts";

test.each([...referencePages()])(
  "%s says what the code does (node --conditions=source scripts/reference-pages.ts)",
  (path, text) => {
    expect(readFileSync(new URL(`../${path}`, import.meta.url), "utf8")).toBe(text);
  },
);
