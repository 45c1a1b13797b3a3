/** Figures of several currencies, and addresses that say what no page reads. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { dayAgo, digits, exactOfTile, recordMixed, zone } from "./agreement-fixture.ts";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 3 });
  await recordMixed(server.client);
  // A bare number that is larger than all dollars, of one call.
  const yen = { provider: "elsewhere", model: "reported", cost: "5000000", currency: "JPY" };
  await server.client.costs.create({ ...yen, occurredAt: new Date(Date.now() - 3_600_000).toISOString() });
}, 120_000);
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test("the overview is in the currency of most calls, names what else was spent, and changes to another as a whole", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/?period=7d");
    const period = { startDate: dayAgo(6), endDate: dayAgo(0), timezone: zone };
    const { byCurrency } = await server.client.costs.summary(period);
    const spentIn = (currency: string): string =>
      digits(byCurrency.find((each) => each.currency === currency)?.totalCostExact ?? "none");
    expect(byCurrency.find(({ currency }) => currency !== null)?.currency).toBe("JPY");
    const spend = page.getByRole("region", { name: /^Spend, / });

    expect(digits(await exactOfTile(page, /^Spend, /))).toBe(spentIn("USD"));
    await expect.poll(() => spend.textContent()).toMatch(/besides ¥5,000,013.* and €/);
    await screenshot("overview-currencies");

    await page.getByRole("combobox", { name: "Currency" }).click();
    await page.getByRole("option", { name: "EUR" }).click();
    await settled();
    expect(new URL(page.url()).searchParams.get("cur")).toBe("EUR");
    await spend.getByText(/^€/).first().waitFor();
    expect(digits(await exactOfTile(page, /^Spend, /))).toBe(spentIn("EUR"));
    await page.getByRole("region", { name: "Top models" }).getByText("house-euro").waitFor();
    expect(await page.getByRole("region", { name: "Top models" }).locator("li").count()).toBe(1);
    await accessible();
  });
});

test("a page says in a line what of its address it passes over, and shows the rest", async () => {
  await walk(server, { width: 360, scheme: "dark" }, async ({ page, signIn, settled, accessible }) => {
    await signIn("/explore?from=2026-13-01&by=foo,provider&f=evil:1");
    const said = page.getByRole("status").filter({ hasText: "passes over" });
    expect(await said.textContent()).toBe(
      "This page passes over a part of its address that it does not understand: from=2026-13-01, by=foo, f=evil:1.",
    );
    await page.getByRole("heading", { name: "Cost by day and provider" }).waitFor();
    await accessible();
    const [budget] = await server.client.budgets.list();
    for (const path of [
      `/budgets/${budget?.id}?per=day`,
      "/budgets/new?for=me",
      "/prices/model?provider=openai&model=gpt-4o&tier=batch",
      "/prices/catalogue?edition=2",
      "/settings/webhooks?status=lost",
      "/settings/account?q=mine",
      "/?cmp=perhaps",
      "/budgets?order=best",
      "/prices?of=them",
      "/alerts?tab=x",
      "/stream?show=no",
    ]) {
      await page.goto(path);
      await said.filter({ hasText: path.split(/[?&]/).at(-1) ?? "" }).waitFor();
    }
    await page.goto("/explore?by=provider&period=7d&f=provider:openai");
    await page.getByRole("heading", { name: "Cost by day and provider" }).waitFor();
    await settled();
    expect(await said.count()).toBe(0);
  });
});
