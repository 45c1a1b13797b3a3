/** Every question gives the same answer on the local database and from a server over HTTP, in every format. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { type Outcome, type Started, workplaceOn } from "./cost-ops.ts";
import { asJsonl, sampleLog } from "./sample-log.ts";

const place = await workplaceOn(newDatabaseWithSchema);
let server: Started;
let remote: Record<string, string>;

beforeAll(async () => {
  writeFileSync(join(place.folder, "log.jsonl"), asJsonl(sampleLog()));
  const key = (await place.ok(["init"])).trim();
  await place.ok(["import", "log.jsonl"]);
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  remote = { COST_OPS_API_URL: url, COST_OPS_API_KEY: key };
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

const everything = ["--range", "all"];
const questions: readonly (readonly string[])[] = [
  ["query", ...everything, "--group-by", "provider,model"],
  ["query", ...everything, "--group-by", "provider,model", "--limit", "2"],
  ["query", ...everything, "--group-by", "tag:team,day", "--metrics", "sum,count", "--timezone", "Asia/Kolkata"],
  ["query", "--from", "2026-11-18", "--to", "2026-11-18", "--tag", "team:search", "--provider", "openai"],
  ["query", ...everything, "--cost-status", "unpriced"],
  ["summary", "--from", "2026-11-17", "--to", "2026-11-18"],
  ["list", ...everything, "--limit", "5", "--order-by=-total_cost,occurred_at"],
  ["list", ...everything, "--fields", "id,model,total_cost", "--limit", "3"],
  ["explain", "caches-and-reasoning"],
  ["explain", "nobody-has-a-price"],
  ["pricing", "list", "--provider", "openai", "--limit", "3"],
  ["pricing", "resolve", "openai", "gpt-4o-2024-08-06", "--date", "2026-11-18"],
  ["pricing", "providers"],
  ["pricing", "aliases"],
  ["pricing", "catalogue", "versions"],
  ["pricing", "reprice", "list"],
  ["overview", "--timezone", "Europe/Berlin"],
];

const formats = ["table", "json", "csv", "yaml"] as const;
/** Every question in one format, in turn, and the first ones in all. */
const asked = questions.flatMap((args, at) =>
  formats
    .filter((_, number) => at < 2 || at % formats.length === number)
    .map((format) => [args.join(" "), format, args] as const),
);

describe("the same here and there", () => {
  test.each(asked)("%s as %s", async (_, format, args) => {
    const [here, there] = await Promise.all([
      place.run([...args, "--output", format]),
      place.run([...args, "--output", format], { env: remote }),
    ]);
    expect(here).toMatchObject({ code: 0 } satisfies Partial<Outcome>);
    expect(there.stdout).toBe(here.stdout);
    expect(there.code).toBe(0);
    if (format === "json") expect(() => JSON.parse(here.stdout)).not.toThrow();
    if (format === "table") expect(here.stdout).not.toMatch(/undefined|NaN|\[object/);
  });
});

const exportFlags: Readonly<Record<string, readonly (readonly string[])[]>> = {
  csv: [["--group-by", "provider"]],
  json: [["--tag", "team:search"]],
  jsonl: [["--fields", "id,model,cost"]],
};

describe.each(["csv", "json", "jsonl"])("an export as %s", (format) => {
  test.each(exportFlags[format] ?? [])("%j", async (...flags) => {
    const args = ["export", ...everything, "--format", format, ...flags];
    const [here, there] = await Promise.all([place.ok(args), place.ok(args, { env: remote })]);
    expect(there).toBe(here);
    expect(here.length).toBeGreaterThan(10);
  });
});

test("a record, a price and a key that one side makes are there for the other", async () => {
  const flags = ["--provider", "openai", "--model", "gpt-4o", "--input-tokens", "1000", "--output-tokens", "500"];
  const made = JSON.parse(await place.ok(["ingest", "--id", "both", ...flags, "-o", "json"], { env: remote }));
  expect(made.data).toMatchObject({ id: "both", total_cost: "0.0075", currency: "USD" });
  expect(await place.ok(["explain", "both"])).toContain("$0.0075");
  const ofKey = ["query", ...everything, "--group-by", "api_key", "--api-key-id", made.data.api_key_id, "-o", "json"];
  expect(JSON.parse(await place.ok(ofKey)).data).toMatchObject([
    { api_key: made.data.api_key_id, total_requests: 1, total_cost: "0.0075" },
  ]);
  const price = JSON.parse(
    await place.ok(
      [
        "pricing",
        "add",
        "--provider",
        "acme",
        "--model",
        "foo 1",
        "--input-price",
        "2",
        "--output-price",
        "4",
        "-o",
        "json",
      ],
      { env: remote },
    ),
  );
  expect(await place.ok(["pricing", "get", price.id])).toContain("acme / foo 1");
  const key = (await place.ok(["auth", "create-api-key", "--name", "Rotation"])).trim();
  expect(await place.ok(["list", "--limit", "1"], { env: { ...remote, COST_OPS_API_KEY: key } })).not.toBe("");
});
