import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, password, startDashboardServer, walk } from "./dashboard-fixture.ts";

const viewer = "vera@example.com";
const hostile = `<img src=x onerror=alert(1)> \u202eמבט ${"long ".repeat(40)}`.trim();
let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 8, every: 5 });
  await server.makeUser(viewer, password, "viewer");
}, 180_000);
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

/** A refused name and a view that is gone are answers that the walk provokes. */
const provoked = /status of (?:404|409)/;

test("a view is kept by keyboard, found again, changed, pinned, shared and shown on the overview", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn, settled, accessible, screenshot }) => {
      await signIn("/explore?by=project&period=7d&as=area");
      await page.locator("[data-chart=drawn]").first().waitFor();
      await page.getByRole("button", { name: "Views", exact: true }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("menuitem", { name: "Save view…" }).waitFor();
      await accessible();
      await page.getByRole("menuitem", { name: "Save view…" }).press("Enter");
      const dialog = page.getByRole("dialog", { name: "Save view" });
      await dialog.getByLabel("Name").waitFor();
      await page.keyboard.type("Projects this week");
      await dialog.getByLabel(/^Pin it/).focus();
      await page.keyboard.press("Space");
      await accessible();
      await dialog.getByLabel("Name").press("Enter");
      await page.waitForURL(/view=view_/);
      await dialog.waitFor({ state: "hidden" });
      await page.getByText("only you see it").waitFor();

      // It is in the address, and so there again after a reload.
      await page.reload();
      await page.getByText("only you see it").waitFor();
      const pinned = page.getByRole("navigation").getByRole("link", { name: "Projects this week" });
      expect(await pinned.getAttribute("aria-current")).toBe("page");
      expect(await page.getByRole("button", { name: "Pin", exact: true }).getAttribute("aria-pressed")).toBe("true");
      await settled();
      await page.locator("[data-chart=drawn]").first().waitFor();

      // What is chosen since is a change, until it is kept or discarded.
      await page.getByText("Lines", { exact: true }).click();
      await page.getByText("changed", { exact: true }).waitFor();
      await settled();
      await accessible();
      await screenshot("explore-view");
      await page.getByRole("link", { name: "Discard changes" }).click();
      await page.getByText("changed", { exact: true }).waitFor({ state: "hidden" });
      expect(new URL(page.url()).searchParams.get("as")).toBe("area");
      await page.getByText("Bars", { exact: true }).click();
      await page.getByRole("button", { name: "Save changes" }).click();
      await page.getByText("changed", { exact: true }).waitFor({ state: "hidden" });
      await page.getByRole("link", { name: "Explore", exact: true }).click();
      await page.getByText("only you see it").waitFor({ state: "hidden" });
      await pinned.click();
      await page.getByText("only you see it").waitFor();
      const { searchParams } = new URL(page.url());
      expect([searchParams.get("as"), searchParams.get("by"), searchParams.get("period")]).toEqual([
        null,
        "project",
        "7d",
      ]);

      // One name is one view of one's own.
      await page.getByRole("button", { name: "Views", exact: true }).click();
      await page.getByRole("menuitem", { name: "Save view…" }).click();
      await dialog.getByLabel("Name").fill("Projects this week");
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.getByText("another view of this name").waitFor();
      await dialog.getByRole("button", { name: "Cancel" }).click();
      await dialog.waitFor({ state: "hidden" });

      await page.getByRole("button", { name: "Change this view" }).click();
      await page.getByRole("menuitem", { name: "Share with everybody" }).click();
      await page.getByText("you share it with everybody").waitFor();

      // The card's figure is that of the interface, to the last digit.
      await page.getByRole("link", { name: "Overview", exact: true }).click();
      const card = page.getByRole("region", { name: "Pinned views" }).getByRole("link");
      await card.getByText("Projects this week").waitFor();
      await settled();
      const day = (before: number): string => new Date(Date.now() - before * 86_400_000).toISOString().slice(0, 10);
      const sums = await server.client.costs.aggregate({ startDate: day(6), endDate: day(0) });
      const exact = sums.totals.find(({ currency }) => currency === "USD")?.totalCostExact ?? "none";
      const shown = await card.locator("[title*='.']").getAttribute("title");
      expect(shown?.replace(/[^\d.]/g, "")).toContain(exact.replace(/0+$/, ""));
      await accessible();
      await screenshot("overview-pinned");
      await card.click();
      await page.getByText("you share it with everybody").waitFor();
    },
    provoked,
  );
});

test("somebody else sees a shared view, pins it, and changes nothing of it; renamed and deleted it is so for both", async () => {
  await walk(
    server,
    { scheme: "dark", width: 360, height: 740 },
    async ({ page, signIn, settled, accessible, screenshot }) => {
      await server.client.views.create({ name: "Private", page: "explore", state: "" });
      await signIn("/explore", viewer);
      await page.getByRole("button", { name: "Views", exact: true }).click();
      await page.getByText("Shared by others").waitFor();
      await page.getByRole("menuitem", { name: /^Projects this week/ }).waitFor();
      expect(await page.getByRole("menuitem", { name: "Private" }).count()).toBe(0);
      await settled();
      await accessible();
      await screenshot("explore-views");
      await page.getByRole("menuitem", { name: /^Projects this week/ }).click();
      await page.getByText("shared by ada@example.com").waitFor();
      await page.getByRole("button", { name: "Pin", exact: true }).click();
      await page.locator("button[aria-pressed=true]", { hasText: "Pin" }).waitFor();
      await page.getByText("Lines", { exact: true }).click();
      await page.getByText("changed", { exact: true }).waitFor();
      expect(await page.getByRole("button", { name: /^(?:Save changes|Change this view)$/ }).count()).toBe(0);
      await page.getByRole("button", { name: "Navigation" }).click();
      const pinned = page.getByRole("navigation").getByRole("link", { name: "Projects this week" });
      await pinned.click();
      // The navigation gives way to the page.
      await expect.poll(async () => (await pinned.boundingBox())?.x ?? -1).toBeLessThan(0);
      await page.getByText("changed", { exact: true }).waitFor({ state: "hidden" });
      const address = page.url();
      await page.context().clearCookies();

      await signIn(new URL(address).pathname + new URL(address).search);
      await page.getByRole("button", { name: "Change this view" }).click();
      await page.getByRole("menuitem", { name: "Rename…" }).click();
      const dialog = page.getByRole("dialog", { name: "Rename view" });
      await dialog.getByLabel("Name").fill(hostile.replaceAll("\u202e", ""));
      await dialog.getByRole("button", { name: "Rename" }).click();
      await dialog.waitFor({ state: "hidden" });
      await page.getByText("<img src=x", { exact: false }).first().waitFor();
      await settled();
      await accessible();
      await screenshot("explore-view");
      expect(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(false);
      await page.goto("/");
      await page.getByRole("region", { name: "Pinned views" }).getByRole("link").waitFor();
      await settled();
      expect(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(false);
      await page.goto(address);
      await page.getByRole("button", { name: "Change this view" }).click();
      await page.getByRole("menuitem", { name: "Delete…" }).click();
      await page.getByRole("button", { name: "Delete the view" }).click();
      await page.waitForURL((url) => !url.searchParams.has("view"));
      await page.goto(address);
      await page.getByText("The view that this address names is gone").waitFor();
      await accessible();
      await page.getByRole("link", { name: "Go on without it" }).click();
      await page.waitForURL((url) => !url.searchParams.has("view"));
      expect(new URL(page.url()).searchParams.get("by")).toBe("project");
    },
    provoked,
  );
});
