import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, password, startDashboardServer, walk } from "./dashboard-fixture.ts";

const unknown = "house-model-1";
let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 20, every: 10 });
  const call = { provider: "openai", model: unknown, inputTokens: 1_000_000, outputTokens: 500_000 };
  await server.client.usage.batchCreate([call, call, { ...call, model: "<b>bold</b> مرحبا".repeat(5) }]);
  const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  const agreed = await server.client.pricing.create({
    provider: "openai",
    model: "gpt-4.1",
    inputPricePerMillion: "1.8",
    cacheReadPricePerMillion: "0.45",
    outputPricePerMillion: "7.2",
    effectiveDate: daysAgo(200),
  });
  await server.client.pricing.update(agreed.id, {
    inputPricePerMillion: "1.6",
    outputPricePerMillion: "6.4",
    effectiveDate: daysAgo(90),
  });
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test("a model without a price gets one with one click, its calls are priced, and the price is changed and ended", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn, settled, accessible }) => {
      await signIn("/prices");
      await page.getByText(/^\d+ models without a price$/).waitFor();
      await page.getByRole("link", { name: `Add a price for ${unknown}` }).click();
      expect(await page.getByLabel("Model", { exact: true }).inputValue()).toBe(unknown);
      await page.getByText("2 calls of the last 90 days wait for this price.").waitFor();
      await settled();
      await accessible();

      // What is wrong is said where it is wrong, by the server.
      await page.getByRole("button", { name: "Add the price" }).click();
      await page.getByText("this or another price is required").waitFor();
      const first = page.getByLabel("Price 1: price in USD");
      expect(await first.evaluate((field) => field === document.activeElement)).toBe(true);
      await page.getByLabel("Price 1: price in USD").fill("3");
      await page.getByLabel("Price 3: price in USD").fill("abc");
      await page.getByLabel("Currency").fill("dollars");
      await page.getByRole("button", { name: "Add the price" }).click();
      await page.getByText("must be a three-letter ISO 4217 code, such as USD").waitFor();
      expect(await page.getByLabel("Price 3: price in").getAttribute("aria-invalid")).toBe("true");
      await page.getByLabel("Currency").fill("USD");
      await page.getByLabel("Price 3: price in USD").fill("15");
      await page.getByRole("button", { name: "Another price" }).click();
      await page.getByLabel("Price 4: price in USD").fill("6");
      await page.getByLabel("Price 4: above").fill("200000");
      await page.getByRole("button", { name: "Add the price" }).click();

      await page.getByRole("heading", { name: unknown }).waitFor();
      await page.getByText("above 200,000 tokens").waitFor();
      await settled();
      // 1,000,000 × $6 and 500,000 × $15 per million, twice, and nothing waits any more.
      await expect
        .poll(async () => {
          const { totals } = await server.client.costs.aggregate({ range: "all", model: unknown });
          return totals.map(({ totalCostExact }) => Number(totalCostExact));
        })
        .toEqual([27]);

      await page.getByRole("link", { name: "Change it" }).click();
      await page.getByLabel("Price 1: price in USD").fill("2.5");
      await page.getByRole("button", { name: "Change the price" }).click();
      await page.getByRole("heading", { name: "What applied when" }).waitFor();
      await page.locator("[data-chart=drawn]").waitFor();
      expect(await page.getByRole("region", { name: "Versions" }).locator("tbody tr").count()).toBe(2);
      await accessible();
      await page.getByRole("button", { name: "End it" }).click();
      await page.getByRole("button", { name: "End the price" }).click();
      await page.getByText("No price applies now").waitFor();
    },
    /400|422/,
  );
});

test("the catalogue is searched, a price of it replaced by an own one, and the past priced again and back", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/prices");
    await page.getByLabel("Find a model").fill("openai gpt-4o-mini");
    await page.getByRole("link", { name: "gpt-4o-mini", exact: true }).click();
    await page.getByRole("region", { name: "Prices of each kind" }).getByText("$0.15", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Set a price of our own" }).click();
    await page.getByLabel("Price 1: price in USD").waitFor();
    expect(await page.getByLabel("Price 1: price in USD").inputValue()).toBe("0.15");
    await page.getByLabel("Price 1: price in USD").fill("0.3");
    await page.getByRole("button", { name: "Add the price" }).click();
    await page.getByText("Your own price goes before the catalogue’s").waitFor();
    await page.getByText("Input $0.30 instead of $0.15").waitFor();
    await settled();

    const before = await sumOf();
    await page.getByRole("link", { name: "Price the past again" }).click();
    await page.getByLabel("Why").fill("We agreed on another price");
    await settled();
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByRole("heading", { name: /^Repricing: \+\$/ }).waitFor();
    await settled();
    await accessible();
    await screenshot("repricing");
    expect(await sumOf()).toBe(before);
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("button", { name: /^Reprice/ }).click();
    await page.getByText("applied", { exact: true }).waitFor();
    const [repricing] = await server.client.repricings.list();
    expect(repricing?.status).toBe("applied");
    expect(await sumOf()).not.toBe(before);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: /^Take back/ }).click();
    await page.getByText("undone", { exact: true }).waitFor();
    expect(await sumOf()).toBe(before);
    await page.getByRole("link", { name: "← Repricing" }).click();
    await page.getByText("We agreed on another price").waitFor();
    await accessible();
  });
});

const sumOf = async (): Promise<string | undefined> => {
  const { totals } = await server.client.costs.aggregate({ range: "all", model: "gpt-4o-mini" });
  return totals.find(({ currency }) => currency === "USD")?.totalCostExact;
};

