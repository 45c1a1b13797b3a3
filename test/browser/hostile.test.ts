/** Data that nobody wishes for: nothing at all, one record, ten thousand models, amounts and names of any kind. */
import type { CostOpsClient, CreateCostParams } from "@llm-cost-ops/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";
import { expectFits, expectWhole, go, plainPaths } from "./every-page-fixture.ts";
import { makeAlerts, makeBudgets } from "./plan-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

const widths = [360, 1440, 3840];
const dayMs = 86_400_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * dayMs).toISOString();
const shapes = ["bar", "line", "area", "tiles", "hours", "flow"];
const pictures = [
  ...shapes.map((as) => `/explore?as=${as}&by=model`),
  ...["bar", "tiles", "flow"].map((as) => `/explore?as=${as}&by=project,model,tag:note&cmp=1`),
];

const markup = "<img src=x onerror=alert(1)>";
const backwards = "\u202eשלום\u202c مرحبا بالعالم";
const long = "x".repeat(2_000);

test("without any record every page says so, and what is there to do", async () => {
  await walk(server, {}, async (walking) => {
    const { page, signIn, accessible } = walking;
    await signIn();
    await page.getByRole("heading", { name: "Welcome" }).waitFor();
    for (const path of [...plainPaths, ...pictures]) {
      await go(walking, path);
      await expectWhole(page, path);
      await expectFits(page, path, [360]);
    }
    await go(walking, "/explore");
    await page.getByText("No record matches").first().waitFor();
    await accessible();
  });
});

test("one record, of a tiny amount, is a whole overview", async () => {
  await server.client.costs.create({
    id: "the-only-one",
    provider: "openai",
    model: "tiny",
    amount: "0.0000375",
    inputTokens: 1,
    outputTokens: 0,
  } as CreateCostParams);
  await walk(server, {}, async (walking) => {
    const { page, signIn } = walking;
    await signIn();
    await page.getByText("$0.0000375").first().waitFor();
    for (const path of [...plainPaths, ...pictures, "/explore/record?id=the-only-one"]) {
      await go(walking, path);
      await expectWhole(page, path);
      await expectFits(page, path, [360]);
    }
    await go(walking, "/explore?by=model");
    await page.getByRole("region", { name: "Exact figures of each group" }).getByText("$0.0000375").first().waitFor();
  });
});

const modelsCount = 10_000;

/** More models than days times models fit in one answer, a day that is negative, and a sum beyond billions. */
async function record(client: CostOpsClient): Promise<void> {
  const callOf = (at: number, day: number) => ({
    provider: "openai",
    model: `model-${String(at).padStart(5, "0")}`,
    projectId: `project-${at % 700}`,
    userId: `user-${at % 3_000}`,
    inputTokens: 100,
    outputTokens: 10,
    occurredAt: daysAgo(day + 0.01),
  });
  const priced = Array.from({ length: modelsCount }, (_, at) => ({ ...callOf(at, 0), amount: String(1 + (at % 97)) }));
  await client.costs.bulkCreate(priced as CreateCostParams[]);
  for (let day = 1; day < 11; day += 1) {
    // Of models that nobody has a price for: groups all the same, and recorded in a tenth of the time.
    await client.usage.batchCreate(Array.from({ length: modelsCount }, (_, at) => callOf(at, day)));
  }
  await client.costs.bulkCreate([
    {
      provider: "openai",
      model: markup,
      amount: "9000000000",
      projectId: markup,
      userId: markup,
      tags: { note: long },
    },
    {
      provider: backwards,
      model: backwards,
      amount: "8999999999.000000000001",
      projectId: backwards,
      userId: backwards,
    },
    {
      provider: "openai",
      model: "refunded",
      amount: "-4000000",
      occurredAt: daysAgo(3.02),
      tags: { [markup]: backwards },
    },
    { provider: "openai", model: "tiny", amount: "0.0000375", tags: { note: `${markup} ${backwards}` } },
    { id: "in yen/1?&#", provider: "openai", model: "tiny", amount: "1234567", currency: "JPY", tags: { note: long } },
  ] as CreateCostParams[]);
}

test("ten thousand models, markup, other directions, billions, and a negative day break no page", async () => {
  const { client } = server;
  await record(client);
  await makeBudgets(client);
  await makeAlerts(client);
  await client.projects.create({ projectId: markup, name: `${markup} ${backwards}` } as never).catch(() => undefined);
  await client.teams.create({ name: `${markup} ${backwards}`.repeat(2), slug: "hostile", projects: [markup] });
  await client.apiKeys.create({ name: `${markup} ${backwards}`.repeat(3) });
  const [budget] = (await client.budgets.list()).filter(({ name }) => name.startsWith("<img"));
  const [rule] = await client.alerts.rules.list();
  const paths = [
    ...plainPaths,
    ...pictures,
    "/?by=user&period=90d",
    "/?period=today",
    `/explore?f=${encodeURIComponent(`model:${markup}`)}&tab=records`,
    `/explore/record?id=${encodeURIComponent("in yen/1?&#")}`,
    `/prices/model?provider=openai&model=${encodeURIComponent(markup)}`,
    `/budgets/${budget?.id}`,
    `/budgets/${budget?.id}/edit`,
    `/alerts/rules/${rule?.id}`,
    "/explore?period=7d&m=requests&by=user",
    "/nowhere/at/all",
  ];
  await walk(
    server,
    {},
    async (walking) => {
      const { page, signIn, accessible } = walking;
      await signIn();
      for (const path of paths) {
        await go(walking, path);
        await expectWhole(page, path);
        await expectFits(page, path, widths);
      }
      expect(await page.locator("img[src=x]").count()).toBe(0);
      await page.setViewportSize({ width: 1440, height: 900 });
      await go(walking, "/explore?by=model");
      await accessible();
      await page.getByRole("button", { name: "Filter", exact: true }).click();
      await page.getByText(/more: type to find them/).waitFor();
      expect(await page.getByRole("group", { name: "Values" }).getByRole("button").count()).toBeLessThan(50);
      await accessible();
    },
    // So many groups are more than an answer has, and are asked for before their sum is.
    /status of 422/,
  );
}, 240_000);
