/** What a change of a question costs the browser, counted: questions, drawings of the picture, and parts of the page drawn anew. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

const users = 2_000;
/** Components that run for a change whose table has a few dozen rows; with each answer drawing the whole page it was twice that. */
const partsMax = 1_200;

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 10 });
  const records = [...Array(users).keys()].map((at) => ({
    provider: "openai",
    model: "gpt-4o",
    inputTokens: 1_000 + at,
    outputTokens: 10,
    userId: `user-${at}`,
  }));
  await server.client.usage.batchCreate(records);
}, 180_000);
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

interface Counted {
  paintings: number;
  parts: number;
}

/** A part of the page as React keeps it, of which the last drawing is known. */
interface Part {
  readonly tag: number;
  readonly flags: number;
  readonly child: Part | null;
  readonly sibling: Part | null;
  readonly alternate: Part | null;
}

/** Counts, in the page, whenever a picture is painted from nothing and whenever a component is run. */
function countWork(): void {
  const counted: Counted = { paintings: 0, parts: 0 };
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...place) {
    if (this.canvas.closest("[data-chart]") !== null) counted.paintings += 1;
    clear.apply(this, place);
  };
  const hasRun = 1;
  const components = [0, 11, 14, 15];
  const look = (part: Part, before: Part | null): void => {
    if (components.includes(part.tag) && (part.flags & hasRun) !== 0) counted.parts += 1;
    // What is the same object was passed over with all that is in it.
    if (part.child === (before?.child ?? null)) return;
    for (let child = part.child; child !== null; child = child.sibling) look(child, child.alternate);
  };
  Object.assign(globalThis, {
    counted,
    __REACT_DEVTOOLS_GLOBAL_HOOK__: {
      supportsFiber: true,
      inject: () => 1,
      onCommitFiberUnmount: () => undefined,
      onCommitFiberRoot: (_: number, { current }: { readonly current: Part }) => look(current, current.alternate),
    },
  });
}

const countedIn = (page: Page): Promise<Counted> =>
  page.evaluate(() => {
    const { counted } = globalThis as unknown as { readonly counted: Counted };
    const { paintings, parts } = counted;
    Object.assign(counted, { paintings: 0, parts: 0 });
    return { paintings, parts };
  });

test("a change is drawn once, asks for what it shows, and of many groups has those in the page that are looked at", async () => {
  await walk(server, { isNew: true }, async ({ page, signIn, settled }) => {
    await page.addInitScript(countWork);
    await signIn("/explore?period=7d&by=model");
    await page.locator("[data-chart=drawn]").waitFor();
    await settled();
    const first = await countedIn(page);
    expect(first.paintings).toBe(1);
    const asked: string[] = [];
    page.on("request", (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname.includes("/costs")) asked.push(`${pathname.split("/").at(-1)} ${searchParams.get("metrics") ?? ""}`);
    });
    const changed = async (path: string, heading: string): Promise<Counted> => {
      asked.length = 0;
      await page.evaluate((address) => history.pushState(null, "", address), path);
      await page.getByRole("heading", { name: heading }).waitFor();
      await settled();
      return countedIn(page);
    };

    const byProject = await changed("/explore?period=7d&by=model,project", "Cost by day, model and project");
    expect(asked).toEqual(["batch-query "]);
    expect([byProject.paintings, byProject.parts < partsMax, byProject.parts]).toEqual([1, true, expect.any(Number)]);

    const byUser = await changed("/explore?period=7d&by=user", "Cost by day and user");
    expect([byUser.paintings, byUser.parts < partsMax, byUser.parts]).toEqual([1, true, expect.any(Number)]);
    const table = page.getByRole("region", { name: "Exact figures of each group" }).locator("table");
    // A head and the first hundred; the others when somebody looks for them.
    expect(Number(await table.getAttribute("aria-rowcount"))).toBe(1 + 100);
    await page.getByText(/^The first 100 of 2,\d{3} groups/).waitFor();
    asked.length = 0;
    await page.getByRole("button", { name: /^Show all 2,\d{3}$/ }).click();
    await page.getByText(/^2,\d{3} groups/).waitFor();
    expect(asked).toEqual(["aggregate "]);
    expect(Number(await table.getAttribute("aria-rowcount"))).toBeGreaterThan(users);
    expect(await table.locator("td").count()).toBeLessThan(400);
    await countedIn(page);

    const average = await changed("/explore?period=7d&by=user&m=average", "Cost per request by day and user");
    expect(asked).toEqual(["aggregate avg"]);
    expect([average.paintings, average.parts < first.parts]).toEqual([1, true]);

    // In another order others are first, and a file has them all.
    await changed("/explore?period=30d&by=user", "Cost by day and user");
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "CSV", exact: true }).click();
    const saved = readFileSync(await (await saving).path(), "utf8");
    expect(saved.trim().split("\n").length).toBeGreaterThan(users);
    await changed("/explore?period=90d&by=user", "Cost by day and user");
    await page.getByText(/^The first 100 of 2,\d{3} groups/).waitFor();
    await table.getByRole("button", { name: "User", exact: true }).click();
    await page.getByText(/^2,\d{3} groups/).waitFor();
    await table.getByRole("button", { name: "user-0", exact: true }).waitFor();
  });
}, 120_000);