test("a repricing that changes only what caching saved says so, before and after it is applied", async () => {
  const { client } = server;
  const named = { provider: "openai", model: "all-cached" };
  const rates = (input: string) => ({
    rates: [["input", input] as const, ["cache_read", "0.3"] as const].map(([kind, price]) => ({
      kind,
      price,
      per: 1_000_000,
    })),
  });
  const { id } = await client.pricing.create({ ...named, ...rates("3") });
  await client.usage.create({
    ...named,
    id: "all-cached",
    inputTokens: 1_000_000,
    cachedTokens: 1_000_000,
    outputTokens: 0,
  });
  await client.pricing.update(id, { ...rates("6"), effectiveDate: "2020-01-01" });
  const repricing = await client.repricings.create({ model: named.model });
  await walk(server, { scheme: "dark", width: 360 }, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn(`/prices/repricings/${repricing.id}`);
    await page.getByRole("heading", { name: "Repricing: only what caching saved changes" }).waitFor();
    await page.getByText("0 of 1 call would get another cost.").waitFor();
    await page.getByText("1 keeps its cost: only what caching saved changes.").waitFor();
    await page.getByText("What caching saved: $2.70 becomes $5.70.").waitFor();
    await page.getByRole("cell", { name: "+$3.00", exact: true }).waitFor();
    await settled();
    await accessible();
    await screenshot("repricing-savings");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("button", { name: "Reprice 1 call" }).click();
    await page.getByText("applied", { exact: true }).waitFor();
    expect((await client.usage.get("all-cached")).cacheSavingsExact).toBe("5.7");
  });
});

test("a catalogue is previewed before it is applied", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/prices/catalogue");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByText(/^Nothing: the prices of all/).waitFor();
    await page.getByLabel("Source").first().click();
    await page.getByRole("option", { name: "A catalogue file" }).click();
    const content = {
      format: "llm-cost-ops-catalogue",
      version: 1,
      providers: [{ id: "house", models: [{ model: "house-large", prices: [{ input_price_per_million: "1.5" }] }] }],
    };
    const buffer = Buffer.from(JSON.stringify(content));
    await page.locator("input[type=file]").setInputFiles({ name: "prices.json", mimeType: "application/json", buffer });
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByRole("tab", { name: "1 added" }).click();
    await screenshot("catalogue");
    await page.getByRole("link", { name: "house-large" }).waitFor();
    await settled();
    await accessible();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("button", { name: "Apply the catalogue" }).click();
    await page.getByText(/^Applied as/).waitFor();
    const { price } = await server.client.pricing.resolve({ provider: "house", model: "house-large" });
    expect(price?.inputPricePerMillion).toBe("1.5");
  });
});

test("who may only read is offered nothing else", async () => {
  const viewer = "grace@example.com";
  await server.makeUser(viewer, password, "viewer");
  await walk(server, {}, async ({ page, signIn }) => {
    await signIn("/prices?provider=openai&q=gpt-4.1", viewer);
    await page.getByRole("link", { name: "gpt-4.1", exact: true }).waitFor();
    expect(await page.getByRole("link", { name: /Add a price/ }).count()).toBe(0);
    await page.getByRole("link", { name: "gpt-4.1", exact: true }).click();
    await page.getByText("The price now").waitFor();
    expect(await page.getByRole("link", { name: /Set a price/ }).count()).toBe(0);
    await page.goto("/prices/new");
    await page.getByText("You may not see this").waitFor();
  });
});

test.each([
  { scheme: "light", width: 1440 },
  { scheme: "dark", width: 1440 },
  { scheme: "light", width: 360, height: 740 },
] as const)("prices and one of them are seen whole, $scheme and $width wide", async (view) => {
  await walk(server, view, async ({ page, signIn, settled, accessible, screenshot }) => {
    const isWider = (): Promise<boolean> =>
      page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    await signIn("/prices?provider=openai");
    const prices = page.getByRole("region", { name: "Prices", exact: true });
    await prices.waitFor();
    await page.getByText("without a price").waitFor();
    await settled();
    await accessible();
    await screenshot("prices");
    // Which edges have a shade, for more is beside them.
    const shadesAt = (left: number) =>
      prices.evaluate(async (table, to) => {
        table.scrollLeft = to;
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        const shadows = getComputedStyle(table).boxShadow.match(/rgba?\([^)]*\)/g) ?? [];
        return shadows.map((color) => !color.endsWith(", 0)"));
      }, left);
    const isCut = await prices.evaluate((table) => table.scrollWidth > table.clientWidth);
    expect(await shadesAt(0)).toEqual(isCut ? [false, true] : []);
    expect(await shadesAt(10_000)).toEqual(isCut ? [true, false] : []);
    expect(isCut).toBe(view.width === 360);
    await shadesAt(0);
    expect(await isWider()).toBe(false);
    await page.goto("/prices/model?provider=openai&model=gpt-4.1");
    await page.getByText("The price now").waitFor();
    await page.locator("[data-chart=drawn]").waitFor();
    await settled();
    await accessible();
    await screenshot("price");
    expect(await isWider()).toBe(false);
    await page.goto("/prices/new?provider=openai&model=house-model-1");
    await page.getByLabel("Price 1: price in USD").waitFor();
    await settled();
    await accessible();
    await screenshot("price-new");
    expect(await isWider()).toBe(false);
  });
});
