import { CostOpsClient } from "@llm-cost-ops/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, password, startDashboardServer, walk } from "./dashboard-fixture.ts";
import { makeBudgets, recordSpend } from "./plan-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
  await recordSpend(server.client);
  await makeBudgets(server.client);
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test("a budget is made with a preview, looked at, changed and deleted", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn, settled, accessible, screenshot }) => {
      await signIn("/budgets");
      await page.getByRole("link", { name: "New budget" }).click();
      await page.getByRole("textbox", { name: "Name" }).fill("Content studio");
      const amount = page.getByRole("textbox", { name: "Amount" });
      await amount.fill("1,000");
      expect(await amount.getAttribute("aria-invalid")).toBeNull();
      await amount.blur();
      await page.getByText(/at most one point and no other marks/).waitFor();
      await page.getByText("The amount cannot be read").waitFor();
      await accessible();
      await page.getByRole("button", { name: "Make the budget" }).click();
      // The field far above is where one is led, and what it says stands nowhere else.
      await page.getByRole("alert").getByText("Nothing was saved.").waitFor();
      expect(await amount.evaluate((field) => field === document.activeElement)).toBe(true);
      expect((await amount.boundingBox())?.y).toBeGreaterThan(0);
      await amount.fill("10");
      await page.getByRole("combobox", { name: "Projects" }).fill("content-studio");
      await page.getByRole("combobox", { name: "Projects" }).press("Enter");
      await page
        .getByText(/would have warned on \d+ \w+/)
        .first()
        .waitFor();
      await settled();
      await page.locator("[data-chart=drawn]").waitFor();
      await screenshot("budget-new");
      await accessible();

      // What the preview says is what the question for that month and scope answers.
      const month = new Date();
      month.setUTCDate(0);
      const endDate = month.toISOString().slice(0, 10);
      const filters = { startDate: `${endDate.slice(0, 8)}01`, endDate, projectId: "content-studio" };
      const { totals } = await server.client.costs.aggregate({ ...filters, timezone: "UTC" });
      const exact = totals.find(({ currency }) => currency === "USD")?.totalCostExact ?? "";
      await expect.poll(() => page.getByTitle(`$${exact}`).count()).toBe(1);

      // Of hours and days each one is looked at by itself.
      for (const period of ["Each day", "Each hour", "Rolling", "Each month"]) {
        await page.getByRole("combobox", { name: "Period" }).click();
        await page.getByRole("option", { name: period }).click();
        await page
          .getByText({ "Each day": "The most in one day", "Each hour": "The most in one hour" }[period] ?? "would have")
          .first()
          .waitFor();
      }

      await page.getByRole("combobox", { name: "Thresholds in percent" }).fill("2000");
      await page.getByRole("combobox", { name: "Thresholds in percent" }).press("Enter");
      await page.getByRole("button", { name: "Make the budget" }).click();
      await page
        .getByText(/must be a percent above 0/)
        .first()
        .waitFor();
      await page.getByRole("combobox", { name: "Thresholds in percent" }).press("Backspace");
      await page.getByRole("button", { name: "Make the budget" }).click();

      await page.getByRole("heading", { name: "Content studio" }).waitFor();
      await page.locator("[data-chart=drawn]").waitFor();
      await page.getByRole("link", { name: "Edit" }).click();
      expect(await page.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
      await page.getByRole("textbox", { name: "Amount" }).fill("12.5");
      await page.getByRole("textbox", { name: "Why it changes" }).fill("Two more writers");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Two more writers").waitFor();
      await page.getByText("Amount: $10.00 → $12.50").waitFor();

      await page.getByRole("button", { name: "Transfer" }).click();
      await page.getByRole("combobox", { name: "To", exact: true }).fill("Market");
      await page.getByRole("option", { name: "Market research" }).click();
      await page.getByLabel("Amount in USD").fill("2.5");
      await page.getByRole("switch", { name: /Even if less is left/ }).click();
      await accessible();
      await page.getByRole("dialog").getByRole("button", { name: "Transfer" }).click();
      await page.getByText("$2.50 transferred to").waitFor();

      await page.getByRole("button", { name: "Delete" }).click();
      const confirm = page.getByRole("button", { name: "Delete the budget" });
      expect(await confirm.isDisabled()).toBe(true);
      await page.getByLabel("To confirm, type Content studio").fill("Content studio");
      await confirm.click();
      await page.getByRole("heading", { name: "Budgets" }).waitFor();
      expect((await server.client.budgets.list()).some(({ name }) => name === "Content studio")).toBe(false);
    },
    /422/,
  );
});

