/** Days and times of an organization far from the browser that looks at it. */
import type { CreateCostParams } from "@llm-cost-ops/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatInstantExact } from "../../packages/dashboard/src/format/instants.ts";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";
import { go, plainPaths } from "./every-page-fixture.ts";

const zone = "Asia/Kolkata";
let server: DashboardServer;
/** Half an hour after midnight in Kolkata, and in New York the afternoon of the day before. */
const afterMidnight = "2026-03-10T19:00:00.000Z";
const beforeMidnight = "2026-03-10T18:29:59.000Z";

beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
  const { client } = server;
  await client.organizations.update("default", { settings: { timezone: zone } });
  const call = { provider: "openai", model: "gpt-4o", inputTokens: 10, outputTokens: 10 };
  await client.costs.bulkCreate([
    { ...call, amount: "4", occurredAt: beforeMidnight },
    { ...call, id: "of the 11th", amount: "2", occurredAt: afterMidnight },
    { ...call, amount: "1", occurredAt: new Date().toISOString() },
  ] as CreateCostParams[]);
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test("days and times are those of the organization's zone, which every page states", async () => {
  await walk(server, { timeZone: "America/New_York" }, async (walking) => {
    const { page, signIn, settled } = walking;
    await signIn("/?period=2026-03-10..2026-03-11");
    const days = "?period=2026-03-09..2026-03-12";
    await go(walking, `/${days}`);
    const spend = page.getByRole("region", { name: "Spend by day" }).first();
    await spend.getByText("Table", { exact: true }).click();
    const cells = (text: string) => page.getByRole("row", { name: text });
    await cells("2026-03-10").getByText("$4.00").first().waitFor();
    await cells("2026-03-11").getByText("$2.00").first().waitFor();

    await go(walking, `/explore${days}&by=model&as=bar`);
    await page.getByText("Table", { exact: true }).click();
    await cells("2026-03-10").getByText("$4.00").first().waitFor();
    await cells("2026-03-11").getByText("$2.00").first().waitFor();
    await go(walking, "/explore?period=2026-03-11..2026-03-11&by=&as=bar");
    expect(await page.locator("[data-measure=cost] [data-exact]").getAttribute("data-exact")).toBe("2");
    await go(walking, "/explore?period=2026-03-11..2026-03-11&tab=records");
    await page.getByText(formatInstantExact(afterMidnight, zone)).waitFor();
    expect(formatInstantExact(afterMidnight, zone)).toContain("11 Mar 2026, 00:30");
    await go(walking, `/explore/record?id=${encodeURIComponent("of the 11th")}`);
    await page.getByText("11 Mar 2026, 00:30").first().waitFor();

    // Today is the day that it is there.
    await go(walking, "/?period=today");
    const today = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short", year: "numeric" });
    const before = today.format(Date.now());
    const picked = (await page.getByRole("button", { name: /^Period:/ }).textContent()) ?? "";
    expect([before, today.format(Date.now())].some((day) => picked.includes(day))).toBe(true);

    const [entry] = await server.client.audit.list({ action: "organizations.update" });
    await go(walking, "/settings/audit?action=organizations.update");
    await page
      .getByText(formatInstantExact(entry?.timestamp ?? "", zone))
      .first()
      .waitFor();

    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 800 });
      for (const path of plainPaths) {
        await go(walking, path);
        expect(await page.locator("header").getByText(zone, { exact: true }).isVisible(), path).toBe(true);
      }
    }
    await settled();
  });
});
