import { readFileSync } from "node:fs";
import { importFormats } from "@llm-cost-ops/contract";
import { expect, test } from "vitest";
import { importReaders } from "./import-formats.ts";

const page = readFileSync(new URL("../../../../docs/reference/import-formats.md", import.meta.url), "utf8");
const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title);

test("every format of the contract has a reader that calls itself so, and a section in the reference", () => {
  for (const format of importFormats) {
    expect(sections).toContain(format);
    if (format !== "auto") expect(importReaders[format].format).toBe(format);
  }
});

test("the reference describes no format that does not exist", () => {
  const others = ["Identity", "Rejected lines", "Defaults"];
  expect(sections.filter((title) => !others.includes(title ?? ""))).toEqual([...importFormats]);
});