test("a budget that is not there leads back to those that are", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn, accessible }) => {
      await signIn("/budgets/budget_nope");
      await page.getByRole("alert").getByText("Not found").waitFor();
      await accessible();
      await page.getByRole("main").getByRole("link", { name: "Budgets" }).click();
      await page.getByRole("heading", { name: "Budgets" }).waitFor();
    },
    /404/,
  );
});

test("somebody who waits is let through from the budget's page", async () => {
  await walk(server, {}, async ({ page, signIn, settled }) => {
    await signIn("/budgets");
    await page.getByText("One request waits").getByRole("link", { name: "Coding agents" }).click();
    await page.getByText(/are refused until somebody approves them/).waitFor();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("decided by").waitFor();
    await settled();
    const [approval] = await server.client.budgets.approvals();
    expect(approval?.state).toBe("approved");
    await page.goto("/budgets?state=exceeded");
    await page.getByRole("link", { name: "Coding agents" }).waitFor();
    expect(await page.getByRole("link", { name: "All of it" }).count()).toBe(0);
  });
});

test("a budget for each user shows whose its figures are, and another user is picked", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/budgets/new");
    await page.getByRole("textbox", { name: "Name" }).fill("Each developer");
    await page.getByRole("textbox", { name: "Amount" }).fill("60");
    await page.getByRole("combobox", { name: "The amount is for" }).click();
    await page.getByRole("option", { name: "Each value of a tag" }).click();
    await page.getByRole("textbox", { name: "Key of the tag" }).waitFor();
    await page.getByRole("combobox", { name: "The amount is for" }).click();
    await page.getByRole("option", { name: "Each user" }).click();
    await page.getByText("The amount is for each user by itself").waitFor();
    await accessible();
    await page.getByRole("button", { name: "Make the budget" }).click();
    await page.getByRole("heading", { name: "Each developer" }).waitFor();

    const { id } = (await server.client.budgets.list()).find(({ name }) => name === "Each developer") ?? { id: "" };
    const { data: values } = await server.client.budgets.values(id);
    const [most, other] = [values[0]?.value ?? "", values[2]?.value ?? ""];
    await page.getByText(`user ${most}, which used most`).waitFor();
    await page.getByRole("button", { name: other, exact: true }).click();
    await page.waitForURL(`**/budgets/${id}?value=${other}`);
    await page.getByText(`Figures of user ${other}.`).waitFor();
    await page.locator("[data-chart=drawn]").waitFor();
    await settled();
    expect(await page.getByRole("button", { name: "Transfer" }).count()).toBe(0);
    await accessible();
    await screenshot("budget-each");

    // What the picture says is left is what the status of that user does: its question counts the same.
    const status = await server.client.budgets.status(id, { value: other });
    await page.getByText(`What is left, user ${other}`).waitFor();
    await page.getByText(`$${status.remaining.toFixed(2)} of $60.00 left on`).waitFor();
    expect(await page.getByLabel("Spent", { exact: true }).textContent()).toContain(status.spent.toFixed(2));
    await page.getByRole("button", { name: "Show what used most" }).click();
    await page.getByText(`user ${most}, which used most`).waitFor();
    await page.goto("/budgets");
    await page.getByText(`most: user ${most}`).waitFor();
    await page.getByText(/^Each month for each user,/).waitFor();
    await accessible();
  });
  // A name that tries everything, and what has none, on the smallest screen.
  const hostile = `<img src=x onerror=alert(1)> مرحبا ${"x".repeat(150)}`;
  const call = { provider: "openai", model: "gpt-4o", inputTokens: 10, outputTokens: 10 };
  await server.client.usage.batchCreate([{ ...call, userId: hostile }, call] as never);
  const { id } = (await server.client.budgets.list()).find(({ name }) => name === "Each developer") ?? { id: "" };
  await walk(server, { scheme: "dark", width: 360, height: 740 }, async (view) => {
    const { page, signIn, settled, accessible } = view;
    const isWider = (): Promise<boolean> =>
      page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    await signIn(`/budgets/${id}?value=${encodeURIComponent(hostile)}`);
    await page.getByText("Figures of").waitFor();
    await page.locator("[data-chart=drawn]").waitFor();
    await settled();
    expect(await isWider()).toBe(false);
    await accessible();
    await page.getByRole("button", { name: "without a user" }).click();
    await page.getByText("Figures of calls without a user.").waitFor();
    await page.getByText("No question about costs is of this value alone").waitFor();
    await settled();
    expect(await isWider()).toBe(false);
    await accessible();
    await page.goto("/budgets");
    await page.getByText("most: user").waitFor();
    await settled();
    expect(await isWider()).toBe(false);
  });
  await server.client.budgets.delete(id);
});

