import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

let server: DashboardServer;
let receiver: Server;
let failures = 0;
let hookAddress: string;
const hostile = `<img src=x onerror=alert(1)> مرحبا ${"long ".repeat(40)}`;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    request.resume().on("end", () => {
      const fails = request.url === "/first-fails" && failures === 0;
      if (fails) failures += 1;
      response.writeHead(fails ? 500 : 200, { "content-type": "application/json" });
      response.end('{"seen":true}');
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  hookAddress = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  server = await startDashboardServer({ days: 0, environment: { WEBHOOK_ALLOWED_ADDRESSES: "127.0.0.1" } });
  const { client } = server;
  const { organizationId } = await client.auth.whoami();
  await client.apiKeys.create({ name: "Checkout service", scopes: ["usage:write"], projectId: "checkout" });
  await client.apiKeys.create({
    name: "Nightly report",
    scopes: ["costs:read", "exports:read", "exports:write"],
    expiresAt: new Date(Date.now() + 3 * 86_400_000),
    limits: { tokensPerMinute: 250_000, costPerDay: "12.50" },
  });
  await client.apiKeys.create({ name: hostile.slice(0, 200), environment: "test" });
  await client.teams.create({ name: "Engineering", slug: "engineering", projects: ["checkout", "search"] });
  await client.roles.create({ name: "auditor", permissions: ["audit:read"], description: "Reads the trail alone." });
  await server.makeUser("grace@example.com", "a long sentence nobody guesses", "developer");
  await server.makeUser("linus@example.com", "a long sentence nobody guesses", "viewer");
  await client.organizations.members.invite(organizationId, { userEmail: "joan@example.com", role: "billing" });
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
  receiver.close();
});

const secretOf = async (page: Page): Promise<string> => (await page.locator("[data-secret]").textContent()) ?? "";

test("a key is made, shown once, rotated and revoked", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible }) => {
    await signIn("/settings/keys");
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByLabel("Name").fill("Browser walk");
    await page.getByLabel("costs:read").check();
    await accessible();
    await page.getByRole("button", { name: "Create the key" }).click();
    const first = await secretOf(page);
    expect(first).toMatch(/^sk_live_/);
    expect(await server.ask(first, "GET", "/costs/summary")).toMatchObject({ status: 200 });
    await accessible();
    await page.getByRole("button", { name: "Done" }).click();
    expect(await page.locator("[data-secret]").count()).toBe(0);

    await page.getByRole("button", { name: "Browser walk" }).click();
    await page.getByRole("button", { name: "Rotate" }).click();
    await page.getByRole("combobox", { name: "The old key works" }).click();
    await page.getByRole("option", { name: "Ends at once" }).click();
    await page.getByRole("button", { name: "Make the new key" }).click();
    const second = await secretOf(page);
    expect(await server.statusOf(first)).toBe(401);
    expect(await server.statusOf(second)).toBe(200);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("dialog", { name: "API key" }).getByRole("button", { name: "Close" }).click();
    await settled();

    await page.getByRole("button", { name: "Browser walk" }).first().click();
    await page.getByRole("button", { name: "Revoke" }).click();
    expect(await page.getByRole("button", { name: "Revoke the key" }).isDisabled()).toBe(true);
    await page.getByLabel("To confirm, type Browser walk").fill("Browser walk");
    await page.getByRole("button", { name: "Revoke the key" }).click();
    await page.getByRole("dialog").first().waitFor({ state: "hidden" });
    expect(await server.statusOf(second)).toBe(401);
    expect(await page.getByRole("button", { name: "Browser walk" }).count()).toBe(0);
  });
});

test("somebody is invited, given a role for a project, and it stands in the trail, which is whole", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/settings/members");
    await page.getByRole("button", { name: "Invite" }).click();
    await page.getByLabel("E-mail").fill("barbara@example.com");
    await page.getByRole("button", { name: "Invite", exact: true }).last().click();
    expect((await secretOf(page)).length).toBeGreaterThan(20);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByText("barbara@example.com").waitFor();

    await page.getByRole("button", { name: "linus@example.com" }).click();
    await page.getByRole("button", { name: "Give a role" }).click();
    const dialog = page.getByRole("dialog", { name: "Give a role" });
    await dialog.getByRole("combobox", { name: "Role" }).click();
    await page.getByRole("option", { name: "developer" }).click();
    await dialog.getByRole("combobox", { name: "Reaches" }).click();
    await page.getByRole("option", { name: "One project" }).click();
    await dialog.getByLabel("Project").fill("checkout");
    await accessible();
    await dialog.getByRole("button", { name: "Give the role" }).click();
    await page.getByText("in the project checkout").first().waitFor();

    await page.goto("/settings/audit?action=members.assignRole");
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page.getByText("The trail is whole").waitFor();
    await page.getByRole("row").nth(1).getByRole("button").click();
    const entry = page.getByRole("dialog", { name: "Audit entry" });
    await entry.getByText("project:checkout").waitFor();
    await settled();
    await accessible();
    await screenshot("settings-audit-entry");
    await entry.getByRole("button", { name: "All that they did" }).click();
    await page.getByText("invitations.create").first().waitFor();
    const downloaded = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "CSV" }).click();
    expect((await downloaded).suggestedFilename()).toBe("audit-trail.csv");
  });
});

