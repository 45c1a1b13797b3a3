import type { BudgetStatus, CostProjection, ListedBudgetStatus } from "@llm-cost-ops/contract";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sumDecimals } from "../../packages/dashboard/src/format/decimal.ts";
import { formatMoney, formatMoneyExact } from "../../packages/dashboard/src/format/money.ts";
import { formatShare } from "../../packages/dashboard/src/format/numbers.ts";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 65, every: 10 });
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test.each([
  { scheme: "light", width: 1440 },
  { scheme: "dark", width: 1440 },
  { scheme: "light", width: 360, height: 740 },
  { scheme: "dark", width: 360, height: 740 },
] as const)("the overview shows what was spent, $scheme and $width wide", async (view) => {
  await walk(server, view, async ({ page, signIn, settled, accessible, screenshot }) => {
    await page.goto("/");
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await accessible();
    await screenshot("sign-in");
    await signIn("/?period=30d");
    await settled();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.locator("[data-chart=drawn]").first().waitFor();
    await accessible();
    await screenshot("overview");
    const isWider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(isWider).toBe(false);
    // One glance, one screen, also with the warning of calls without a price.
    await page.getByRole("link", { name: "See which" }).waitFor();
    const isHigher = await page.evaluate(() => document.documentElement.scrollHeight > window.innerHeight);
    if (view.width === 1440) expect(isHigher).toBe(false);
  });
});

/** What the page was answered, by a part of the address; asked for before it is. */
const answered = async <T>(page: Page, path: string): Promise<T> => {
  const response = await page.waitForResponse((one) => new URL(one.url()).pathname.endsWith(path) && one.ok());
  return ((await response.json()) as { readonly data: T }).data;
};

test("the month, where it leads and what that is of the budget are what one answer each says", async () => {
  await walk(server, {}, async ({ page, signIn, settled }) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const [projection, standings] = await Promise.all([
      answered<CostProjection>(page, "/costs/projection"),
      answered<readonly ListedBudgetStatus[]>(page, "/budgets/statuses"),
      signIn("/"),
    ]);
    await settled();
    const of = projection.by_currency.find(({ currency }) => currency === "USD");
    const tile = page.getByRole("region", { name: "Projected month" });
    await tile.getByTitle(/ of budget All of it$/).waitFor();
    expect(await tile.locator("[data-exact]").getAttribute("data-exact")).toBe(formatMoneyExact(of?.projected, "USD"));
    const { status } = standings.find(({ name }) => name === "All of it") ?? {};
    const { projected, spent, amount } = status as BudgetStatus;
    expect(await tile.getByRole("link").textContent()).toBe(
      `${formatShare(projected ?? "", amount)} of budget All of it`,
    );
    const month = page.getByRole("region", { name: "Month to date" });
    expect(await month.textContent()).toMatch(/% against the same days last month/);
    expect(await month.getByRole("link").textContent()).toBe(`${formatShare(spent, amount)} of budget All of it`);
    // However many there are, how all of them stand is one question.
    expect(asked.filter((path) => /\/budgets\/.*status/.test(path))).toEqual(["/api/v1/budgets/statuses"]);
    await page.getByRole("region", { name: "Budgets most used" }).getByRole("link").first().waitFor();
  });
});

test("the warning says how much rests on usage that is estimated or partial, and leads to what that is", async () => {
  const call = { provider: "openai", model: "gpt-4o", inputTokens: 400_000, outputTokens: 20_000 };
  // A stream that was cut off before its last event, and a call whose tokens nobody but the caller counted.
  await server.client.usage.create({ ...call, stream: true, usageStatus: "partial", status: "error" });
  await server.client.usage.create({ ...call, usageStatus: "estimated" });
  const { data, totals } = await server.client.costs.aggregate({ range: "last-30-days", groupBy: "usageStatus" });
  const of = (status: string) => data.find(({ usageStatus }) => usageStatus === status);
  expect([of("estimated")?.totalRequests, of("partial")?.totalRequests]).toEqual([1, 1]);
  const cost = sumDecimals(["estimated", "partial"].map((status) => of(status)?.totalCostExact ?? ""));
  const all = totals.find(({ currency }) => currency === "USD")?.totalCostExact ?? "";
  const requests = totals.reduce((sum, { totalRequests = 0 }) => sum + totalRequests, 0);
  await walk(server, {}, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/?period=30d");
    await settled();
    const warning = page.getByRole("status").filter({ hasText: "estimated or partial" });
    const told = `The usage of 2 requests (${formatShare("2", String(requests))}) is estimated or partial: ${formatMoney(cost, "USD")} (${formatShare(cost, all)}) of the spend rests on it.`;
    await warning.getByText(told).waitFor();
    await warning.getByText(/have no price and are in no sum on this page/).waitFor();
    await accessible();
    await screenshot("overview-estimated");
    await warning.getByRole("link", { name: "See which are estimated or partial" }).click();
    await page.waitForURL("**/explore?*");
    await settled();
    const groups = page.getByRole("table").last();
    for (const status of ["estimated", "partial"]) await groups.getByText(status, { exact: true }).first().waitFor();
    expect(await page.getByLabel("Totals").textContent()).toContain(formatMoney(cost, "USD"));
    await accessible();
  });
});

test("the values of a tag that most was spent on are shown, another key is chosen, and both lead to Explore", async () => {
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/?period=30d");
    await settled();
    const panel = page.getByRole("region", { name: "Top tags" });
    await panel.getByRole("link", { name: "production" }).waitFor();
    await panel.getByRole("combobox", { name: "Tag" }).click();
    await page.getByRole("option", { name: "team", exact: true }).click();
    await page.waitForURL("**/?*tag=team*");
    await settled();
    const { data } = await server.client.costs.aggregate({ range: "last-30-days", groupBy: "tag:team" });
    const most = data.find(({ currency }) => currency === "USD");
    const row = panel.getByRole("listitem").first();
    expect(await row.getByRole("link").textContent()).toBe(most?.["tag:team"]);
    await row.getByTitle(formatMoneyExact(most?.totalCostExact, "USD"), { exact: true }).waitFor();
    await page.reload();
    await settled();
    await row.getByRole("link", { name: String(most?.["tag:team"]) }).click();
    await page.waitForURL("**/explore?*");
    await page.getByText(`team:${most?.["tag:team"]}`).first().waitFor();
  });
});

test("a day is drawn by its hours, also by those in which nothing was spent", async () => {
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/?period=today");
    await settled();
    await page.locator("[data-chart=drawn]").first().waitFor();
    const panel = page.getByRole("region", { name: "Spend by hour" }).first();
    await panel.getByText("Table", { exact: true }).click();
    const places = panel.locator("tbody tr td:first-child");
    await places.first().waitFor();
    const hours = await places.allTextContents();
    expect(hours.map((text) => text.slice(-2))).toEqual(
      [...Array(24).keys()].map((hour) => String(hour).padStart(2, "0")),
    );
  });
});
