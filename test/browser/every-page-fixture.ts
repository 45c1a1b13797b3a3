import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { Walk } from "./dashboard-fixture.ts";

/** Goes to another page as a link does, without loading all of it anew, and waits until it stands. */
export async function go({ page, settled }: Pick<Walk, "page" | "settled">, path: string): Promise<void> {
  await page.evaluate(async (address) => {
    history.pushState(null, "", address);
    // The old page is there until the next frames.
    for (let frames = 0; frames < 3; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  }, path);
  await settled();
  await page.locator("#main h1").first().waitFor();
}

/** Nothing on the page says that it failed, or that its address, which leads to it from elsewhere, is not understood. */
export async function expectWhole(page: Page, path: string): Promise<void> {
  const unread = page.getByRole("status").filter({ hasText: "passes over" });
  const failures = [...(await page.locator("[role=alert]").allInnerTexts()), ...(await unread.allInnerTexts())];
  expect([path, ...failures]).toEqual([path]);
}

/** The page is never wider than the screen, from a telephone to 4K, and holds no more than is looked at. */
export async function expectFits(page: Page, path: string, widths: readonly number[]): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    const [wide, elements] = await page.evaluate(async () => {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      return [document.documentElement.scrollWidth, document.querySelectorAll("*").length] as const;
    });
    expect({ path, width, wide }).toEqual({ path, width, wide: Math.min(wide, width) });
    expect(elements, path).toBeLessThan(6_000);
  }
}

/** The settings, a part each. */
export const settingsPaths = [
  "organization",
  "tenants",
  "projects",
  "members",
  "roles",
  "keys",
  "audit",
  "webhooks",
  "channels",
  "account",
].map((tab) => `/settings/${tab}`);

/** Every page that needs nothing to be there. */
export const plainPaths = [
  "/",
  "/explore",
  "/explore?tab=records",
  "/prices",
  "/prices/new",
  "/prices/catalogue",
  "/prices/repricings",
  "/budgets",
  "/budgets/new",
  "/stream",
  "/alerts",
  "/alerts?tab=rules",
  "/alerts?tab=channels",
  "/alerts/rules/new",
  "/start",
  ...settingsPaths,
];
