import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 2 });
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

const record = (model: string, more: object = {}) =>
  server.client.usage.create({
    provider: "openai",
    model,
    inputTokens: 1_200,
    outputTokens: 300,
    latencyMs: 842,
    status: "success",
    projectId: "live-walk",
    ...more,
  });

test("calls arrive, wait while it is paused, are filtered, and lead to the proof of their cost", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible }) => {
    await signIn("/stream");
    await page.getByText("live", { exact: true }).waitFor();
    await record("gpt-4o-mini");
    const rows = page.getByRole("region", { name: "Calls, newest first" }).locator("tbody tr");
    await rows.first().getByText("gpt-4o-mini").waitFor();
    // 1,200 × $0.15 + 300 × $0.60 per million.
    await rows.first().getByText("$0.00036", { exact: true }).waitFor();
    await rows.first().getByText("842 ms").waitFor();

    await page.getByRole("button", { name: "Pause" }).click();
    await record("a-model-nobody-knows", { status: "error" });
    await page.getByText("Paused: 1 call waits").waitFor();
    expect(await page.getByText("a-model-nobody-knows").count()).toBe(0);
    await accessible();
    await page.getByRole("button", { name: "Go on" }).click();
    await rows.first().getByText("unpriced").waitFor();
    await rows.first().getByText("error").waitFor();

    // Whoever reads further down keeps the place.
    const list = page.getByRole("region", { name: "Calls, newest first" });
    await list.evaluate((element) => element.scrollTo({ top: 400 }));
    await record("gpt-4o");
    await page.getByText("Held while you read further down: 1 call waits").waitFor();
    await list.evaluate((element) => element.scrollTo({ top: 0 }));
    await rows.first().getByText("gpt-4o", { exact: true }).waitFor();

    await page.getByText("Errors", { exact: true }).first().click();
    await page.getByRole("button", { name: "a-model-nobody-knows" }).first().click();
    await page.getByText("Model: a-model-nobody-knows").waitFor();
    expect(new URL(page.url()).searchParams.get("f")).toBe("model:a-model-nobody-knows");
    await page.getByRole("button", { name: "Without Model a-model-nobody-knows" }).click();
    await page.getByText("All", { exact: true }).click();
    await page.getByLabel("Find among").fill("live-walk mini");
    await rows.first().getByText("gpt-4o-mini").waitFor();
    expect(await rows.count()).toBe(1);
    await rows.first().getByRole("link").click();
    await page.getByRole("heading", { name: "$0.00036" }).waitFor();
    await settled();
  });
});

test("a connection that breaks is made again, says so, and nothing is missed", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn, context }) => {
      await signIn("/stream?f=projectId:live-walk");
      await page.getByText("live", { exact: true }).waitFor();
      await context.setOffline(true);
      server.server.app.fastify.server.closeAllConnections();
      await page.getByText("connection lost, trying again").waitFor();
      await record("gpt-4o");
      await context.setOffline(false);
      await page.getByText(/reconnected .* nothing missed/).waitFor();
      const first = page.getByRole("region", { name: "Calls, newest first" }).locator("tbody tr").first();
      await first.getByText("gpt-4o", { exact: true }).waitFor();
    },
    /ERR_INTERNET_DISCONNECTED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION/,
  );
});

test.each([
  { scheme: "light", width: 1440 },
  { scheme: "dark", width: 360, height: 740 },
] as const)("the stream is seen whole, $scheme and $width wide", async (view) => {
  await record("<b>bold</b> مرحبا بالعالم".repeat(6), { tags: { feature: "x".repeat(1_500) } });
  await record("gpt-4o-mini-2024-07-18");
  await walk(server, view, async ({ page, signIn, settled, accessible, screenshot }) => {
    await signIn("/stream");
    await page.getByText("live", { exact: true }).waitFor();
    await page.getByText("842 ms").first().waitFor();
    await settled();
    await accessible();
    await screenshot("live");
    const isWider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(isWider).toBe(false);
    // Nothing of what is most wanted is scrolled to.
    const list = page.getByRole("region", { name: "Calls, newest first" });
    const edge = await list.evaluate((element) => element.getBoundingClientRect().right);
    const row = list.locator("tbody tr").first();
    for (const what of [row.getByText("$", { exact: false }), row.getByText("842 ms"), row.getByText("success")]) {
      const box = await what.first().boundingBox();
      expect(box).not.toBeNull();
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(edge);
    }
  });
});
