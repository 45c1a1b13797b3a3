import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";
import { makeAlerts, makeBudgets, recordSpend } from "./plan-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
  await recordSpend(server.client);
  await makeBudgets(server.client);
  await makeAlerts(server.client);
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test.each([
  { scheme: "light", width: 1440 },
  { scheme: "dark", width: 360, height: 740 },
] as const)("the inbox, the rules and the form of a rule are seen whole, $scheme and $width wide", async (view) => {
  await walk(server, view, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/alerts");
    await page
      .getByRole("button", { name: /^Acknowledge / })
      .first()
      .waitFor();
    await settled();
    await accessible();
    await screenshot("alerts");
    expect(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(false);
    await page.getByRole("tab", { name: "Rules" }).click();
    await page.getByText("What is spent of any budget reaches 100%").waitFor();
    await accessible();
    await page.getByRole("link", { name: "Errors of the assistant" }).click();
    await page.getByRole("button", { name: "Save" }).waitFor();
    await settled();
    await accessible();
  });
});

test("an alert is acknowledged with a note and then resolved", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible }) => {
    await signIn("/alerts?severity=critical");
    const title = "Budget Coding agents has reached 100 %";
    await page.getByRole("button", { name: title, exact: true }).click();
    const drawer = page.getByRole("dialog");
    await drawer.getByLabel("Note").fill("The agents loop; Grace looks");
    await settled();
    await accessible();
    await drawer.getByRole("button", { name: "Acknowledge" }).click();
    await drawer.getByText("The agents loop; Grace looks").waitFor();
    await drawer.getByRole("button", { name: "Close" }).click();
    await page.getByText("All quiet").waitFor();
    await page.getByText("Acknowledged", { exact: true }).click();
    await page.getByRole("button", { name: `Resolve ${title}` }).click();
    await page.getByText("Nobody takes care of anything at the moment.").waitFor();
    const [resolved] = await server.client.alerts.list({ state: "resolved", severity: "critical" });
    expect(resolved?.history.map(({ step }) => step)).toEqual(["triggered", "acknowledged", "resolved"]);
  });
});

test("a rule is made, refused where it is wrong, changed and deleted", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn }) => {
      await signIn("/alerts/rules/new");
      await page.getByRole("textbox", { name: "Name" }).fill("Too many errors");
      await page.getByText("A metric").click();
      await page.getByRole("combobox", { name: "Metric" }).click();
      await page.getByRole("option", { name: "Error rate" }).click();
      await page.getByRole("textbox", { name: "Threshold, percent" }).fill("500");
      await page.getByRole("button", { name: "Make the rule" }).click();
      await page.getByText("must be a percent up to 100").first().waitFor();
      await page.getByRole("textbox", { name: "Threshold, percent" }).fill("7.5");
      await page.getByRole("combobox", { name: "Channels" }).click();
      await page.getByRole("option", { name: "On-call duty" }).click();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Make the rule" }).click();
      await page.getByText("Error rate in the last hour reaches 7.5%").waitFor();

      await page.getByRole("link", { name: "Too many errors" }).click();
      expect(await page.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
      await page.getByRole("switch", { name: "Watch" }).click();
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("link", { name: "Too many errors" }).click();
      const [made] = (await server.client.alerts.rules.list()).filter(({ name }) => name === "Too many errors");
      expect(made).toMatchObject({ enabled: false, metric: "error_rate", threshold: "7.5" });
      expect(made?.channels).toHaveLength(1);
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("button", { name: "Delete the rule" }).click();
      await page.getByText("Errors of the assistant").waitFor();
      await page.getByRole("link", { name: "Too many errors" }).waitFor({ state: "detached" });
    },
    /422/,
  );
});

test("a channel is tried, and what came of it is said", async () => {
  await walk(server, {}, async ({ page, signIn }) => {
    await signIn("/alerts?tab=channels");
    await page.getByRole("button", { name: "Test On-call duty" }).click();
    await page.getByText(/^Under way: /).waitFor();
    const { id = "" } = (await server.client.channels.list())[0] ?? {};
    expect((await server.client.channels.deliveries(id)).length).toBeGreaterThan(1);

    await server.client.channels.update(id, { paused: true });
    for (const path of ["/alerts?tab=channels", "/settings/channels"]) {
      await page.goto(path);
      await page.getByText("On-call duty").waitFor();
      await page.getByText("Paused", { exact: true }).waitFor();
      expect(await page.getByText("Failing", { exact: true }).count()).toBe(0);
    }
    await server.client.channels.update(id, { paused: false });
  });
});

test("from an alert one gets to the calls behind it, to its rule, and from there back to the alert", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible }) => {
    await signIn("/alerts?state=all");
    await page.getByRole("button", { name: /^A dear day: / }).click();
    await page.getByRole("link", { name: "To its calls" }).click();
    await page.waitForURL(/\/explore\?period=(\d{4}-\d\d-\d\d)\.\.\1$/);
    await page.locator("[data-measure=cost] [data-exact]").waitFor();
    await page.goBack();
    await page.getByRole("link", { name: "To the rule" }).click();
    await page.getByRole("region", { name: "Its latest alerts" }).getByRole("link").first().waitFor();
    await settled();
    await accessible();
    await page.getByRole("region", { name: "Its latest alerts" }).getByRole("link").first().click();
    await page.getByRole("dialog").getByText("What happened").waitFor();
    await page.goto("/alerts?tab=channels");
    await page.getByRole("link", { name: "On-call duty" }).click();
    await page.getByRole("button", { name: "Send a test" }).waitFor();
  });
});
