/** What an import does with files, folders, pipes, and with what it cannot read. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { type Workplace, workplaceOn } from "./cost-ops.ts";
import { asJsonl, sampleLog } from "./sample-log.ts";

let place: Workplace;
beforeEach(async () => {
  place = await workplaceOn(newDatabaseWithSchema);
});
afterEach(() => place.remove());

const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(place.folder, name), content);
const report = async (args: readonly string[], input?: string) =>
  JSON.parse(await place.ok(["import", ...args, "--output", "json"], input === undefined ? {} : { input }));

const good = {
  provider: "openai",
  model: "gpt-4o",
  input_tokens: 10,
  output_tokens: 5,
  occurred_at: "2026-11-18T12:00:00Z",
};
const sse = [
  'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1763467200,"model":"gpt-4o-2024-08-06","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}',
  "",
  "data: [DONE]",
  "",
].join("\n");

describe("import", () => {
  test("a folder of formats, plain and compressed, adds up; strangers are told and passed over; again records nothing", async () => {
    mkdirSync(join(place.folder, "logs/inner/node_modules"), { recursive: true });
    write("logs/own.jsonl", asJsonl(sampleLog()));
    write("logs/inner/more.jsonl.gz", gzipSync(asJsonl([{ ...good, id: "zipped" }])));
    write("logs/inner/stream.sse", sse);
    write("logs/inner/table.csv", "When,In,Out\n2026-11-18T12:00:00Z,10,20\n");
    write("logs/inner/package.json", '{"name":"stranger","version":"1.0.0"}');
    write("logs/inner/node_modules/never.jsonl", asJsonl([{ ...good, id: "never" }]));
    write("logs/inner/picture.png", "not even looked at");
    const flags = [
      "--map",
      "occurred_at=When,input_tokens=In,output_tokens=Out",
      "--provider",
      "openai",
      "--model",
      "gpt-4o",
    ];
    const first = await report(["logs", ...flags]);
    expect(first).toMatchObject({ read: 305, recorded: 305, duplicate: 0, rejected: 0, rejected_file: null });
    expect(first.unrecognised).toEqual([{ file: join("logs", "inner", "package.json"), reason: expect.any(String) }]);
    expect(first.files).toHaveLength(4);
    const again = await report(["logs", ...flags]);
    expect(again).toMatchObject({ read: 305, recorded: 0, duplicate: 305 });
    expect(JSON.parse(await place.ok(["doctor", "-o", "json"]))).toMatchObject({ records: 305, differences: 0 });
  });

  test("rejected lines go to a file with their number and reason, and only --strict fails for them", async () => {
    write("mixed.jsonl", `${JSON.stringify(good)}\nnot json\n${JSON.stringify({ ...good, input_tokens: -1 })}\n`);
    const outcome = await place.run(["import", "mixed.jsonl"]);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/rejected\s+2 {2}see cost-ops-rejected-mixed\.jsonl/);
    const lines = readFileSync(join(place.folder, "cost-ops-rejected-mixed.jsonl"), "utf8").trim().split("\n");
    const rejected = lines.map((line) => JSON.parse(line) as { line: number; reason: string; content: string });
    expect(rejected.map(({ line }) => line).sort()).toEqual([2, 3]);
    expect(rejected.find(({ line }) => line === 3)).toMatchObject({ field: "input_tokens", file: "mixed.jsonl" });
    const strict = await place.run(["import", "mixed.jsonl", "--strict", "--rejected", "bad.jsonl"]);
    expect(strict.code).toBe(1);
    expect(existsSync(join(place.folder, "bad.jsonl"))).toBe(true);
  });

  test("without a rejected line there is no file", async () => {
    await report(["-"], asJsonl([good]));
    expect(existsSync(join(place.folder, "cost-ops-rejected-stdin.jsonl"))).toBe(false);
  });

  test("a dry run records nothing and says what it would", async () => {
    expect(await report(["-", "--dry-run"], asJsonl([good]))).toMatchObject({ dry_run: true, read: 1 });
    expect(await report(["-"], asJsonl([good]))).toMatchObject({ recorded: 1 });
  });

  test("what has no price is told with the command that prices it, and that command works", async () => {
    const unknown = { ...good, id: "u", provider: "acme", model: "it's new" };
    const outcome = await place.run(["import", "-"], { input: asJsonl([unknown]) });
    const command = /cost-ops (pricing add .*)$/m.exec(outcome.stderr)?.[1] ?? "";
    expect(command).toContain(`--model 'it'\\''s new'`);
    const flags = ["--provider", "acme", "--model", "it's new", "--input-price", "2", "--output-price", "4"];
    await place.ok(["pricing", "add", ...flags]);
    const explained = JSON.parse(await place.ok(["explain", "u", "-o", "json"]));
    expect(explained).toMatchObject({ total_cost: "0.00004", corrections: [{ reason: "late_price" }] });
  });

  test("flags fill in what records do not say", async () => {
    const bare = { id: "bare", input_tokens: 10, output_tokens: 5 };
    const flags = ["--provider", "openai", "--model", "gpt-4o", "--project", "p", "--user", "u", "--tag", "team:x"];
    await report(["-", ...flags, "--occurred-at", "2026-11-01T00:00:00Z"], asJsonl([bare]));
    const [record] = JSON.parse(await place.ok(["list", "-o", "json"])).data;
    expect(record).toMatchObject({
      id: "bare",
      provider: "openai",
      project_id: "p",
      user_id: "u",
      tags: { team: "x" },
      occurred_at: "2026-11-01T00:00:00.000Z",
    });
  });

  test("Ctrl-C ends it in order: what was recorded stays, and the rest comes with the next import", async () => {
    const many = Array.from({ length: 5_000 }, (_, at) => ({ ...good, id: `many-${at}` }));
    write("many.jsonl", asJsonl(many));
    await place.ok(["init"]);
    const recorded = async () =>
      JSON.parse(await place.ok(["list", "--range", "all", "--limit", "1", "-o", "json"])).data;
    const running = place.talk(["import", "-"]);
    running.say(asJsonl(many.slice(0, 4_000)));
    while ((await recorded()).length === 0) await new Promise((resolve) => setTimeout(resolve, 200));
    const outcome = await running.stop("SIGINT");
    expect(outcome.code).toBe(130);
    expect(outcome.stderr).toMatch(/What was recorded stays/);
    const rest = await report(["many.jsonl"]);
    expect(rest).toMatchObject({ read: 5_000, rejected: 0 });
    expect(JSON.parse(await place.ok(["doctor", "-o", "json"]))).toMatchObject({ records: 5_000, differences: 0 });
  }, 180_000);
});
