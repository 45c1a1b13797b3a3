import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Workplace, workplace } from "../../packages/cli/test/cost-ops.ts";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

let server: DashboardServer;
let terminal: Workplace;
beforeAll(async () => {
  server = await startDashboardServer({ days: 14, every: 10 });
  terminal = workplace();
  const hostile = "<img src=x onerror=alert(1)>";
  await server.client.usage.batchCreate([
    {
      id: "hostile/1?&#",
      provider: "openai",
      model: "gpt-4o",
      inputTokens: 1_000,
      outputTokens: 10,
      projectId: hostile,
      userId: "\u202eמשתמש",
      tags: { note: "x".repeat(2_000), team: hostile },
    },
    { provider: "nobody", model: "unheard-of", inputTokens: 5, outputTokens: 5 },
  ]);
}, 180_000);
afterAll(async () => {
  terminal.remove();
  await closeBrowser();
  await server.close();
});

interface Answer {
  readonly data: readonly { readonly total_cost?: string; readonly model?: string; readonly currency: string | null }[];
  readonly totals: readonly { readonly total_cost?: string; readonly total_requests: number }[];
}

test("from a question to its figures, down to a record and the proof of its cost", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/explore?by=model,project&period=7d&cmp=1");
    await page.locator("[data-chart=drawn]").first().waitFor();
    await settled();
    await accessible();
    await screenshot("explore");

    // The figures are those that a terminal gives for the same question.
    const copied = await page.getByRole("button", { name: "Copy as command" }).getAttribute("title");
    expect(copied).toContain("--group-by");
    const args = (copied ?? "")
      .replace(/^cost-ops /, "")
      .replaceAll("'", "")
      .split(" ");
    const said = await terminal.ok([...args, "--output", "json"], {
      env: { COST_OPS_API_URL: server.url, COST_OPS_API_KEY: server.adminKey },
    });
    const answer = JSON.parse(said) as Answer;
    const shown = await page.locator("[data-measure=cost] [data-exact]").getAttribute("data-exact");
    expect(shown).toBe(answer.totals.find(({ total_cost }) => total_cost !== undefined)?.total_cost);
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "CSV", exact: true }).click(),
    ]);
    const lines = readFileSync(await saved.path(), "utf8")
      .trim()
      .split("\r\n")
      .slice(1);
    expect(lines).toHaveLength(answer.data.length);
    for (const { total_cost: cost, currency } of answer.data) {
      if (currency !== null) expect(lines.some((line) => line.includes(`,USD,${cost},`))).toBe(true);
    }

    // A measure needs no question; a picture stays until the next is here.
    const asked: string[] = [];
    page.on("request", (request) => void asked.push(request.url()));
    await page.getByRole("combobox", { name: "Measure" }).click();
    await page.getByRole("option", { name: "Requests", exact: true }).click();
    await page.getByRole("heading", { name: /^Requests by day/ }).waitFor();
    expect(asked.filter((url) => url.includes("/costs"))).toEqual([]);
    const heads = page.getByRole("region", { name: "Exact figures of each group" }).getByRole("columnheader");
    expect((await heads.allTextContents()).map((text) => text.trim()).slice(2, 5)).toEqual([
      "Requests",
      "Share",
      "Change",
    ]);

    // The table of a picture keeps each day on one line, however many columns there are.
    await page.getByText("Table", { exact: true }).click();
    const day = page.getByRole("cell", { name: /^20\d\d-\d\d-\d\d$/ }).first();
    expect((await day.boundingBox())?.height).toBeLessThan(40);
    await page.getByText("Chart", { exact: true }).click();

    // A group becomes a filter, in the address too.
    await page.getByRole("button", { name: "claude-haiku-4-5" }).first().click();
    await page.getByRole("button", { name: "Remove the filter Model: claude-haiku-4-5" }).waitFor();
    expect(new URL(page.url()).searchParams.get("f")).toContain("model:claude-haiku-4-5");
    await settled();

    // Dragging over days zooms.
    const canvas = page.locator("[data-chart=drawn] canvas").first();
    await canvas.scrollIntoViewIfNeeded();
    const box = await canvas.boundingBox();
    if (box === null) throw new Error("nothing is drawn");
    await page.mouse.move(box.x + box.width * 0.5, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 120, { steps: 6 });
    await page.mouse.up();
    await page.waitForURL(/period=20/);
    await settled();

    await page.goBack();
    await page.getByRole("tab", { name: "Records" }).click();
    await page.getByRole("region", { name: "Records", exact: true }).waitFor();
    await settled();
    const first = page.locator("table tbody button").first();
    await first.click();
    await page.getByRole("heading", { name: "4. The cost" }).waitFor();
    await page.getByText("to the same digits").waitFor();
    await accessible();
    await screenshot("explore-record");
    await page.getByRole("link", { name: "← Explore" }).click();
    await page.getByRole("button", { name: "Remove the filter Model: claude-haiku-4-5" }).waitFor();
    expect(new URL(page.url()).searchParams.get("tab")).toBe("records");
  });
});

