/** What scripts rely on: codes, streams, and sentences that name what is wrong. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { version } from "../src/version.ts";
import { type Started, workplace, workplaceOn } from "./cost-ops.ts";

const place = await workplaceOn(newDatabaseWithSchema);
let server: Started;
let url: string;
const wrongKey = `sk_live_${"x".repeat(43)}`;

beforeAll(async () => {
  mkdirSync(join(place.folder, "folder.db"));
  writeFileSync(
    join(place.folder, "text.db"),
    "this is no database, and longer than a header of a hundred bytes ".repeat(4),
  );
  writeFileSync(join(place.folder, "wrong.toml"), '[server]\nport = "many"\nnonsense = 1\n');
  await place.ok(["init"]);
  server = place.start(["server", "--port", "0", "--database", "sqlite:other.db", "--log-level", "silent"]);
  [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
});
afterAll(async () => {
  expect((await server.stop("SIGINT")).code).toBe(0);
  place.remove();
});

const cases: readonly (readonly [code: number, args: readonly string[], says: RegExp])[] = [
  [2, ["nonsense"], /no command nonsense/],
  [2, ["query", "--nonsense"], /unknown option '--nonsense'/],
  [2, ["query", "--limit", "0"], /--limit.*whole number from 1/],
  [2, ["query", "--output", "xml"], /--output.*table, json, csv, yaml/],
  [2, ["query", "--range", "today", "--from", "2026-01-01"], /cannot be used with option '--range/],
  [2, ["query", "--range", "someday"], /--range must be one of/],
  [2, ["ingest"], /Give the record with flags or --data/],
  [2, ["ingest", "--data", "{"], /--data is not JSON/],
  [2, ["ingest", "--data", "[]"], /--data must be one JSON object/],
  [2, ["ingest", "--input-tokens", "-5"], /--input-tokens.*whole number/],
  [2, ["ingest", "--provider", "openai", "--model", "gpt-4o", "--occurred-at", "soon"], /--occurred-at must be/],
  [2, ["ingest", "--provider", "acme", "--model", "x", "--input-tokens", "1", "--require-price"], /COST_001/],
  [2, ["import", "missing.jsonl"], /missing\.jsonl cannot be read: there is no such file/],
  [2, ["import", "wrong.toml"], /--format/],
  [2, ["pricing", "add", "--provider", "acme"], /required option '--model <name>'/],
  [2, ["pricing", "add", "--provider", "acme", "--model", "x", "--input-price", "cheap"], /--input-price must be/],
  [2, ["pricing", "add", "--provider", "acme", "--model", "x", "--rates", "missing.json"], /--rates: missing\.json/],
  [2, ["pricing", "resolve", "openai"], /Name the provider and the model/],
  [2, ["pricing", "catalogue", "preview", "--source", "litellm"], /--source litellm needs --file/],
  [2, ["completion", "tcsh"], /bash, zsh, fish/],
  [2, ["server", "--port", "many"], /--port.*whole number from 0/],
  [2, ["query", "--config", "wrong.toml"], /server\.port.*\n.*server\.nonsense|server\.nonsense.*\n.*server\.port/],
  [1, ["config", "check", "--config", "wrong.toml"], /server\.nonsense is not a known setting/],
  [2, ["query", "--database", "postgres://ann:secret@host"], /--database.*ann:\*\*\*@host.*names no database/],
  [5, ["query", "--database", "postgres://127.0.0.1:1/db"], /cannot be opened: nobody answers/],
  [4, ["explain", "no-such-id"], /no record.*no-such-id/],
  [5, ["query", "--database", "sqlite:missing.db"], /There is no database at .*missing\.db/],
  [5, ["query", "--database", "sqlite:folder.db"], /folder\.db cannot be opened/],
  [5, ["query", "--database", "sqlite:text.db"], /text\.db cannot be opened.*not a database/],
  [5, ["doctor", "--database", "sqlite:missing.db"], /There is no database/],
  [
    2,
    ["query", "--database", "sqlite:a.db", "--api-url", "http://127.0.0.1:9"],
    /--api-url.*cannot be used with.*--database/,
  ],
  [2, ["query", "--api-url", "http://127.0.0.1:9", "--config", "a.toml"], /--api-url.*cannot be used with.*--config/],
  [2, ["query", "--database", "sqlite:a.db", "--api-key", "sk_live_x"], /--api-key.*cannot be used with.*--database/],
];

describe("exit codes", () => {
  test.each(cases.map(([code, args, says]) => [args.join(" "), code, args, says] as const))(
    "cost-ops %s → %i",
    async (_, code, args, says) => {
      const outcome = await place.run(args);
      expect(outcome.stderr).toMatch(says);
      expect(outcome.stderr).not.toMatch(/\n\s+at /);
      expect(outcome.stdout).toBe("");
      expect(outcome.code).toBe(code);
    },
  );

  test.each([
    [3, ["query"], {}, /API key is needed/],
    [3, ["query"], { COST_OPS_API_KEY: wrongKey }, /unknown, expired or revoked/],
    [2, ["doctor"], {}, /local database/],
    [2, ["init"], {}, /local database/],
  ] as const)("%i over HTTP for %j with %j", async (code, args, env, says) => {
    const outcome = await place.run(args, { env: { COST_OPS_API_URL: url, ...env } });
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(says);
  });

  test("a database or a configuration that the command line names is opened, whatever server the environment names", async () => {
    const nobody = { COST_OPS_API_URL: "http://127.0.0.1:9", LLM_COST_OPS_BASE_URL: "http://127.0.0.1:9" };
    writeFileSync(join(place.folder, "named.toml"), '[database]\nurl = "sqlite:named.db"\n');
    for (const named of [
      ["--database", "sqlite:missing.db"],
      ["--config", "missing.toml"],
    ]) {
      const outcome = await place.run(["query", ...named], { env: nobody });
      expect(outcome.stderr).toMatch(/missing\.(db|toml)/);
    }
    const env = { ...nobody, DATABASE_URL: "" };
    for (const named of [
      ["--database", "sqlite:made.db"],
      ["--config", "named.toml"],
    ]) {
      expect(await place.run(["init", ...named], { env })).toMatchObject({ code: 0 });
      expect(await place.run(["query", ...named], { env })).toMatchObject({ code: 0 });
    }
  });

  test("4 where nothing answers, and where a record does not exist", async () => {
    const nobody = { LLM_COST_OPS_BASE_URL: "http://127.0.0.1:9", LLM_COST_OPS_MAX_RETRIES: "0" };
    expect(await place.run(["query"], { env: nobody })).toMatchObject({ code: 4, stdout: "" });
    const missing = await place.run(["explain", "missing"]);
    expect(missing).toMatchObject({ code: 4, stdout: "" });
    expect(missing.stderr).toMatch(/no record with id missing/i);
  });
});

describe("what is said and what is data", () => {
  test("the version is that of package.json", async () => {
    const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(version).toBe(manifest.version);
    for (const run of [place.run, place.runAlone]) {
      for (const flag of ["--version", "-V"]) expect(await run([flag])).toMatchObject({ stdout: `${version}\n` });
    }
  });

  test("help is data and success", async () => {
    expect(await place.ok(["--help"])).toMatch(/Usage: cost-ops/);
    expect(await place.ok(["pricing", "reprice", "--help"])).toMatch(/preview/);
    expect(await place.ok(["help", "query"])).toMatch(/--group-by/);
  });

  test("without a command an empty database says in three lines how to begin", async () => {
    const text = await place.ok(["--database", "sqlite:fresh.db"]);
    expect(text.match(/^ {2}cost-ops /gm)).toHaveLength(3);
  });

  test("quiet keeps data and errors", async () => {
    const made = await place.run(["auth", "create-api-key", "--name", "n", "--quiet"]);
    expect(made.stderr).toBe("");
    expect(made.stdout).toMatch(/^sk_live_\w{43}\n$/);
    expect((await place.run(["explain", "missing", "--quiet"])).stderr).not.toBe("");
  });

  test("a key is made, used, listed without its secret and revoked", async () => {
    const key = (await place.ok(["auth", "create-api-key", "--name", "short lived"])).trim();
    expect(await place.ok(["auth", "create-api-key", "--name", "trial", "--test"])).toMatch(/^sk_test_\w{43}\n$/);
    const list = JSON.parse(await place.ok(["auth", "list-api-keys", "-o", "json"])) as {
      data: { id: string; name: string; environment: string }[];
    };
    expect(list.data.find(({ name }) => name === "trial")?.environment).toBe("test");
    expect(JSON.stringify(list)).not.toContain(key);
    const id = list.data.find(({ name }) => name === "short lived")?.id ?? "";
    expect(await place.ok(["auth", "revoke-api-key", "--id", id])).toMatch(/is revoked/);
    expect((await place.run(["auth", "revoke-api-key", "--id", "key_none"])).code).toBe(4);
  });

  test("the configuration shows values, their origins and no secret", async () => {
    const secret = `sk_live_${"S".repeat(43)}`;
    const env = { COST_OPS_ADMIN_KEY: secret, SERVER_PORT: "9999" };
    const text = await place.ok(["config", "show", "-o", "json"], { env });
    expect(text).not.toContain(secret);
    expect(JSON.parse(text).settings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ setting: "port", value: "9999", origin: "SERVER_PORT" }),
        expect.objectContaining({ setting: "adminKey", value: "***" }),
      ]),
    );
    expect(await place.ok(["config", "path"])).toContain("cost-ops.toml");
  });

  test("init writes a configuration that is right, once", async () => {
    const own = workplace();
    try {
      expect(await own.ok(["init", "--write-config"])).toMatch(/^sk_live_\w{43}\n$/);
      expect((await own.run(["config", "check"])).code).toBe(0);
      expect(readFileSync(join(own.folder, "cost-ops.toml"), "utf8")).toContain("# port = 8080");
      const again = await own.run(["init", "--write-config"]);
      expect(again).toMatchObject({ code: 1, stdout: "" });
      expect(await own.ok(["init"])).toBe("");
    } finally {
      own.remove();
    }
  });
});
