/** Budgets from the terminal, on the local database and over HTTP: terms, standing, history and the check for CI. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { type Started, workplaceOn } from "./cost-ops.ts";

const place = await workplaceOn(newDatabaseWithSchema);
let server: Started;
let remote: Record<string, string>;

const sinceEver = ["--period", "prepaid", "--starts-at", "2020-01-01"];

beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  // By the catalogue 1,000 input and 500 output tokens of gpt-4o cost 0.0075 dollars.
  const call = ["--model", "gpt-4o", "--input-tokens", "1000", "--output-tokens", "500"];
  await place.ok(["ingest", "--provider", "openai", ...call, "--project", "web"]);
  await place.ok(["ingest", "--provider", "acme", "--model", "unheard-of", "--input-tokens", "7"]);
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  remote = { COST_OPS_API_URL: url, COST_OPS_API_KEY: key };
  await place.ok(["budget", "create", "--name", "all of it", "--amount", "0.0075", ...sinceEver]);
  await place.ok(["budget", "create", "--name", "a hair more", "--amount", "0.007500000001", ...sinceEver]);
  await place.ok(["budget", "create", "--name", "nothing", "--amount", "0", "--model", "never-used"]);
  await place.ok(["budget", "create", "--name", "tokens", "--tokens", "3000", "--provider", "openai", ...sinceEver]);
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

/** One after the other: on the local database, over HTTP. */
const bothWays = async (args: readonly string[]) => [
  await place.run(["budget", ...args]),
  await place.run(["budget", ...args], { env: remote }),
];
const documentOf = async (...args: string[]) => JSON.parse(await place.ok(["budget", ...args, "-o", "json"]));

describe("check", () => {
  const cases: readonly (readonly [budget: string, failOver: string, code: number])[] = [
    ["all of it", "100%", 6],
    ["all of it", "100.01%", 0],
    // 99.99999998 %, of which the status shows 99.99 %.
    ["a hair more", "100%", 0],
    ["a hair more", "99.99", 6],
    ["nothing", "100%", 6],
    ["tokens", "50%", 6],
    ["tokens", "50.01%", 0],
  ];
  test.each(cases)("compares %s with %s exactly and exits with %i, here and there", async (budget, failOver, code) => {
    for (const outcome of await bothWays(["check", "--budget", budget, "--fail-over", failOver])) {
      expect(outcome.code).toBe(code);
      expect(outcome.stdout).toMatch(code === 6 ? /^FAILED/m : /^passed/m);
      expect(outcome.stderr.includes("of the amount or beyond")).toBe(code === 6);
    }
  });

  test("takes every budget where none is named, and several where some are", async () => {
    for (const { code, stderr } of await bothWays(["check", "--quiet"])) {
      expect({ code, stderr }).toEqual({ code: 6, stderr: "At 100 % of the amount or beyond: all of it, nothing\n" });
    }
    const two = ["--budget", "tokens", "--budget", "a hair more"];
    expect((await place.run(["budget", "check", ...two])).code).toBe(0);
  });

  test("is the same document as JSON, CSV and YAML", async () => {
    const check = async (format: string) => {
      const { code, stdout } = await place.run(["budget", "check", "--budget", "tokens", "-o", format], {
        env: remote,
      });
      expect(code).toBe(0);
      return stdout;
    };
    const document = JSON.parse(await check("json"));
    expect(document).toMatchObject({
      fail_over: "100",
      data: [{ name: "tokens", failed: false, unit: "tokens", amount: "3000", spent: "1500", utilization: "0.5000" }],
    });
    expect(parse(await check("yaml"))).toMatchObject({ fail_over: "100", data: [{ spent: "1500" }] });
    const [head = "", row = ""] = (await check("csv")).split("\r\n");
    expect(head.split(",")).toEqual(["failed", ...Object.keys(document.data[0]).filter((name) => name !== "failed")]);
    expect(row).toMatch(/^false,budget_[^,]+,tokens,tokens,/);
  });

  test("tells what a budget in money does not count", async () => {
    const { stderr } = await place.run(["budget", "check", "--budget", "a hair more"]);
    expect(stderr).toBe("a hair more does not count 1 request without a price: cost-ops list shows them.\n");
  });

  test.each([
    [4, ["check", "--budget", "nobody"], /There is no budget nobody/],
    [2, ["check", "--fail-over", "0"], /--fail-over.*percent above 0/],
    [2, ["check", "--fail-over", "99.999%"], /--fail-over.*at most two decimals/],
    [2, ["create", "--name", "x"], /--amount or tokens is required/],
    [2, ["create", "--name", "x", "--amount", "1", "--timezone", "Mars/Base"], /--timezone must be/],
    [2, ["create", "--name", "x", "--amount", "1", "--period", "rolling"], /--rolling-hours is required/],
    [2, ["update", "tokens", "--timezone", "UTC"], /--period as well/],
    [2, ["update", "tokens", "--amount", "1"], /--amount cannot be set/],
    [2, ["update", "tokens", "--unpriced", "allow"], /--unpriced belongs to a budget whose enforcement is hard/],
    [
      2,
      ["create", "--name", "x", "--amount", "1", "--hard", "--at-limit", "fallback"],
      /--at-limit fallback needs --fallback-model/,
    ],
    [2, ["update", "tokens", "--hard", "--fallback-model", "gpt-4o-mini"], /--at-limit fallback as well/],
    [4, ["create", "--name", "tokens", "--amount", "1"], /with this name already/],
  ] as const)("%i for cost-ops budget %j, with no data", async (code, args, says) => {
    for (const outcome of await bothWays(args)) {
      expect(outcome).toMatchObject({ code, stdout: "" });
      expect(outcome.stderr).toMatch(says);
    }
  });
});