test("a flow says both that it leads between, also where one was chosen", async () => {
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/explore?by=model&as=flow&period=7d");
    await settled();
    const controls = page.getByRole("region", { name: "What is asked" });
    await controls.getByText("Grouped by (a flow leads from one to another)").waitFor();
    await controls.getByText("Project", { exact: true }).waitFor();
    await controls.getByText("Bars", { exact: true }).click();
    await controls.getByText("Grouped by", { exact: true }).waitFor();
    expect(await controls.getByText("Project", { exact: true }).count()).toBe(0);
  });
});

test("every picture is drawn, and a bar leads to its records", async () => {
  await walk(server, { scheme: "dark" }, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/explore?by=project,model&period=7d");
    const canvas = page.locator("[data-chart=drawn] canvas").first();
    await canvas.waitFor();
    for (const [name, shape] of [
      ["Tiles", "tiles"],
      ["Hours", "hours"],
      ["Flow", "flow"],
      ["Areas", "area"],
      ["Lines", "line"],
      ["Bars", "bar"],
    ] as const) {
      await page.getByText(name, { exact: true }).click();
      await settled();
      await canvas.waitFor();
      if (["tiles", "hours", "flow"].includes(shape)) await screenshot(`explore-${shape}`);
      if (shape === "area") {
        const area = await canvas.boundingBox();
        if (area === null) throw new Error("nothing is drawn");
        // Low and just before the third of seven places, in what is nowhere near a point of a line.
        await page.mouse.click(area.x + 40 + ((area.width - 60) / 6) * 1.8, area.y + area.height - 75);
        const picked = page.getByRole("region", { name: "What was picked" });
        const third = new Date(Date.now() - 4 * 86_400_000);
        const day = third.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
        await picked.getByRole("button", { name: `Only ${day}` }).waitFor();
        await picked.getByRole("button", { name: "Put it away" }).click();
      }
      if (shape !== "flow") continue;
      const saved = page.waitForEvent("download");
      await page.getByRole("button", { name: /^Download / }).click();
      await page.getByRole("menuitem", { name: "Picture (SVG)" }).click();
      expect(readFileSync(await (await saved).path(), "utf8")).toMatch(/^<svg.*coding-agents/s);
    }
    await accessible();
    await screenshot("explore");
    const box = await canvas.boundingBox();
    if (box === null) throw new Error("nothing is drawn");
    // Low in the middle of the third bar of seven.
    await page.mouse.click(box.x + 40 + ((box.width - 48) / 7) * 2.5, box.y + box.height - 75);
    await page.getByRole("button", { name: "Its records" }).click();
    await settled();
    const { searchParams } = new URL(page.url());
    expect(searchParams.get("tab")).toBe("records");
    expect(searchParams.get("period")).toMatch(/^(\d{4}-\d\d-\d\d)\.\.\1$/);
    expect(searchParams.get("f")).toContain("projectId:");
  });
});

test("names of any kind break nothing, on a telephone either", async () => {
  await walk(server, { width: 360, height: 740 }, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/explore?by=project,tag:note,user&as=tiles&f=projectId:%3Cimg src=x onerror=alert(1)%3E");
    await page.locator("[data-chart=drawn]").first().waitFor();
    await settled();
    await accessible();
    await page.goto("/explore?by=&as=line&m=average&cmp=1");
    await page.locator("[data-chart=drawn]").first().waitFor();
    await settled();
    await page.goto("/explore?by=model");
    await page.locator("[data-chart=drawn]").first().waitFor();
    await settled();
    await accessible();
    await screenshot("explore");
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("textbox", { name: "Value" }).fill("haiku");
    const values = page.getByRole("group", { name: "Values" });
    // The list narrows a moment after the last letter.
    await values
      .getByRole("button")
      .first()
      .filter({ hasText: /^claude-haiku/ })
      .waitFor();
    await accessible();
    await page.getByRole("textbox", { name: "Value" }).press("Tab");
    await values
      .locator("button:focus")
      .filter({ hasText: /^claude-haiku/ })
      .waitFor();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Remove the filter Model: claude-haiku/ }).waitFor();
    await settled();
    expect(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(false);
    await page.goto(`/explore/record?id=${encodeURIComponent("hostile/1?&#")}`);
    await page.getByRole("heading", { name: "4. The cost" }).waitFor();
    await accessible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(false);
  });
});
