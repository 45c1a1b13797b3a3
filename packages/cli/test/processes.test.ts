/** What a command says when tests run it among others it says as a process of its own, which ends by itself. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createProgram } from "../src/program.ts";
import { workplace } from "./cost-ops.ts";
import { asJsonl, sampleLog } from "./sample-log.ts";

const place = workplace();

beforeAll(async () => {
  writeFileSync(join(place.folder, "log.jsonl"), asJsonl(sampleLog()));
  const made = await place.runAlone(["init"]);
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sk_live_\w{43}\n$/) });
  const imported = await place.runAlone(["import", "log.jsonl", "-o", "json"]);
  expect(JSON.parse(imported.stdout)).toMatchObject({ recorded: 302, rejected: 0 });
});
afterAll(() => place.remove());

/** Commands that leave everything as it is and answer the same again. */
const reading: readonly (readonly string[])[] = [
  ["overview"],
  ["query", "--range", "all", "--group-by", "provider,model"],
  ["summary", "--from", "2026-11-17", "--to", "2026-11-18"],
  ["list", "--range", "all", "--limit", "5", "-o", "csv"],
  ["explain", "caches-and-reasoning"],
  ["export", "--range", "all", "--format", "csv"],
  ["pricing", "resolve", "openai", "gpt-4o"],
  ["config", "show", "-o", "json"],
  ["organizations", "list"],
  ["users", "list"],
  ["roles", "list"],
  ["projects", "list"],
  ["teams", "list"],
  ["budget", "list"],
  ["views", "list"],
  ["channels", "list"],
  ["alerts", "list"],
  ["webhooks", "list"],
  ["audit", "list", "-o", "json"],
  ["auth", "list-api-keys", "-o", "json"],
  ["completion", "bash"],
];

test.each(reading.map((args) => [args.join(" "), args] as const))("%s", async (_, args) => {
  const among = await place.run(args);
  expect(await place.runAlone(args)).toEqual(among);
  expect(among.code).toBe(0);
  expect(among.stderr + among.stdout).not.toBe("");
});

const changing: readonly (readonly string[])[] = [
  ["ingest", "--provider", "openai", "--model", "gpt-4o", "--input-tokens", "10"],
  ["doctor"],
  // What the month comes to moves with the clock.
  ["projection"],
  ["backup", "whole.archive"],
  ["restore", "whole.archive", "--database", "sqlite:restored.db"],
  ["migrate-store", "sqlite:cost-ops.db", "sqlite:moved.db"],
];

test.each(changing.map((args) => [args.join(" "), args] as const))("%s", async (_, args) => {
  const { code, stderr } = await place.runAlone(args);
  expect({ code, stack: /\n\s+at /.test(stderr) }).toEqual({ code: 0, stack: false });
});

/** Where the wrong end is known before the work begins, and where it comes from the database. */
test.each([
  [1, ["restore", "log.jsonl", "--database", "sqlite:x.db"]],
  [2, ["query", "--nonsense"]],
  [4, ["explain", "no-such-id"]],
  [4, ["query", "--api-url", "http://127.0.0.1:9"]],
  [5, ["query", "--database", "sqlite:missing.db"]],
] as const)("%i of %j", async (code, args) => {
  const among = await place.run(args);
  expect(among).toMatchObject({ code, stdout: "" });
  expect(await place.runAlone(args)).toEqual(among);
});

test("every command is among these, or is started and stopped by tests of its own", async () => {
  const { commands } = await createProgram(() => async () => undefined);
  const named = [...reading, ...changing].map(([name]) => name);
  const elsewhere = ["init", "import", "server", "tail", "demo"];
  expect([...named, ...elsewhere].sort()).toEqual(commands.map((command) => command.name()).sort());
});