test("a budget is made, shown, changed with a reason, and deleted, from either side", async () => {
  const terms = ["--period", "quarter", "--fiscal-start-month", "4", "--timezone", "Europe/Berlin"];
  const scope = ["--project", "web,api", "--tag", "team:search", "--threshold", "99.5,50%"];
  const made = await place.ok(["budget", "create", "--name", "web", "--amount", "1000", ...terms, ...scope], {
    env: remote,
  });
  expect(made).toBe(
    "web: $1,000.00, quarter, from month 4, Europe/Berlin, counts project web or api, tags team:search\n",
  );
  const budget = await documentOf("get", "web");
  expect(budget).toMatchObject({
    amount: "1000",
    currency: "USD",
    period: { kind: "quarter", time_zone: "Europe/Berlin", fiscal_start_month: 4 },
    scope: { project_id: ["web", "api"], tags: ["team:search"] },
    thresholds: [50, 99.5],
  });
  const change = ["--everything", "--amount", "2000.000000000001", "--reason", "more users"];
  await place.ok(["budget", "update", budget.id, ...change], { env: remote });
  const { data } = await documentOf("history", "web");
  expect(data).toMatchObject([
    {
      number: 1,
      budget_id: budget.id,
      before: { amount: "1000", scope: { project_id: ["web", "api"], tags: ["team:search"] } },
      after: { amount: "2000.000000000001", scope: {} },
      reason: "more users",
    },
  ]);
  for (const { stdout } of await bothWays(["history", "web"])) {
    expect(stdout).toMatch(/amount 1000 → 2000\.000000000001.*more users/);
  }
  const [here, there] = await bothWays(["list", "-o", "yaml"]);
  expect(there).toEqual(here);
  expect(await place.run(["budget", "delete", "web"])).toMatchObject({ code: 0, stderr: "Budget web is deleted.\n" });
  expect((await place.run(["budget", "get", "web"], { env: remote })).code).toBe(4);
});

test("a hard budget says what it does at its limit, and can be made soft again", async () => {
  const terms = ["--hard", "--at-limit", "fallback", "--fallback-model", "gpt-4o-mini", "--unpriced", "allow"];
  const made = await place.ok(["budget", "create", "--name", "lid", "--amount", "5", ...terms], { env: remote });
  expect(made).toBe("lid: $5.00, month, UTC, counts everything, hard: falls back to gpt-4o-mini\n");
  await place.ok(["budget", "update", "lid", "--at-limit", "notify", "--when-store-is-away", "allow"]);
  expect(await documentOf("get", "lid")).toMatchObject({
    enforcement: "hard",
    at_limit: { action: "notify" },
    when_store_is_away: "allow",
    unpriced: "allow",
  });
  await place.ok(["budget", "update", "lid", "--soft"], { env: remote });
  expect(await documentOf("get", "lid")).toMatchObject({ enforcement: "soft", at_limit: null, unpriced: null });
  expect((await place.run(["budget", "delete", "lid"])).code).toBe(0);
});

test("status shows the parts of a budget and what none of them has", async () => {
  await place.ok(["budget", "create", "--name", "whole", "--amount", "500"], { env: remote });
  for (const [name, amount] of [
    ["chat", "200"],
    ["search", "250"],
  ] as const) {
    await place.ok(["budget", "create", "--name", name, "--amount", amount, "--parent", "whole"], { env: remote });
  }
  for (const { stdout } of await bothWays(["status", "whole", "chat"])) {
    expect(stdout).toMatch(/parts +unallocated/);
    expect(stdout).toMatch(/^whole .*chat \$200\.00, search \$250\.00 +\$50\.00 *$/m);
  }
  expect((await place.run(["budget", "status", "chat"], { env: remote })).stdout).not.toMatch(/parts/);
  for (const name of ["chat", "search", "whole"]) await place.ok(["budget", "delete", name, "--yes"], { env: remote });
});

