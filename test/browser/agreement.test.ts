/** The figures of every page are those that a terminal gives for the same question, digit by digit. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Workplace, workplace } from "../../packages/cli/test/cost-ops.ts";
import { sumDecimals } from "../../packages/dashboard/src/format/decimal.ts";
import {
  cellsOf,
  dayAgo,
  digits,
  exactOfTile,
  headOf,
  type MixedRecords,
  recordMixed,
  savedLines,
  zone,
} from "./agreement-fixture.ts";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

interface Sums {
  readonly currency: string | null;
  readonly total_cost?: string;
  readonly total_requests: number;
  readonly unpriced_requests: number;
  readonly avg_cost_per_request: string | null;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly cached_tokens: number;
  readonly reasoning_tokens: number;
}
type Row = Sums & Readonly<Record<string, unknown>>;
interface Answer {
  readonly data: readonly Row[];
  readonly totals: readonly Sums[];
}

let server: DashboardServer;
let terminal: Workplace;
let mixed: MixedRecords;
beforeAll(async () => {
  server = await startDashboardServer({ days: 24, every: 10 });
  terminal = workplace();
  mixed = await recordMixed(server.client);
}, 180_000);
afterAll(async () => {
  terminal.remove();
  await closeBrowser();
  await server.close();
});

async function said<T>(...args: readonly string[]): Promise<T> {
  const env = { COST_OPS_API_URL: server.url, COST_OPS_API_KEY: server.adminKey };
  return JSON.parse(await terminal.ok([...args, "--output", "json"], { env })) as T;
}

const query = (from: number, to: number, ...more: readonly string[]): Promise<Answer> =>
  said<Answer>("query", "--from", dayAgo(from), "--to", dayAgo(to), "--timezone", zone, ...more);

const costIn = ({ totals }: Answer, currency: string): string =>
  digits(totals.find((each) => each.currency === currency)?.total_cost ?? "0");

const sumOf = ({ totals }: Answer, name: keyof Sums): string =>
  String(totals.reduce((sum, each) => sum + Number(each[name]), 0));

const dayOfMonth = (): number => Number(dayAgo(0).slice(8));

const inDollars = ({ data }: Answer): readonly Row[] => data.filter(({ currency }) => currency === "USD");

test("the overview's tiles, rankings and days", async () => {
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/?period=7d&by=provider");
    await page.locator("[data-chart=drawn]").first().waitFor();
    await settled();

    const week = await query(6, 0);
    expect(week.totals.map(({ currency }) => currency).toSorted()).toEqual(["EUR", "JPY", "USD", null]);
    expect(digits(await exactOfTile(page, /^Spend, /))).toBe(costIn(week, "USD"));
    expect(digits(await exactOfTile(page, "Requests"))).toBe(sumOf(week, "total_requests"));
    expect(digits(await exactOfTile(page, "Tokens"))).toBe(sumOf(week, "total_tokens"));
    const [cached = "", input = ""] = (await exactOfTile(page, "Cache hit rate")).split(" of ");
    expect([digits(cached), digits(input)]).toEqual([sumOf(week, "cached_tokens"), sumOf(week, "input_tokens")]);
    expect(digits(await exactOfTile(page, "Today"))).toBe(costIn(await query(0, 0), "USD"));
    expect(digits(await exactOfTile(page, "Month to date"))).toBe(costIn(await query(dayOfMonth() - 1, 0), "USD"));
    const warning = await page.getByText(/requests \(.*\) have no price/).textContent();
    expect(digits(warning?.split("requests")[0] ?? "")).toBe(sumOf(week, "unpriced_requests"));

    for (const [title, dimension] of [
      ["Top models", "model"],
      ["Top projects", "project"],
      ["Top users", "user"],
    ] as const) {
      const answer = await query(6, 0, "--group-by", dimension);
      const shown = await page
        .getByRole("region", { name: title })
        .locator("li")
        .evaluateAll((items) =>
          items.map((item) => [
            item.querySelector(".clip")?.textContent ?? "",
            item.querySelector(".amount[title]")?.getAttribute("title") ?? "",
          ]),
        );
      expect(shown).toHaveLength(5);
      expect(shown.map(([name, cost = ""]) => [name, digits(cost)])).toEqual(
        inDollars(answer)
          .slice(0, 5)
          .map((row) => [row[dimension] ?? "(none)", digits(row.total_cost ?? "")]),
      );
    }

    await page.getByRole("radiogroup", { name: "Spend by day: as" }).getByText("Table").click();
    const table = page.getByRole("region", { name: "Spend by day", exact: true }).locator("table");
    await table.waitFor();
    const [time = "", ...names] = await headOf(table);
    expect(time).toBe("Time");
    const ofDays = await query(6, 0, "--group-by", "day");
    const byDay = inDollars(ofDays);
    const byBoth = inDollars(await query(6, 0, "--group-by", "day,provider"));
    const rows = await cellsOf(table);
    expect(rows.map(([day]) => day)).toEqual(byDay.map(({ day }) => day));
    const unpriced = "Calls without a price";
    expect(names).toContain(unpriced);
    for (const [day, ...cells] of rows) {
      for (const [at, name] of names.entries()) {
        if (name === unpriced) {
          const counts = ofDays.data.filter((row) => row["day"] === day).map((row) => row.unpriced_requests);
          expect([day, Number(cells[at])]).toEqual([day, counts.reduce((sum, count) => sum + count, 0)]);
          continue;
        }
        const ofDay = (rows: readonly Row[]): readonly Row[] => rows.filter((row) => row["day"] === day);
        const parts = ofDay(byBoth).filter(({ provider }) =>
          /^\d+ others$/.test(name) ? !names.includes(String(provider)) : provider === name,
        );
        const costs = (name === "Sum" ? ofDay(byDay) : parts).map((row) => row.total_cost ?? "0");
        const sum = costs.length === 0 ? "" : sumDecimals(costs);
        expect([day, name, digits(cells[at] ?? "")]).toEqual([day, name, digits(sum)]);
      }
    }
  });
});

/** Addresses of Explore, and the same question in a terminal. */
const explored = [
  ["by=model,project&period=7d", 6, "USD", ["--group-by", "model,project"]],
  ["by=user&period=30d&m=tokens&f=provider:anthropic", 29, "USD", ["--provider", "anthropic", "--group-by", "user"]],
  ["by=tag:team,costStatus&period=7d&m=requests&as=tiles", 6, "USD", ["--group-by", "tag:team,cost_status"]],
  ["by=provider&period=7d&m=average&cur=EUR", 6, "EUR", ["--group-by", "provider"]],
  ["by=&period=90d&f=projectId:mixed&cur=JPY&as=hours", 89, "JPY", ["--project", "mixed"]],
  [
    "by=region,serviceTier&period=7d&f=tags:environment:production,model:claude-haiku-4-5&as=area",
    6,
    "USD",
    ["--tag", "environment:production", "--model", "claude-haiku-4-5", "--group-by", "region,service_tier"],
  ],
  ["by=model&period=7d&f=costStatus:unpriced&m=unpriced", 6, "", ["--cost-status", "unpriced", "--group-by", "model"]],
  [
    "by=usageStatus,model&period=7d&f=usageStatus:estimated,usageStatus:partial&m=requests",
    6,
    "USD",
    ["--usage-status", "estimated,partial", "--group-by", "usage_status,model"],
  ],
] as const;

