/** Pictures that are taken along: as PNG, SVG and CSV. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatMoneyExact } from "../../packages/dashboard/src/format/money.ts";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";
import { go } from "./every-page-fixture.ts";
import { makeBudgets, recordSpend } from "./plan-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
  await recordSpend(server.client, 40);
  await makeBudgets(server.client);
  // The history of a price that never changed is no picture.
  const price = { provider: "openai", model: "house-model" };
  const first = { ...price, inputPricePerMillion: "1.8", outputPricePerMillion: "7.2", effectiveDate: "2026-01-01" };
  const { id } = await server.client.pricing.create(first);
  await server.client.pricing.update(id, {
    inputPricePerMillion: "1.600000000001",
    outputPricePerMillion: "6.4",
    effectiveDate: "2026-03-01",
  });
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

/** What lies in the file that one entry of a picture's menu gives, and what it is called. */
async function downloaded(page: Page, title: string, entry: string): Promise<{ name: string; bytes: Buffer }> {
  await page.getByRole("button", { name: `Download ${title}`, exact: true }).click();
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: entry }).click(),
  ]);
  return { name: saved.suggestedFilename(), bytes: readFileSync(await saved.path()) };
}

/** The cells of a file of comma-separated values, of which some stand in quotes. */
const cellsOf = (text: string): string[][] =>
  text
    .trimEnd()
    .split("\r\n")
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) =>
        quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
      ),
    );

/** What the first picture of the page is called. */
const titleOf = async (page: Page): Promise<string> =>
  ((await page.locator("section:has([data-chart]) h2").first().textContent()) ?? "").trim();

/** Takes the picture with a title along in each way; returns the cells of its figures. */
async function taken(page: Page, title: string): Promise<string[][]> {
  const panel = page.getByRole("region", { name: title, exact: true }).first();
  const canvas = panel.locator("[data-chart=drawn] canvas").first();
  await canvas.waitFor();
  const box = await canvas.boundingBox();
  const png = await downloaded(page, title, "Picture (PNG)");
  expect(png.name).toMatch(/^[a-z0-9-]+\.png$/);
  expect(png.bytes.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
  // Twice the size of what is on the screen, and something is on it.
  expect(png.bytes.readUInt32BE(16)).toBe(Math.round((box?.width ?? 0) * 2));
  expect(png.bytes.readUInt32BE(20)).toBe(Math.round((box?.height ?? 0) * 2));
  expect(png.bytes.length).toBeGreaterThan(5_000);

  const svg = await downloaded(page, title, "Picture (SVG)");
  expect(svg.name).toBe(png.name.replace(".png", ".svg"));
  // By a page without our policy, which holds for whatever is parsed as well.
  const blank = await page.context().newPage();
  const parsed = await blank.evaluate((text) => {
    const { documentElement: root } = new DOMParser().parseFromString(text, "image/svg+xml");
    return {
      root: root.nodeName,
      width: root.getAttribute("width"),
      shapes: root.querySelectorAll("path, rect, polyline").length,
      scripts: root.querySelectorAll("script, foreignObject, image").length,
    };
  }, svg.bytes.toString("utf8"));
  await blank.close();
  expect(parsed).toEqual({
    root: "svg",
    width: String(Math.round(box?.width ?? 0)),
    shapes: expect.any(Number),
    scripts: 0,
  });
  expect(parsed.shapes).toBeGreaterThan(3);

  const csv = await downloaded(page, title, "Figures (CSV)");
  expect(csv.name).toBe(png.name.replace(".png", ".csv"));
  const cells = cellsOf(csv.bytes.toString("utf8"));
  expect(cells.length).toBeGreaterThan(1);
  // The table that stands for the picture says the same.
  await panel.getByText("Table", { exact: true }).click();
  const rows = panel.locator("tbody tr:has(td)");
  await rows.first().waitFor();
  const shown = await rows.first().locator("td").allTextContents();
  expect(shown.map((text) => text.trim())).toEqual(cells[1]);
  return cells;
}

test("every picture goes to PNG, SVG and CSV with the exact figures", async () => {
  const { client } = server;
  await walk(server, {}, async (walking) => {
    const { page, signIn } = walking;
    await signIn("/?period=30d");
    const zone = "UTC";
    const spend = await taken(page, "Spend by day");
    const endDate = spend.at(-1)?.[0] ?? "";
    const startDate = spend[1]?.[0] ?? "";
    const days = await client.costs.aggregate({ startDate, endDate, timezone: zone, groupBy: "day" });
    const byDay = new Map(days.data.map((row) => [row["day"], formatMoneyExact(row.totalCostExact, row.currency)]));
    expect(spend).toHaveLength(31);
    const sumAt = (spend[0] ?? []).indexOf("Sum") - 1;
    for (const [day, ...values] of spend.slice(1))
      expect([day, values[sumAt]]).toEqual([day, byDay.get(day) ?? "$0.00"]);

    const models = await client.costs.aggregate({ startDate, endDate, timezone: zone, groupBy: "model" });
    const exact = models.data.map((row) => formatMoneyExact(row.totalCostExact, row.currency));
    const machine = await page.context().newCDPSession(page);
    for (const as of ["bar", "line", "area", "tiles", "hours", "flow"]) {
      await go(walking, `/explore?period=30d&by=${as === "flow" ? "project,model" : "model"}&as=${as}`);
      // A map of hours is painted piece by piece, so that on a slow machine it is taken and left half painted.
      await machine.send("Emulation.setCPUThrottlingRate", { rate: as === "hours" ? 8 : 1 });
      const cells = await taken(page, await titleOf(page));
      if (as === "tiles") expect(cells.slice(1).map((row) => row.find((cell) => cell.startsWith("$")))).toEqual(exact);
      await page.getByText("Chart", { exact: true }).first().click();
    }
    await machine.detach();

    const budget = (await client.budgets.list()).find(({ name }) => name === "All of it");
    for (const path of [
      `/budgets/${budget?.id}`,
      `/budgets/${budget?.id}/edit`,
      "/prices/model?provider=openai&model=house-model",
    ]) {
      await go(walking, path);
      await taken(page, await titleOf(page));
    }
  });
});
