/** What people of each role are shown, and that nothing they may not ask is asked for them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, password, startDashboardServer, walk } from "./dashboard-fixture.ts";
import { expectWhole, go, plainPaths } from "./every-page-fixture.ts";
import { makeAlerts, makeBudgets, recordSpend } from "./plan-fixture.ts";

let server: DashboardServer;
const paths = [...plainPaths];
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
  const { client } = server;
  await recordSpend(client);
  await client.usage.create({
    id: "unpriced",
    provider: "nobody",
    model: "unheard-of",
    inputTokens: 5,
    outputTokens: 5,
  });
  await makeBudgets(client);
  await makeAlerts(client);
  await client.roles.create({ name: "cost-reader", permissions: ["costs:read"] });
  await client.roles.create({ name: "auditor", permissions: ["audit:read"] });
  // One of its calls waits for approval.
  const budget = (await client.budgets.list()).find(({ name }) => name === "Coding agents");
  const [rule] = await client.alerts.rules.list();
  paths.push(
    `/budgets/${budget?.id}`,
    `/budgets/${budget?.id}/edit`,
    `/alerts/rules/${rule?.id}`,
    "/explore/record?id=unpriced",
    "/prices/model?provider=openai&model=gpt-4o",
  );
  for (const role of Object.keys(expected)) await server.makeUser(`${role}@example.com`, password, role);
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

/** What changes something, by the words on it. */
const verbs = [
  "Acknowledge",
  "Add a price",
  "Approve",
  "Delete",
  "Edit",
  "Invite",
  "New budget",
  "New channel",
  "New key",
  "New project",
  "New role",
  "New rule",
  "New team",
  "New tenant",
  "New webhook",
  "Record these",
  "Resolve",
  "Save",
  "Transfer",
];
const readers = ["Overview", "Explore", "Prices", "Budgets", "Alerts", "Live", "Settings"];
const open = ["Organization", "Tenants", "Projects and teams", "Your account"];
const adminPages = ["Overview", "Explore", "Prices", "Budgets", "Alerts", "Live", "Record usage", "Settings"];

const expected: Readonly<
  Record<
    string,
    { readonly pages: readonly string[]; readonly tabs: readonly string[]; readonly does: readonly string[] }
  >
> = {
  admin: {
    pages: adminPages,
    tabs: [...open, "Members", "Roles", "API keys", "Audit trail", "Webhooks", "Channels"],
    does: verbs,
  },
  developer: { pages: adminPages, tabs: [...open, "API keys"], does: ["Record these"] },
  analyst: { pages: readers, tabs: open, does: [] },
  billing: {
    pages: readers,
    tabs: [...open, "Channels"],
    does: [
      "Acknowledge",
      "Add a price",
      "Approve",
      "Delete",
      "Edit",
      "New budget",
      "New rule",
      "Resolve",
      "Save",
      "Transfer",
    ],
  },
  viewer: { pages: readers, tabs: open, does: [] },
  "cost-reader": { pages: ["Overview", "Explore", "Live", "Settings"], tabs: ["Your account"], does: [] },
  auditor: { pages: ["Settings"], tabs: ["Audit trail", "Your account"], does: [] },
};

test.each(Object.keys(expected))("%s is offered what the role may do, and asks for nothing else", async (role) => {
  const { pages, tabs, does } = expected[role] as (typeof expected)[string];
  await walk(server, {}, async (walking) => {
    const { page, signIn } = walking;
    const refused: string[] = [];
    page.on("response", (response) => {
      if (response.status() === 403) refused.push(response.url());
    });
    await signIn("/settings/account", `${role}@example.com`);
    const found = new Set<string>();
    const hidden: string[] = [];
    for (const path of paths) {
      await go(walking, path);
      await expectWhole(page, path);
      const words = await page.locator("#main").locator("button, a").allTextContents();
      for (const word of words) if (verbs.includes(word.trim())) found.add(word.trim());
      if ((await page.getByText("You may not see this").count()) > 0) hidden.push(path);
    }
    expect([...found].toSorted()).toEqual(does);
    const links = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
    expect((await links.allTextContents()).toSorted()).toEqual(pages.toSorted());
    const parts = page.getByRole("navigation", { name: "Settings" }).getByRole("link");
    await go(walking, "/settings/account");
    expect((await parts.allTextContents()).toSorted()).toEqual(tabs.toSorted());
    // Whatever the navigation does not lead to says why, and nothing that it leads to does.
    expect(hidden.includes("/")).toBe(!pages.includes("Overview"));
    expect(hidden.includes("/prices")).toBe(!pages.includes("Prices"));
    expect(hidden.includes("/start")).toBe(!pages.includes("Record usage"));
    expect(hidden.includes("/settings/audit")).toBe(!tabs.includes("Audit trail"));
    expect(hidden.includes("/budgets/new")).toBe(!does.includes("New budget"));
    expect(refused).toEqual([]);
  });
});