test("Explore's totals and groups, by any dimensions, of any part", { timeout: 240_000 }, async () => {
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/explore");
    for (const [address, from, currency, args] of explored) {
      await page.goto(`/explore?${address}`);
      await page.locator("[data-chart=drawn]").first().waitFor();
      await settled();
      const answer = await query(from, 0, ...args);
      const money = answer.totals.find((each) => each.currency === currency);
      expect([address, await exactsOf(page)]).toMatchObject([
        address,
        {
          cost: money?.total_cost ?? "0",
          average: money?.avg_cost_per_request ?? "",
          requests: sumOf(answer, "total_requests"),
          tokens: sumOf(answer, "total_tokens"),
          unpriced: sumOf(answer, "unpriced_requests"),
        },
      ]);
      for (const other of answer.totals) {
        if (other.currency === null || other.currency === currency) continue;
        const also = page
          .getByLabel("Totals")
          .locator("div")
          .filter({ hasText: `Also, in ${other.currency}` });
        expect(digits((await also.locator("dd").getAttribute("title")) ?? "")).toBe(digits(other.total_cost ?? ""));
      }

      const groups = args[0] === "--group-by" || args.length > 2 ? String(args.at(-1)).split(",") : [];
      const lines = await savedLines(page, page.getByRole("button", { name: "CSV", exact: true }));
      const saved = lines.map((line) => [
        ...Object.values(line).slice(0, groups.length),
        ...figureNames.map(([label]) => line[label]),
      ]);
      const wanted = answer.data.map((row) =>
        [...groups, ...figureNames.map(([, name]) => name)].map((name) => String(row[name] ?? "")),
      );
      // Their order is that of the measure, and the terminal's that of the cost.
      expect(saved.toSorted(byText)).toEqual(wanted.toSorted(byText));

      // What stands in the table is what is saved from it.
      const table = page.getByRole("region", { name: "Exact figures of each group" }).locator("table");
      const costAt = (await headOf(table)).indexOf("Cost");
      const shown = (await cellsOf(table)).filter((cells) => cells.length > 1).map((cells) => cells[costAt] ?? "");
      expect(shown.length).toBeGreaterThan(0);
      expect(shown.map(digits)).toEqual(lines.slice(0, shown.length).map((line) => digits(line["Cost"] ?? "")));
    }
  });
});

