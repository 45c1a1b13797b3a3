/**
 * The templates for CI are what they say: they parse, install this version, and their check ends as it must. So does the
 * guide that speaks of them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { version } from "../src/version.ts";
import { type Started, workplace } from "./cost-ops.ts";

const folder = new URL("../../../deploy/ci/", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const files = readdirSync(folder).toSorted();
const place = workplace();
let server: Started;
let url: string;
let administrator: Record<string, string>;

beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  administrator = { COST_OPS_API_URL: url, COST_OPS_API_KEY: key };
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

/** Every text of a parsed document. */
const textsOf = (value: unknown): readonly string[] =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(textsOf)
      : [];

/** The shell commands of a template: of YAML those that a parser finds, of a Jenkinsfile its `sh` steps. */
const commandsOf = (file: string): readonly string[] =>
  (file.endsWith(".yml")
    ? textsOf(parse(read(file), { strict: true, uniqueKeys: true }))
    : [...read(file).matchAll(/^\s*sh '(.*)'$/gm)].map((match) => match[1] ?? "")
  ).filter((text) => /^np[mx] /.test(text));

test("there is one for each of the four", () => {
  expect(files).toEqual(["Jenkinsfile", "circleci.yml", "github-actions.yml", "gitlab-ci.yml"]);
});

test.each(files)("%s installs this version and asks with what the secrets hold", (file) => {
  const [install, ...others] = commandsOf(file);
  expect(install).toBe(`npm install --no-save --no-audit --no-fund @llm-cost-ops/cli@${version}`);
  expect(others).toHaveLength(1);
  for (const secret of ["COST_OPS_API_URL", "COST_OPS_API_KEY"]) expect(read(file)).toContain(secret);
  expect(read(file)).not.toMatch(/sk_(live|test)_/);
});

test.each(files)("the check of %s passes, then ends with 6, with a key that may read budgets alone", async (file) => {
  const [, command = ""] = /^npx --no -- cost-ops (.+)$/.exec(commandsOf(file)[1] ?? "") ?? [];
  const run = (args: readonly string[]) => place.run(args, { env: administrator });
  const key = (await run(["auth", "create-api-key", "--name", file, "--scope", "budgets:read"])).stdout.trim();
  const env = { COST_OPS_API_URL: url, COST_OPS_API_KEY: key };
  await run(["budget", "create", "--name", file, "--amount", "1"]);
  expect(await place.run(command.split(" "), { env })).toMatchObject({ code: 0 });
  await run(["budget", "update", file, "--amount", "0"]);
  expect(await place.run(command.split(" "), { env })).toMatchObject({ code: 6 });
  await run(["budget", "delete", file]);
});

test("the commands of the guide work in their order, and its check passes", async () => {
  const guide = readFileSync(new URL("../../../docs/guides/budgets.md", import.meta.url), "utf8");
  const pieces = [...guide.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1] ?? "");
  const commands = pieces.flatMap((piece) => piece.trim().split("\n"));
  expect(commands.length).toBeGreaterThan(5);
  await place.ok(["organizations", "create-tenant", "--name", "Acme"], { env: administrator });
  const listed = JSON.parse(await place.ok(["organizations", "list", "--output", "json"], { env: administrator }));
  const tenant = (listed.data as { readonly id: string; readonly name: string }[]).find(({ name }) => name === "Acme");
  for (const written of commands) {
    const command = written.replace(/\borg-[0-9a-f-]{36}\b/, tenant?.id ?? "");
    const [program, ...words] = command.match(/"[^"]*"|\S+/g) ?? [];
    expect(program).toBe("cost-ops");
    const outcome = await place.run(
      words.map((word) => word.replaceAll('"', "")),
      { env: administrator },
    );
    expect(outcome, command).toMatchObject({ code: 0 });
  }
  const changed = await place.ok(["budget", "history", "production"], { env: administrator });
  expect(changed).toMatch(/amount 500 → 800 +a second product/);
});
