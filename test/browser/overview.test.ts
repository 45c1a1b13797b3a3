import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 65 });
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
  });
});