/** The columns of figures in a file of groups, and their names in a terminal's answer. */
const figureNames = [
  ["Currency", "currency"],
  ["Cost", "total_cost"],
  ["Requests", "total_requests"],
  ["Cost per request", "avg_cost_per_request"],
  ["Input tokens", "input_tokens"],
  ["Cached tokens", "cached_tokens"],
  ["Output tokens", "output_tokens"],
  ["Reasoning tokens", "reasoning_tokens"],
] as const;

const byText = (a: readonly unknown[], b: readonly unknown[]): number =>
  JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;

const exactsOf = (page: Page): Promise<Record<string, string>> =>
  page
    .locator("[data-measure]")
    .evaluateAll((figures) =>
      Object.fromEntries(
        figures.map((each) => [
          each.getAttribute("data-measure") ?? "",
          each.querySelector("[data-exact]")?.getAttribute("data-exact") ?? "",
        ]),
      ),
    );

interface Status {
  readonly budget_id: string;
  readonly name: string;
  readonly spent: string;
  readonly amount: string;
  readonly reserved: string;
  readonly remaining: string;
}

test("how budgets stand", async () => {
  const { data: statuses } = await said<{ data: Status[] }>("budget", "status");
  expect(statuses.length).toBeGreaterThan(1);
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/budgets");
    await page.locator(".budget-used[title]").first().waitFor();
    await settled();
    for (const { name, spent } of statuses) {
      const row = page.locator("li.budget-row").filter({ has: page.getByRole("link", { name, exact: true }) });
      expect(digits((await row.locator(".budget-used").getAttribute("title")) ?? "")).toBe(digits(spent));
    }
    const [first] = statuses;
    await page.getByRole("link", { name: first?.name ?? "", exact: true }).click();
    await page.getByRole("region", { name: "Spent" }).waitFor();
    await settled();
    for (const [label, name] of [
      ["Spent", "spent"],
      ["Amount", "amount"],
      ["Reserved", "reserved"],
      ["Remaining", "remaining"],
    ] as const) {
      expect(digits(await exactOfTile(page, label))).toBe(digits(first?.[name] ?? ""));
    }
  });
});