test("what the parent set is seen in the tenant, which is offered nothing that would be refused", async () => {
  const { apiKey, id } = await server.client.organizations.create({ name: "Acme" });
  const scope = { tenantId: id };
  await server.client.budgets.create({ name: "Agreed", amount: "200", period: { kind: "month" }, scope });
  await walk(server, {}, async ({ page, settled, accessible }) => {
    await page.goto("/budgets");
    await page.getByRole("button", { name: "Use an API key instead" }).click();
    await page.getByLabel("API key", { exact: true }).fill(apiKey.key);
    await page.keyboard.press("Enter");
    await page.getByText("by the parent", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Agreed" }).click();
    await page.getByText("set by the parent organization").waitFor();
    await page.locator("[data-chart=drawn]").waitFor();
    await settled();
    await accessible();
    expect(await page.getByRole("button", { name: /Approve|Delete|Transfer/ }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Edit" }).count()).toBe(0);
  });
});

test("the parent sets a budget for a tenant, sees how it stands and changes it, apart from its own", async () => {
  const { apiKey, id } = await server.client.organizations.create({ name: "Umbrella", isolation: "shared" });
  const tenant = new CostOpsClient({ apiKey: apiKey.key, baseURL: server.url });
  await tenant.usage.create({ provider: "openai", model: "gpt-4o", inputTokens: 1_000_000, outputTokens: 7 });
  await walk(server, {}, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/budgets");
    await page.getByRole("combobox", { name: "Whose budgets" }).click();
    await page.getByRole("option", { name: "Set for Umbrella" }).click();
    await page.waitForURL(`**/budgets?tenant=${id}`);
    await page.getByText("A tenant sees what you set for it").waitFor();
    await page.getByRole("link", { name: "Make the first budget" }).click();
    await page.getByRole("heading", { name: "New budget for Umbrella" }).waitFor();
    await page.getByRole("textbox", { name: "Name" }).fill("Umbrella as agreed");
    await page.getByRole("textbox", { name: "Amount" }).fill("10");
    await settled();
    await accessible();
    await page.getByRole("button", { name: "Make the budget" }).click();
    await page.getByRole("heading", { name: "Umbrella as agreed" }).waitFor();
    await page.getByText("set for Umbrella").waitFor();
    await settled();
    const [set] = await server.client.budgets.list({ tenantId: id });
    const status = await server.client.budgets.status(set?.id ?? "");
    expect(status.spentExact).toBe("2.50007");
    expect(await page.getByLabel("Spent", { exact: true }).locator("[data-exact]").getAttribute("data-exact")).toBe(
      `$${status.spentExact}`,
    );
    // Nothing of the organization's own records stands in for the tenant's.
    expect(await page.locator("[data-chart]").count()).toBe(0);
    await accessible();
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByRole("textbox", { name: "Amount" }).fill("12.5");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Amount: $10.00 → $12.50").waitFor();
    expect((await tenant.budgets.list()).map(({ name, amountExact }) => [name, amountExact])).toEqual([
      ["Umbrella as agreed", "12.5"],
    ]);
    await page.locator("main").getByRole("link", { name: "Budgets", exact: true }).click();
    await page.waitForURL(`**/budgets?tenant=${id}`);
    await page.getByText("$2.50 of $12.50").waitFor();
    await page.getByText("Each month, the whole tenant").waitFor();
    await settled();
    await accessible();
    await screenshot("budgets-tenant");
    expect(await page.getByRole("link", { name: "All of it" }).count()).toBe(0);
    await page.getByRole("combobox", { name: "Whose budgets" }).click();
    await page.getByRole("option", { name: "Of this organization" }).click();
    await page.getByRole("link", { name: "All of it" }).waitFor();
    expect(await page.getByRole("link", { name: "Umbrella as agreed" }).count()).toBe(0);
  });
});

test("who may only read is offered nothing else", async () => {
  const viewer = "grace@example.com";
  await server.makeUser(viewer, password, "viewer");
  await walk(server, {}, async ({ page, signIn }) => {
    await signIn("/budgets", viewer);
    await page.getByRole("link", { name: "Coding agents" }).click();
    await page.getByText(/are refused until somebody approves them/).waitFor();
    expect(await page.getByRole("button", { name: /Approve|Delete|Transfer/ }).count()).toBe(0);
    await page.goto("/budgets/new");
    await page.getByText("You may not see this").waitFor();
    // What the parent set for its tenants they see, and change nothing of it.
    const [tenant] = (await server.client.organizations.list()).filter(({ name }) => name === "Umbrella");
    await page.goto(`/budgets?tenant=${tenant?.id}`);
    await page.getByRole("link", { name: "Umbrella as agreed" }).click();
    await page.getByText("set for Umbrella").waitFor();
    expect(await page.getByRole("button", { name: /Approve|Delete|Transfer/ }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Edit" }).count()).toBe(0);
  });
});

test.each([
  { scheme: "light", width: 1440 },
  { scheme: "dark", width: 1440 },
  { scheme: "light", width: 360, height: 740 },
  { scheme: "dark", width: 360, height: 740 },
] as const)("budgets and one of them are seen whole, $scheme and $width wide", async (view) => {
  await walk(server, view, async ({ page, signIn, settled, accessible, screenshot }) => {
    const isWider = (): Promise<boolean> =>
      page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    await signIn("/budgets");
    await page.getByRole("img", { name: /spent/ }).first().waitFor();
    await settled();
    await accessible();
    await screenshot("budgets");
    expect(await isWider()).toBe(false);
    await page.getByRole("link", { name: "Support assistant" }).click();
    await page.locator("[data-chart=drawn]").waitFor();
    await settled();
    await accessible();
    // Away from the figures, which say more where somebody points.
    await page.mouse.move(0, 0);
    await page.locator("[role=tooltip]").waitFor({ state: "detached" });
    await screenshot("budget");
    expect(await isWider()).toBe(false);
  });
});

test("where there is nothing, the pages say what there would be and how to begin", async () => {
  const empty = await startDashboardServer({ days: 0 });
  try {
    await walk(empty, { scheme: "dark", width: 360, height: 740 }, async ({ page, signIn, settled, accessible }) => {
      await signIn("/alerts");
      await page.getByText("All quiet").waitFor();
      await page.getByRole("tab", { name: "Rules" }).click();
      await page.getByText("Nothing is watched yet").waitFor();
      await accessible();
      await page.goto("/budgets");
      await page.getByText("No budget yet").waitFor();
      await accessible();
      await page.getByRole("link", { name: "Make the first budget" }).click();
      await page.getByRole("textbox", { name: "Amount" }).fill("0");
      await page.getByText("would have been used up").waitFor();
      await settled();
      await accessible();
    });
  } finally {
    await empty.close();
  }
});
