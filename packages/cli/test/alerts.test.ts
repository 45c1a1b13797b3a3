/** Alerts from the terminal: rules, what came of them, and a server that tells of what is recorded beside it. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { type Started, workplaceOn } from "./cost-ops.ts";

const place = await workplaceOn(newDatabaseWithSchema);
let server: Started;
let remote: Record<string, string>;

beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  remote = { COST_OPS_API_URL: url, COST_OPS_API_KEY: key };
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

const there = async (...args: string[]) => (await place.run(["alerts", ...args], { env: remote })).stdout;
const documentOf = async (...args: string[]) => JSON.parse(await there(...args, "-o", "json"));

test("a rule of channels that nobody made says so by its flag", async () => {
  const made = ["alerts", "rules", "create", "--name", "r", "--channel", "nobody"];
  const { code, stderr } = await place.run(made, { env: remote });
  expect([code, stderr]).toEqual([expect.any(Number), expect.stringMatching(/--channel /)]);
});

test("where no rule watches budgets, an empty list of alerts says so", async () => {
  const told = async (...flags: string[]) => (await place.run(["alerts", "list", ...flags], { env: remote })).stderr;
  expect(await told()).toContain("No rule watches budgets yet: cost-ops alerts rules create");
  expect(await told("--state", "open")).not.toContain("No rule");
  const { id } = await documentOf("rules", "create", "--name", "watch");
  expect(await told()).toMatch(/^No alerts\.\s*$/);
  await there("rules", "delete", id, "--yes");
});

test("a rule is made, listed, changed and deleted", async () => {
  const made = await documentOf("rules", "create", "--name", "errors", "--metric", "error_rate", "--threshold", "5");
  expect(made).toMatchObject({
    kind: "metric",
    threshold: "5",
    comparison: ">=",
    window: { kind: "rolling", minutes: 60 },
  });
  await there("rules", "create", "--name", "budgets", "--percent", "80,100", "--of", "projected");
  const day = ["--metric", "daily_cost", "--threshold", "9.5", "--above", "--timezone", "Asia/Tokyo"];
  const costs = await documentOf(
    "rules",
    "create",
    "--name",
    "costs",
    ...day,
    "--tag",
    "env:prod",
    "--quiet-minutes",
    "5",
  );
  expect(costs).toMatchObject({
    window: { kind: "day", time_zone: "Asia/Tokyo" },
    comparison: ">",
    scope: { tags: ["env:prod"] },
    quiet_period_minutes: 5,
  });
  const listed = await there("rules", "list");
  expect(listed).toMatch(/budgets .*projected of every budget reaches 80 %, 100 %/);
  expect(listed).toContain("error_rate >= 5 % (last 60 min)");
  expect(listed).toContain("daily_cost > 9.5 USD (day, Asia/Tokyo)");
  expect(await documentOf("rules", "update", "costs", "--disable", "--severity", "critical")).toMatchObject({
    enabled: false,
    severity: "critical",
  });
  for (const name of ["errors", "budgets", "costs"]) await there("rules", "delete", name, "--yes");
  expect((await documentOf("rules", "list")).data).toEqual([]);
});

test("an alert of what was recorded is listed, shown, acknowledged and resolved", async () => {
  await there("rules", "create", "--name", "tokens", "--metric", "tokens", "--threshold", "1000", "--severity", "info");
  const call = ["--provider", "openai", "--model", "gpt-4o", "--input-tokens", "900", "--output-tokens", "100"];
  await place.run(["ingest", ...call], { env: remote });
  const { id } = await vi.waitFor(
    async () => {
      const [alert] = (await documentOf("list", "--rule", "tokens", "--state", "open")).data;
      if (alert === undefined) throw new Error("there is no alert yet");
      return alert;
    },
    { timeout: 15_000, interval: 200 },
  );
  expect(await there("list")).toMatch(/info .*open .*tokens: tokens is 1000/);
  const shown = await there("show", id);
  expect(shown).toMatch(/^tokens: tokens is 1000 \(info, open\)$/m);
  expect(shown).toMatch(/^ {2}Threshold: >= 1000$/m);
  expect(shown).toMatch(/^ {2}.* triggered$/m);
  expect(await there("acknowledge", id, "--note", "known")).toMatch(/acknowledged by .*: known/);
  expect(await documentOf("resolve", id)).toMatchObject({ state: "resolved", resolved_because: "by_hand" });
  const missing = await place.run(["alerts", "show", "nothing"], { env: remote });
  expect([missing.code, missing.stderr]).toEqual([4, expect.stringContaining("There is no alert")]);
});