test("a budget has its amount for each value, and shows one of them, the most used or all", async () => {
  const terms = ["--amount", "1", "--per", "model", "--period", "prepaid", "--starts-at", "2020-01-01T00:00:00Z"];
  const made = await place.ok(["budget", "create", "--name", "each", ...terms], { env: remote });
  expect(made).toMatch(/each: .*1.* per model, prepaid since/);
  const { data } = await documentOf("values", "each");
  const [first, ...others] = data as readonly { readonly value: string; readonly spent: string }[];
  expect(first).toMatchObject({ amount: "1", reserved: "0", state: "ok" });
  const [most] = (await documentOf("status", "each")).data;
  expect(most).toMatchObject({ per: "model", value: first?.value, spent: first?.spent });
  for (const { value, spent } of [first, ...others].filter((one) => one !== undefined)) {
    expect((await documentOf("status", "each", "--value", value)).data).toMatchObject([{ value, spent }]);
  }
  expect(await place.ok(["budget", "values", "each", "--limit", "1"], { env: remote })).toContain(
    `model ${first?.value}`,
  );
  expect((await documentOf("status", "each", "--without-value")).data).toMatchObject([{ value: null, spent: "0" }]);
  const nameless = await place.run(["budget", "status", "--value", "a"]);
  expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringContaining("Name the one budget")]);
  await place.ok(["budget", "delete", "each", "--yes"]);
});

test("a tenant's budget is made, listed, shown, changed and deleted by its parent, beside its own", async () => {
  const made = await place.ok(["organizations", "create-tenant", "--name", "Inner", "-o", "json"], { env: remote });
  const tenant = JSON.parse(made) as { readonly id: string };
  const of = ["--tenant", tenant.id];
  const amount = ["--amount", "5", "--provider", "openai", ...sinceEver];
  expect(await place.ok(["budget", "create", "--name", "agreed", ...of, ...amount], { env: remote })).toContain(
    tenant.id,
  );
  const [{ id }] = (await documentOf("list", ...of)).data;
  expect(await documentOf("get", id)).toMatchObject({ set_by: "parent", organization_id: tenant.id });
  for (const { stdout } of await bothWays(["status", ...of])) {
    expect(stdout).toMatch(/^agreed +ok +0 % +\$0\.00 +\$5\.00/m);
  }
  for (const { code } of await bothWays(["check", ...of, "--budget", "agreed"])) expect(code).toBe(0);
  expect(await place.ok(["budget", "list"])).not.toContain("agreed");
  await place.ok(["budget", "update", id, "--amount", "6"], { env: remote });
  expect((await documentOf("status", id)).data).toMatchObject([{ amount: "6" }]);
  await place.ok(["budget", "delete", id, "--yes"], { env: remote });
  expect((await documentOf("list", ...of)).data).toEqual([]);
  const nobodys = await place.run(["budget", "list", "--tenant", "org-nobody"], { env: remote });
  expect([nobodys.code, nobodys.stderr]).toEqual([4, expect.stringContaining("no tenant")]);
});

test("status shows the budgets that are named, else all, in money and tokens", async () => {
  for (const { code, stdout } of await bothWays(["status", "tokens", "all of it"])) {
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tokens +warning +50 % +1,500 +3,000 +1,500/m);
    expect(stdout).toMatch(/^all of it +exceeded +100 % +\$0\.0075 +\$0\.0075 +\$0\.00/m);
  }
  const { data } = await documentOf("status");
  expect(data.map(({ name }: { name: string }) => name)).toEqual(["a hair more", "all of it", "nothing", "tokens"]);
});

test("what the month comes to is its spending so far at the same pace, as whoever has the document can compute", async () => {
  for (const env of [{}, remote]) {
    const outcome = await place.run(["projection", "--project", "web", "-o", "json"], { env });
    const { range, as_of: asOf, by_currency: rows } = JSON.parse(outcome.stdout);
    expect(rows).toEqual([
      { currency: "USD", spent: "0.0075", burn_rate_per_day: expect.any(String), projected: expect.any(String) },
    ]);
    const [start, end, now] = [range.start, range.end, asOf].map((text) => BigInt(Date.parse(text)));
    const [length, elapsed] = [(end ?? 0n) - (start ?? 0n), (now ?? 0n) - (start ?? 0n)];
    const twice = (2n * 7_500_000_000n * length) / elapsed;
    const projected = BigInt(Math.round(Number(rows[0].projected) * 1e12));
    // To the nearest 10⁻¹².
    expect([twice / 2n, (twice + 1n) / 2n]).toContain(projected);
  }
  const { stdout, stderr } = await place.run(["projection"]);
  expect(stdout).toMatch(/^USD +\$0\.0075 /m);
  expect(stderr).toContain("1 request without a price, in no sum.");
  const { code, stdout: all } = await place.run(["budget", "status", "-o", "csv"]);
  expect([code, all.split("\r\n").length]).toEqual([0, 6]);
});
