import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  closeBrowser,
  type DashboardServer,
  email,
  password,
  startDashboardServer,
  walk,
} from "./dashboard-fixture.ts";

/** Attempts to sign in are limited for each account, and a file of walks makes more than one may. */
const colleague = "grace@example.com";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
  await server.makeUser(colleague, password);
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test("from nothing to the first cost: paste, see it arrive, and find it on the overview", async () => {
  await walk(server, {}, async ({ page, signInByForm, settled, accessible, screenshot }) => {
    await signInByForm();
    await page.getByRole("heading", { name: "Welcome" }).waitFor();
    await accessible();
    await page.getByRole("button", { name: "Fill in an example" }).click();
    await page.getByRole("button", { name: "Record these" }).click();
    await page.getByText("2 recorded").waitFor();
    await page.getByText("gpt-4o-mini").last().waitFor();
    // 1,200 × $0.15 + 300 × $0.60 per million.
    await page.getByText("$0.00036", { exact: true }).waitFor();
    await screenshot("first-run");
    await page.getByRole("link", { name: "See all of it on the overview" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await settled();
    expect(await page.getByRole("region", { name: "Requests" }).textContent()).toContain("2");
  });
});

test("a page is found again after signing in, after a reload, and not after signing out", async () => {
  await walk(server, {}, async ({ page, signInByForm, context }) => {
    await signInByForm("/start?x=1");
    expect(new URL(page.url()).pathname).toBe("/start");
    await page.getByRole("heading", { name: "Record usage" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Record usage" }).waitFor();
    const kept = await page.evaluate(
      () => `${document.cookie}${JSON.stringify({ ...localStorage, ...sessionStorage })}`,
    );
    expect(kept).not.toMatch(/session|token|eyJ/);
    expect((await context.cookies(`${server.url}/api/v1/auth/browser`)).map(({ httpOnly }) => httpOnly)).toEqual([
      true,
    ]);
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  });
});

test("a cookie that another port of the host set signs nobody in, and is gone after signing in again", async () => {
  await walk(
    server,
    {},
    async ({ page, signInByForm, context }) => {
      await signInByForm("/start");
      const refresh = `${server.url}/api/v1/auth/browser/refresh`;
      const [mine] = await context.cookies(refresh);
      const neighbour = createServer((_request, response) => {
        const cookie = `${mine?.name}=rt_theirs; Path=${new URL(refresh).pathname}; Max-Age=3600`;
        response.setHeader("content-type", "text/html").end(`<script>document.cookie = "${cookie}"</script>`);
      });
      await new Promise<void>((resolve) => neighbour.listen(0, "127.0.0.1", resolve));
      const other = await context.newPage();
      await other.goto(`http://127.0.0.1:${(neighbour.address() as AddressInfo).port}/`);
      await other.close();
      neighbour.close();
      expect((await context.cookies(refresh)).map(({ name }) => name)).toEqual([mine?.name, mine?.name]);

      await page.goto(`${server.url}/start`);
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      expect(await context.cookies(refresh)).toEqual([]);
      await signInByForm("/start");
      await page.reload();
      await page.getByRole("heading", { name: "Record usage" }).waitFor();
      expect(await context.cookies(refresh)).toHaveLength(1);
    },
    /status of 401/,
  );
});

test("a session that ends while somebody works leads to signing in, and back", async () => {
  await walk(
    server,
    {},
    async ({ page, signInByForm, context }) => {
      await signInByForm();
      await context.clearCookies();
      server.clock.aheadMs += 16 * 60_000;
      await page.getByRole("link", { name: "Record usage" }).click();
      await page.getByText("Your session has ended").waitFor();
      await page.getByLabel("E-mail").fill(email);
      await page.getByLabel("Password", { exact: true }).fill(password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "Record usage" }).waitFor();
      expect(new URL(page.url()).pathname).toBe("/start");
    },
    /status of 401/,
  );
});

test("a wrong password is told, an API key opens the pages too, and all of it works by keys alone", async () => {
  await walk(
    server,
    { width: 360, height: 740 },
    async ({ page, settled }) => {
      await page.goto("/");
      await page.getByLabel("E-mail").fill(email);
      await page.getByLabel("Password", { exact: true }).fill("not the password at all");
      await page.keyboard.press("Enter");
      await page
        .getByRole("alert")
        .getByText(/not right/)
        .waitFor();
      await page.getByRole("button", { name: "Use an API key instead" }).press("Enter");
      await page.getByLabel("API key", { exact: true }).fill(server.adminKey);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      await settled();
      await page.keyboard.press("Tab");
      await page.locator(".skip-link").focus();
      expect(await page.locator(".skip-link").isVisible()).toBe(true);
    },
    /status of 401/,
  );
});

test("somebody of two organizations goes from one to the other", async () => {
  const { client, url } = server;
  const acme = await client.organizations.create({ name: "Acme & <b>Sons</b>" });
  const theirs = await server.ask(acme.apiKey.key, "POST", `/organizations/${acme.id}/invitations`, {
    user_email: email,
    role: "viewer",
  });
  const { token } = theirs.data as unknown as { readonly token: string };
  expect(await server.ask(undefined, "POST", "/invitations/accept", { token, password })).toMatchObject({
    status: 201,
  });
  await walk({ url }, {}, async ({ page, signInByForm, settled, accessible }) => {
    await signInByForm("/settings/keys");
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitem", { name: acme.name }).click();
    await page.getByText(`Sign in to enter ${acme.name}.`).waitFor();
    await accessible();
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("banner").getByText(acme.name).waitFor();
    await settled();
    expect(new URL(page.url()).pathname).toBe("/");
    // A viewer there, however much one may do here.
    await page.getByRole("heading", { name: "Nothing is recorded yet" }).waitFor();
    expect(await page.getByText("YOUR_API_KEY").count()).toBe(0);
    await accessible();
    expect(await page.getByRole("link", { name: "Record usage" }).count()).toBe(0);
  });
});

test("whoever cannot be told who is signed in is told why, and the page goes on once they can", async () => {
  await walk(
    server,
    {},
    async ({ page, signInByForm, accessible }) => {
      await signInByForm("/start", colleague);
      await page.getByRole("heading", { name: "Record usage" }).waitFor();
      const refused = { error: { code: "AUTH_002", message: "This comes from another site.", request_id: "req_1" } };
      await page.route("**/auth/browser/refresh", (route) => route.fulfill({ status: 403, json: refused }));
      await page.reload();
      await page.getByText("This comes from another site.").waitFor();
      await accessible();
      await page.unroute("**/auth/browser/refresh");
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByRole("heading", { name: "Record usage" }).waitFor();
    },
    /403/,
  );
});

test("a session that could not be ended says so, and is ended when it is asked for again", async () => {
  await walk(
    server,
    {},
    async ({ page, signInByForm, accessible }) => {
      await signInByForm("/start", colleague);
      await page.route("**/auth/logout", (route) => route.fulfill({ status: 500, json: {} }));
      await page.getByRole("button", { name: /^Account/ }).click();
      await page.getByRole("menuitem", { name: "Sign out" }).click();
      await page.getByRole("alert").getByText("You are still signed in").waitFor();
      await accessible();
      await page.unroute("**/auth/logout");
      await page.getByRole("button", { name: "Sign out again" }).click();
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await page.reload();
      await page.getByRole("button", { name: "Sign in" }).waitFor();
    },
    /500/,
  );
});
