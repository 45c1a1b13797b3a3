/** The reference page and the program say the same, in both directions. */
import { readFileSync } from "node:fs";
import { rangePresets } from "@llm-cost-ops/core";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { completionScript } from "../src/completion-script.ts";
import { everyCommand } from "../src/every-command.ts";
import { exitCodes } from "../src/exit-codes.ts";
import { createProgram } from "../src/program.ts";

/** Tables without the spaces that line their cells up. */
const plainTables = (text: string): string =>
  text
    .split("\n")
    .map((line) =>
      line.startsWith("|")
        ? line
            .replace(/(?<!\\) *\| */g, " | ")
            .replace(/-{3,}/g, "---")
            .trim()
        : line,
    )
    .join("\n");

const page = plainTables(readFileSync(new URL("../../../docs/reference/cli.md", import.meta.url), "utf8"));
const program = await createProgram(() => async () => undefined);
const escaped = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

/** The section of a command as the page must have it: its title, what it does and its flags. */
function section(path: readonly string[], command: Command): string {
  const operands = command.registeredArguments.map((operand) => {
    const name = `${operand.name()}${operand.variadic ? "..." : ""}`;
    return operand.required ? `<${name}>` : `[${name}]`;
  });
  const [first = "", ...rest] = command.description();
  const intro =
    path.length === 0
      ? ["## Flags of every command"]
      : [`## \`${["cost-ops", ...path, ...operands].join(" ")}\``, "", `${first.toUpperCase()}${rest.join("")}.`];
  const flags = command.options.map((option) => {
    const choices = option.argChoices === undefined ? "" : ` (one of: ${option.argChoices.join(", ")})`;
    return `| \`${option.flags}\` | ${escaped(option.description)}${choices} |`;
  });
  return [...intro, ...(flags.length === 0 ? [] : ["", "| flag | meaning |", "|---|---|", ...flags])].join("\n");
}

const sections = [...everyCommand(program)].map(([path, command]) => plainTables(section(path, command)));

test.each(sections.map((text) => [text.split("\n")[0], text] as const))("%s is on the page as it is", (_, text) => {
  expect(page).toContain(`${text}\n`);
});

test("the page names no command and no flag that the program has not", () => {
  const titles = page.split("\n").filter((line) => /^## `cost-ops/.test(line));
  expect(titles.sort()).toEqual(
    sections
      .map((text) => text.split("\n")[0])
      .filter((line) => line?.startsWith("## `"))
      .sort(),
  );
  const known = new Set(sections.flatMap((text) => text.split("\n")).filter((line) => line.startsWith("| `-")));
  expect(page.split("\n").filter((line) => line.startsWith("| `-") && !known.has(line))).toEqual([]);
});

test("every preset of a period is on the page, and no other", () => {
  const start = page.indexOf("| preset | what it is |");
  const cells = page.slice(start, page.indexOf("\n\n", start)).matchAll(/^\| (`.*?) \|/gm);
  const named = [...cells].flatMap(([, cell = ""]) => cell.replaceAll("`", "").split(", "));
  expect(named.sort()).toEqual([...rangePresets].sort());
});

test("every exit code is on the page", () => {
  for (const code of Object.values(exitCodes)) expect(page).toMatch(new RegExp(`^\\| ${code} \\|`, "m"));
});

test.each(["bash", "zsh", "fish"] as const)("the completions for %s know every command and long flag", (shell) => {
  const script = completionScript(shell, program);
  for (const [path, command] of everyCommand(program)) {
    for (const name of path) expect(script).toContain(name);
    for (const { long } of command.options) {
      if (long) expect(script).toContain(shell === "fish" ? `-l ${long.slice(2)}` : long);
    }
  }
});
