/** What caching saved, from a call's proof to the overview, also where it cost more than it saved. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { cellsOf, digits, exactOfTile } from "./agreement-fixture.ts";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

const dayMs = 86_400_000;
const dayAgo = (days: number): string => new Date(Date.now() - days * dayMs).toISOString().slice(0, 10);

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
  const call = (id: string, day: number, projectId: string, read: number, written: number) => ({
    id,
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    projectId,
    occurredAt: `${dayAgo(day)}T10:00:00Z`,
    usage: {
      input_tokens: 1_000,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: written,
      output_tokens: 400,
    },
  });
  await server.client.usage.batchCreate([
    call("warm", 1, "assistant", 90_000, 4_000),
    call("warmer", 2, "assistant", 45_000, 0),
    call("cold", 4, "batch-job", 0, 80_000),
  ]);
}, 120_000);
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test("the overview says what it saved, or how much more it cost", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible }) => {
    const week = await server.client.costs.summary({ range: "last-7-days" });
    expect(week.cacheSavingsExact).toBe("0.3015");
    await signIn("/?period=7d");
    await settled();
    expect(digits(await exactOfTile(page, "Saved by caching"))).toBe(week.cacheSavingsExact);
    await accessible();
    await page.goto(`/?period=${dayAgo(4)}..${dayAgo(4)}`);
    await settled();
    const tile = page.getByRole("region", { name: "Saved by caching" });
    await tile.getByText("caching cost more than plain input would have").waitFor();
    expect(digits(await exactOfTile(page, "Saved by caching"))).toBe("-0.06");
  });
});

test("Explore groups it, and a record proves it term by term", async () => {
  await walk(server, { scheme: "dark" }, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/explore?m=saved&by=project&period=7d");
    await page.locator("[data-chart=drawn]").first().waitFor();
    await settled();
    expect(await page.locator("[data-measure=saved] [data-exact]").getAttribute("data-exact")).toBe("0.3015");
    const text = (await page.getByRole("main").textContent()) ?? "";
    for (const figure of ["assistant", "$0.3615", "batch-job", "\u2212$0.06"]) expect(text).toContain(figure);
    await accessible();
    await screenshot("explore-saved");
    for (const shape of ["tiles", "hours"]) {
      await page.goto(`/explore?m=saved&by=project&period=7d&as=${shape}`);
      await page.locator("[data-chart=drawn]").first().waitFor();
      if (shape === "tiles") await page.getByText("What is below zero cannot be drawn so").waitFor();
      await settled();
      await accessible();
    }
    await page.goto("/explore/record?id=warm");
    await page.getByRole("heading", { name: "5. What caching saved" }).waitFor();
    const table = page.getByRole("region", { name: "What caching saved on each kind" }).locator("table");
    expect(await cellsOf(table)).toEqual([
      ["cache_read", "90,000 × $3.00 / 1,000,000 − 90,000 × $0.30 / 1,000,000", "$0.243"],
      ["cache_write_5m", "4,000 × $3.00 / 1,000,000 − 4,000 × $3.75 / 1,000,000", "\u2212$0.003"],
    ]);
    expect(await table.locator("tfoot").textContent()).toBe("Sum$0.24");
    await accessible();
    await page.getByRole("heading", { name: "5. What caching saved" }).scrollIntoViewIfNeeded();
    await screenshot("record-saved");
  });
  await walk(server, { width: 360 }, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/explore/record?id=cold");
    await page.getByText("Caching cost more here than it saved.").waitFor();
    await settled();
    await accessible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(false);
    await screenshot("record-saved");
  });
});
