import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test("an address that is no page says so and offers the way on", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn, accessible }) => {
      await signIn("/nope");
      await page.getByRole("heading", { name: "There is no page here" }).waitFor();
      expect(await page.title()).toBe("No such page · LLM Cost Ops");
      await accessible();
      await page.getByRole("link", { name: "Record usage" }).click();
      await page.getByRole("heading", { name: "Record usage" }).waitFor();
    },
    /404/,
  );
});
