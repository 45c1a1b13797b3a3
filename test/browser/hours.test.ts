/** From the map of hours to the figures of some hours of the week alone. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Workplace, workplace } from "../../packages/cli/test/cost-ops.ts";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

let server: DashboardServer;
let terminal: Workplace;
beforeAll(async () => {
  server = await startDashboardServer({ days: 14 });
  terminal = workplace();
}, 180_000);
afterAll(async () => {
  terminal.remove();
  await closeBrowser();
  await server.close();
});

const chip = /^Remove the filter Hours: /;

test("a click on an hour filters by it, another adds one, and a click lets each go again", async () => {
  await walk(server, { scheme: "dark" }, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/explore?as=hours&by=model&period=30d");
    const canvas = page.locator("[data-chart=drawn] canvas").first();
    await canvas.waitFor();
    await settled();
    const figure = page.locator("[data-measure=cost] [data-exact]");
    const whole = await figure.getAttribute("data-exact");
    const click = async (x: number, y: number): Promise<void> => {
      await canvas.scrollIntoViewIfNeeded();
      const box = await canvas.boundingBox();
      if (box === null) throw new Error("nothing is drawn");
      await page.mouse.click(box.x + box.width * x, box.y + box.height * y);
    };
    const chips = page.getByRole("button", { name: chip });
    const hours = (): readonly string[] =>
      [...(new URL(page.url()).searchParams.get("f") ?? "").matchAll(/hours:([^,]+)/g)].map(([, term = ""]) => term);

    await click(0.5, 0.2);
    await chips.first().waitFor();
    await settled();
    expect(await chips.first().getAttribute("aria-label")).toMatch(/Hours: [A-Z][a-z]+days \d\d:00 to \d\d:00$/);
    const [one = ""] = hours();
    expect(one).toMatch(/^[a-z]{3} \d\d$/);
    const copied = await page.getByRole("button", { name: "Copy as command" }).getAttribute("title");
    expect(copied).toContain(`--hours '${one}'`);
    const [before = "", after = ""] = (copied ?? "").replace(/^cost-ops /, "").split(`'${one}'`);
    const args = [...before.trim().split(" "), one, ...after.trim().split(" "), "--output", "json"];
    const said = await terminal.ok(args, { env: { COST_OPS_API_URL: server.url, COST_OPS_API_KEY: server.adminKey } });
    const { totals } = JSON.parse(said) as { totals: readonly { readonly total_cost: string }[] };
    expect(await figure.getAttribute("data-exact")).toBe(totals[0]?.total_cost);

    // The map stays that of the whole week, so that more can be chosen of it.
    await click(0.75, 0.45);
    await chips.nth(1).waitFor();
    await settled();
    await page.getByText("of the outlined hours alone").waitFor();
    await accessible();
    await screenshot("explore-hours-chosen");
    expect(hours()).toHaveLength(2);

    await click(0.5, 0.2);
    await chips.nth(1).waitFor({ state: "detached" });
    expect(hours()).not.toContain(one);
    await page.goBack();
    await chips.nth(1).waitFor();
    await chips.nth(1).click();
    await chips.first().click();
    await chips.first().waitFor({ state: "detached" });
    await settled();
    expect(hours()).toEqual([]);
    expect(await figure.getAttribute("data-exact")).toBe(whole);
  });
});

test("hours without calls are chosen as well, in the picture and by keys in its table, and given up there", async () => {
  // A Wednesday's call alone.
  await server.client.usage.create({
    provider: "openai",
    model: "gpt-4o",
    inputTokens: 1_000,
    outputTokens: 100,
    projectId: "once",
    occurredAt: "2026-01-07T10:30:00Z",
  });
  await walk(server, {}, async ({ page, signIn, settled, accessible }) => {
    await signIn("/explore?as=hours&period=2026-01-01..2026-01-31&f=projectId:once");
    const canvas = page.locator("[data-chart=drawn] canvas").first();
    await canvas.waitFor();
    await settled();
    const box = await canvas.boundingBox();
    if (box === null) throw new Error("nothing is drawn");
    await page.mouse.click(box.x + box.width * 0.9, box.y + box.height * 0.2);
    await page.getByRole("button", { name: chip }).first().waitFor();
    await settled();
    // Nothing was called then, and the map is there still.
    expect(await page.getByText("No record matches").count()).toBeLessThan(2);
    await canvas.waitFor();

    await page.getByText("Table", { exact: true }).click();
    const table = page.getByRole("region", { name: "Cost by hour and weekday" });
    await table.locator("[aria-pressed=true]").waitFor();
    await table.locator("[aria-pressed=true]").press("Enter");
    await page.getByRole("button", { name: chip }).first().waitFor({ state: "detached" });
    await settled();
    expect(await table.locator("[aria-pressed=true]").count()).toBe(0);
    await accessible();
    await table.getByRole("button", { name: /^Wednesday, 10:00–11:00: \$/ }).press("Enter");
    await page.getByRole("button", { name: "Remove the filter Hours: Wednesdays 10:00 to 11:00" }).waitFor();
    await settled();
    expect(await table.locator("[aria-pressed=true]").getAttribute("aria-label")).toMatch(/^Wednesday, 10:00–11:00: /);
  });
});

test("hours are chosen by keys as well, on a telephone, and the records are of them alone", async () => {
  await walk(server, { width: 360 }, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/explore?as=hours&by=model&period=30d&tab=records");
    await settled();
    await page.getByRole("button", { name: "Filter", exact: true }).press("Enter");
    await page.getByRole("combobox", { name: "Field" }).press("Enter");
    await page.keyboard.type("Hours");
    await page.getByRole("option", { name: "Hours", exact: true }).click();
    await page.getByRole("combobox", { name: "Days" }).waitFor();
    await accessible();
    await screenshot("explore-hours-filter");
    await page.getByRole("button", { name: "Add these hours" }).press("Enter");
    await page.getByRole("button", { name: "Remove the filter Hours: Monday to Friday 09:00 to 18:00" }).waitFor();
    await page.keyboard.press("Escape");
    await settled();
    const [asked] = await Promise.all([
      page.waitForRequest((request) => request.url().includes("/costs?")),
      page.reload(),
    ]);
    expect(new URL(asked.url()).searchParams.get("hours")).toBe("mon-fri 09-18");
    await page.getByRole("button", { name: "Remove the filter Hours: Monday to Friday 09:00 to 18:00" }).waitFor();
  });
});

test("hours that do not exist are refused by name, and can be taken back", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn, settled }) => {
      await signIn("/explore?as=hours&period=7d");
      await settled();
      await page.goto(`${server.url}/explore?as=hours&period=7d&f=hours:${encodeURIComponent("<b>fri 22-06")}`);
      const refused = page.getByRole("button", { name: "Remove the filter Hours: <b>fri 22-06" });
      await refused.waitFor();
      await page.getByText("must be hours of the week").first().waitFor();
      await refused.click();
      await page.locator("[data-chart=drawn] canvas").first().waitFor();
    },
    /status of 422/,
  );
});
