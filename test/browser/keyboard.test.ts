/** All of it without a mouse: where the focus goes, that it is seen, and that it comes back. */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";
import { go, plainPaths } from "./every-page-fixture.ts";
import { makeAlerts, makeBudgets, recordSpend } from "./plan-fixture.ts";

let server: DashboardServer;
const paths = [...plainPaths, "/explore?as=tiles&by=project,model", "/prices/model?provider=openai&model=gpt-4o"];
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
  const { client } = server;
  await recordSpend(client);
  await client.usage.create({ id: "one", provider: "openai", model: "gpt-4o", inputTokens: 5, outputTokens: 5 });
  await makeBudgets(client);
  await makeAlerts(client);
  const budget = (await client.budgets.list()).find(({ name }) => name === "Support assistant");
  paths.push(`/budgets/${budget?.id}`, `/budgets/${budget?.id}/edit`, "/explore/record?id=one");
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

interface Focused {
  /** What it is, to tell it from the others and to say which one is wrong. */
  readonly name: string;
  readonly isSeen: boolean;
  readonly hasName: boolean;
  readonly top: number;
  readonly isInMain: boolean;
}

/** What has the focus, and whether somebody who looks at the screen knows that. */
const focused = (page: Page): Promise<Focused | undefined> =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body) return undefined;
    const box = element.getBoundingClientRect();
    const marked = (one: Element | null | undefined): boolean => {
      if (!(one instanceof HTMLElement) || one.offsetWidth * one.offsetHeight < 50) return false;
      const { outlineStyle, outlineWidth, boxShadow, opacity } = getComputedStyle(one);
      if (opacity === "0") return false;
      // Fields have a shadow around their edge.
      const isField = one.classList.contains("mantine-Input-input");
      return (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2) || (isField && boxShadow !== "none");
    };
    // A choice among several is a hidden button of a form with a label that is seen.
    const looks = [element, element.nextElementSibling, element.closest(".mantine-Input-input")];
    const label = element.getAttribute("aria-label") ?? element.textContent ?? "";
    const labels = "labels" in element ? [...((element as HTMLInputElement).labels ?? [])] : [];
    const named = element.getAttribute("aria-labelledby");
    const name =
      label.trim() ||
      labels.map((one) => one.textContent).join(" ") ||
      (named === null ? "" : (document.getElementById(named.split(" ")[0] ?? "")?.textContent ?? ""));
    return {
      name: `${element.tagName} ${element.getAttribute("type") ?? ""} ${name.slice(0, 60)} ${Math.round(box.left)} ${Math.round(box.top + window.scrollY)}`,
      isSeen: looks.some(marked),
      hasName: name.trim() !== "",
      top: box.top,
      isInMain: element.closest("#main") !== null,
    };
  });

test("the first key leads past the navigation, and each further one to something that has a name and is seen", async () => {
  await walk(server, { scheme: "dark" }, async (walking) => {
    const { page, signIn } = walking;
    await signIn();
    for (const path of paths) {
      await go(walking, path);
      // As somebody who has just come: the focus is where a page begins.
      await page.evaluate(() => {
        (document.activeElement as HTMLElement | null)?.blur();
        window.scrollTo(0, 0);
        getSelection()?.removeAllRanges();
      });
      await page.locator("body").evaluate((body) => {
        body.tabIndex = -1;
        body.focus();
        body.removeAttribute("tabindex");
      });
      await page.keyboard.press("Tab");
      expect((await focused(page))?.name, path).toContain("Skip to the page");
      await page.keyboard.press("Enter");
      expect(await page.evaluate(() => document.activeElement?.id), path).toBe("main");
      const seen = new Set<string>();
      const wrong: string[] = [];
      for (let keys = 0; keys < 15; keys += 1) {
        await page.keyboard.press("Tab");
        const now = await focused(page);
        if (now === undefined || !now.isInMain) break;
        if (!now.isSeen) wrong.push(`not seen: ${now.name}`);
        if (!now.hasName) wrong.push(`without a name: ${now.name}`);
        if (now.top < 0 || now.top > 900) wrong.push(`off the screen: ${now.name}`);
        // A date is several parts, each a key.
        if (seen.has(now.name) && !now.name.startsWith("INPUT date")) wrong.push(`a second time: ${now.name}`);
        seen.add(now.name);
      }
      expect([path, ...wrong]).toEqual([path]);
      expect(seen.size, path).toBeGreaterThan(0);
    }
  });
}, 120_000);

const hasFocus = (locator: Locator): Promise<boolean> =>
  locator.evaluate((element) => element === document.activeElement);

test("Escape closes whatever was opened, and the focus is where it was", async () => {
  const budget = (await server.client.budgets.list()).find(({ name }) => name === "Support assistant");
  const openers: readonly (readonly [path: string, opener: string | RegExp, role: "dialog" | "menu"])[] = [
    ["/", /^Period:/, "dialog"],
    ["/", /^Account/, "menu"],
    ["/", "Download Spend by day", "menu"],
    ["/explore", "Filter", "dialog"],
    ["/settings/keys", "New key", "dialog"],
    ["/settings/members", "Invite", "dialog"],
    ["/settings/webhooks", "New webhook", "dialog"],
    ["/settings/tenants", "New tenant", "dialog"],
    ["/settings/roles", "New role", "dialog"],
    ["/settings/account", "Set it up", "dialog"],
    [`/budgets/${budget?.id}`, "Transfer", "dialog"],
    [`/budgets/${budget?.id}`, "Delete", "dialog"],
  ];
  await walk(server, {}, async (walking) => {
    const { page, signIn } = walking;
    await signIn();
    for (const [path, name, role] of openers) {
      await go(walking, path);
      const opener = page.getByRole("button", { name, exact: true }).first();
      await opener.focus();
      await page.keyboard.press("Enter");
      const opened = page.getByRole(role).first();
      await opened.waitFor();
      // The focus goes into it, and stays there.
      await expect
        .poll(() => opened.evaluate((one) => one.contains(document.activeElement)), { message: path })
        .toBe(true);
      await page.keyboard.press("Escape");
      await opened.waitFor({ state: "detached" });
      await expect.poll(() => hasFocus(opener), { message: `${path} ${name}` }).toBe(true);
    }

    // Something of a list, beside the list.
    await go(walking, "/alerts?state=all");
    const alert = page.locator(".alert-what button").first();
    await alert.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").first().waitFor({ state: "detached" });
    await expect.poll(() => hasFocus(alert)).toBe(true);
  });
});

test("the figures of a picture are reached and read by keys", async () => {
  await walk(server, {}, async (walking) => {
    const { page, signIn } = walking;
    await signIn();
    for (const path of ["/", "/explore?by=model", "/explore?by=model&as=hours", "/explore?by=project,model&as=flow"]) {
      await go(walking, path);
      const picture = page.locator("section", { has: page.getByRole("radio", { name: "Chart" }) }).last();
      await picture.getByRole("radio", { name: "Chart" }).focus();
      await page.keyboard.press("ArrowRight");
      const table = picture.getByRole("table");
      await table.waitFor();
      expect(await table.getByRole("row").count(), path).toBeGreaterThan(1);
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      // The download, then the table, which scrolls.
      expect(
        await picture.locator("section[tabindex='0']").evaluate((one) => one === document.activeElement),
        path,
      ).toBe(true);
    }
  });
});