test("a webhook is added and tested, and what failed is sent again", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn, accessible, screenshot }) => {
      await signIn("/settings/webhooks");
      await page.getByRole("button", { name: "New webhook" }).click();
      await page.getByLabel("Address").fill("http://169.254.169.254/latest");
      await page.getByRole("button", { name: "Add the webhook" }).click();
      await page
        .getByText(/must not lead into a private/)
        .first()
        .waitFor();
      await page.getByLabel("Address").fill(`${hookAddress}/first-fails`);
      await page.getByRole("button", { name: "Add the webhook" }).click();
      expect(await secretOf(page)).toMatch(/^whsec_/);
      await page.getByRole("button", { name: "Done" }).click();

      await page.getByRole("button", { name: "Send a test" }).click();
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await page.getByText("answer 500").waitFor();
      await page
        .getByRole("button", { name: /^\d+ \w+ \d{4}/ })
        .first()
        .click();
      await page.getByRole("button", { name: "Send it again" }).click();
      await page.getByText('"seen": true').waitFor();
      await page.getByRole("dialog").getByText("Delivered").waitFor();
      await accessible();
      await screenshot("settings-delivery");
      await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();

      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByText("Paused").waitFor();
      expect((await server.client.webhooks.list())[0]?.status).toBe("paused");
      await page.getByRole("button", { name: "Resume" }).click();
      await page.getByRole("button", { name: "Pause" }).waitFor();
    },
    /422/,
  );
});

test("a channel is made and tested, and a tenant, a project and a team are made", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible }) => {
    await signIn("/settings/channels");
    await page.getByRole("button", { name: "New channel" }).click();
    await page.getByRole("combobox", { name: "Kind" }).click();
    await page.getByRole("option", { name: "Slack" }).click();
    await page.getByLabel("Name").fill("On call");
    await page.getByLabel("Address").fill(hookAddress);
    await accessible();
    await page.getByRole("button", { name: "Make the channel" }).click();
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByRole("table", { name: "Deliveries" }).getByText("Delivered").waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByLabel("To confirm, type On call").fill("On call");
    await page.getByRole("button", { name: "Delete the channel" }).click();
    await page.getByText("No channel yet").waitFor();

    await page.getByRole("link", { name: "Tenants" }).click();
    await page.getByRole("button", { name: "New tenant" }).click();
    await page.getByRole("textbox", { name: /^Name/ }).fill("Acme <b>GmbH</b>");
    await page.getByRole("button", { name: "Make the tenant" }).click();
    expect(await server.statusOf(await secretOf(page))).toBe(200);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByText("Acme <b>GmbH</b>").waitFor();
    await accessible();

    await page.getByRole("link", { name: "Projects and teams" }).click();
    await page.getByRole("button", { name: "New project" }).click();
    await page.getByLabel("Id in records").fill("checkout");
    await page.getByRole("textbox", { name: /^Name/ }).fill("Checkout");
    await page.getByRole("button", { name: "Make the project" }).click();
    await page.getByRole("button", { name: "checkout", exact: true }).click();
    await page.getByLabel(/^Archived/).check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("No project has a name here yet").waitFor();
    await page.getByRole("button", { name: "Engineering" }).click();
    await page.getByRole("combobox", { name: "Projects" }).fill("billing");
    await page.getByRole("combobox", { name: "Projects" }).press("Enter");
    await accessible();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("billing, checkout, search").waitFor();

    await page.getByRole("link", { name: "Organization" }).click();
    await page.getByLabel("Requests a minute").fill("120000");
    await page.getByLabel("Cost a day").fill("1000.000000000001");
    await accessible();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved").waitFor();
    await settled();
    const [organization] = await server.client.organizations.list();
    expect(organization?.settings).toMatchObject({
      rateLimitRequests: 120_000,
      limits: { costPerDay: "1000.000000000001" },
    });
  });
});

test("somebody ends another session of theirs and changes the password", async () => {
  const [own, before, after] = ["mary@example.com", "a long sentence nobody guesses", "another sentence, longer still"];
  await server.makeUser(own, before, "viewer");
  await server.login(own, before);
  await walk(server, {}, async ({ page, signIn, accessible }) => {
    await signIn("/settings/account", own);
    await page.getByRole("button", { name: /^End the session/ }).click();
    await page.getByRole("button", { name: /^End the session/ }).waitFor({ state: "detached" });
    await page.getByLabel("Present password").fill(before);
    await page.getByLabel("New password", { exact: true }).fill(after);
    await page.getByLabel("New password once more").fill(after);
    await page.getByRole("button", { name: "Change the password" }).click();
    await page.getByText("Every other session of yours has ended").waitFor();
    await accessible();
  });
  expect((await server.ask(undefined, "POST", "/auth/login", { email: own, password: after })).status).toBe(200);
});

test("who may only read is shown the parts that they may read", async () => {
  await walk(server, {}, async ({ page, signIn }) => {
    await signIn("/settings/keys", "grace@example.com");
    await page.getByRole("button", { name: "Checkout service" }).waitFor();
    expect(await page.getByRole("button", { name: "New key" }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Audit trail" }).count()).toBe(0);
    await page.goto("/settings/audit");
    await page.getByText("You may not see this").waitFor();
  });
});

const tabs = ["Organization", "Members", "API keys", "Audit trail", "Webhooks", "Your account"];
const pictured: ReadonlySet<string> = new Set(["Members", "API keys", "Audit trail"]);

test.each([
  { scheme: "light", width: 1440 },
  { scheme: "dark", width: 360, height: 740 },
] as const)("the settings are seen whole, $scheme and $width wide", async (view) => {
  await walk(server, view, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/settings/keys");
    for (const tab of tabs) {
      await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: tab, exact: true }).click();
      await page.locator(".panel").first().waitFor();
      await settled();
      await accessible();
      if (pictured.has(tab)) await screenshot(`settings-${tab.toLowerCase().replaceAll(" ", "-")}`);
      const isWider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      expect(isWider, tab).toBe(false);
    }
  });
});