test("how many calls wait for a price", async () => {
  const answer = await query(89, 0, "--cost-status", "unpriced", "--group-by", "provider,model");
  expect(answer.data.length).toBeGreaterThan(2);
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/prices");
    await page.getByText(`${answer.data.length} models without a price`).waitFor();
    await settled();
    for (const { provider, model, total_requests: calls } of answer.data) {
      const row = page.locator(".unpriced-list li").filter({ hasText: `${model} ${provider}` });
      expect(digits((await row.getByRole("link", { name: /calls?$/ }).textContent()) ?? "")).toBe(String(calls));
    }
  });
});

interface Proof {
  readonly record: { readonly cost_status: string };
  readonly lines: readonly { readonly kind: string; readonly amount: string }[];
  readonly corrections: readonly { readonly amount: string | null }[];
  readonly original_cost: string | null;
  readonly total_cost: string | null;
}

test("the proof of a record: plain, in another currency, priced late, voided, reported", async () => {
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/explore");
    for (const [name, id] of Object.entries(mixed)) {
      const proof = await said<Proof>("explain", id);
      expect(proof.corrections).toHaveLength(name === "late" || name === "voided" ? 1 : 0);
      await page.goto(`/explore/record?id=${id}`);
      await page.getByRole("heading", { name: "4. The cost" }).waitFor();
      await settled();
      const head = await page.getByRole("heading", { level: 1 }).textContent();
      expect([name, digits(head ?? "")]).toEqual([name, digits(proof.total_cost ?? "")]);
      await sameLines(page, proof);
      for (const { amount } of proof.corrections) {
        const step = page.getByRole("region", { name: "5. What was corrected since" }).getByText(/[+−] .* = /);
        const [, change = ""] = /([+−] .*) = /.exec((await step.textContent()) ?? "") ?? [];
        expect(digits(change)).toBe(digits(amount ?? ""));
      }
    }
  });
});

async function sameLines(page: Page, { lines, original_cost: original }: Proof): Promise<void> {
  const table = page.getByRole("region", { name: "The lines of the cost" }).locator("table");
  if (lines.length > 0) {
    const cells = await cellsOf(table);
    expect(cells.map(([kind, , cost = ""]) => [kind, digits(cost)])).toEqual(
      lines.map(({ kind, amount }) => [kind, digits(amount)]),
    );
    expect(digits((await table.locator("tfoot th").last().textContent()) ?? "")).toBe(digits(original ?? ""));
    return;
  }
  expect(await table.count()).toBe(0);
  if (original === null) return;
  const text = await page.getByText("as it was reported").textContent();
  expect(digits(text?.replace(/\.$/, "") ?? "")).toBe(digits(original));
}

test("what the last minute cost", async () => {
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/stream?f=projectId:just-now");
    await page.getByText("live", { exact: true }).waitFor();
    await settled();
    const call = { projectId: "just-now", inputTokens: 777, outputTokens: 33 };
    await server.client.usage.batchCreate([
      ...["gpt-4o", "gpt-4o-mini", "gpt-4o"].map((model) => ({ ...call, provider: "openai", model })),
      { ...call, provider: "house", model: "house-euro" },
      { ...call, provider: "nobody", model: "unheard-of-a", status: "error" as const },
    ]);
    const minute = page.getByRole("region", { name: "The last minute" });
    await minute.locator("div").filter({ hasText: "Calls in the last minute" }).getByText("5").waitFor();
    const answer = await query(1, 0, "--project", "just-now");
    for (const currency of ["USD", "EUR"]) {
      const cost = minute.locator("div").filter({ hasText: `Cost in ${currency}` });
      expect(digits((await cost.locator("dd").getAttribute("title")) ?? "")).toBe(costIn(answer, currency));
    }
    const unpriced = minute.locator("div").filter({ hasText: "Unpriced" }).locator("dd");
    expect(await unpriced.textContent()).toBe(sumOf(answer, "unpriced_requests"));
  });
});
