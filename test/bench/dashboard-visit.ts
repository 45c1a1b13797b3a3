/** What somebody with a browser waits for, measured inside the page from its own clock. */
import { randomUUID } from "node:crypto";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { ask, type Running } from "./running-server.ts";

/** What one person signs in with. */
export interface Person {
  readonly email: string;
  readonly password: string;
}

/** One question of the page: where it was asked, and the milliseconds from its start to its end. */
export interface Asked {
  readonly path: string;
  readonly ms: number;
  readonly bytes: number;
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Every answer since the last call. */
  asked(): Promise<readonly Asked[]>;
  close(): Promise<void>;
}

/** Makes an administrator with a password, and budgets as an organization has them, unless they are there already. */
export async function prepare({ port }: Running): Promise<Person> {
  const person = { email: `bench-${randomUUID()}@example.com`, password: "a long sentence nobody guesses" };
  await ask(port, "POST", "/users", { ...person, role: "admin" });
  const budgets = await ask<unknown[]>(port, "GET", "/budgets");
  if (budgets.length > 0) return person;
  const month = { amount: "100000", period: { kind: "month" } };
  await ask(port, "POST", "/budgets", { ...month, name: "All of it" });
  for (const project of ["search", "chat", "support", "billing", "docs", "code", "sales", "legal", "risk", "ops"]) {
    await ask(port, "POST", "/budgets", { ...month, name: project, scope: { project_id: [project] } });
  }
  return person;
}

/** A browser that is signed in, as after the first visit of a day. */
export async function signedIn(browser: Browser, { port }: Running, person: Person): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: `http://127.0.0.1:${port}`,
    viewport: { width: 1440, height: 900 },
  });
  const visit = await visitIn(context);
  const { page } = visit;
  await page.goto("/");
  await page.getByLabel("E-mail").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await paintedAt(page, "overview");
  await paintedAt(page, "everything");
  await visit.asked();
  return visit;
}

/** As if the browser had kept no file of the pages. */
export async function forgetFiles({ context, page }: Visit): Promise<void> {
  const debuggerOf = await context.newCDPSession(page);
  await debuggerOf.send("Network.clearBrowserCache");
  await debuggerOf.detach();
}

async function visitIn(context: BrowserContext): Promise<Visit> {
  const page = await context.newPage();
  let pending: Promise<Asked>[] = [];
  page.on("requestfinished", (request) => {
    pending.push(
      request.sizes().then(({ responseBodySize }) => ({
        path: new URL(request.url()).pathname + new URL(request.url()).search,
        ms: request.timing().responseEnd,
        bytes: responseBodySize,
      })),
    );
  });
  return {
    page,
    context,
    asked: async () => {
      const all = pending;
      pending = [];
      return Promise.all(all);
    },
    close: () => context.close(),
  };
}

type Goal = "overview" | "everything";

/**
 * When that was first painted, in milliseconds since the navigation began. Runs in the page. `overview`: all tiles have their
 * figures and the first picture is drawn; `everything`: nothing on the page is waited for any more.
 */
const drawnAt = (goal: Goal): Promise<number> =>
  new Promise((resolve) => {
    const isThere = (selector: string): boolean => document.querySelector(selector) !== null;
    const isDrawn = (): boolean =>
      goal === "overview"
        ? isThere(".tiles .panel") && !isThere(".tiles .mantine-Skeleton-root") && isThere("[data-chart=drawn]")
        : isThere("#main h1") && !isThere("[aria-busy=true], [data-chart=loading], .mantine-Skeleton-root");
    const look = (): void => {
      if (isDrawn()) requestAnimationFrame(() => resolve(performance.now()));
      else requestAnimationFrame(look);
    };
    look();
  });

const paintedAt = (page: Page, goal: Goal): Promise<number> => page.evaluate(drawnAt, goal);

/** From the start of the navigation to the Overview with its figures drawn, and to the last of its parts, in milliseconds. */
export async function openOverview({ page }: Visit): Promise<{ readonly drawnMs: number; readonly wholeMs: number }> {
  await page.goto("/", { waitUntil: "commit" });
  const drawnMs = await paintedAt(page, "overview");
  const wholeMs = await paintedAt(page, "everything");
  return { drawnMs, wholeMs };
}

/** Opens Explore at an address and waits until all of it is there. */
export async function openExplore({ page }: Visit, address: string): Promise<void> {
  await page.goto(address, { waitUntil: "commit" });
  await page.locator("[data-chart=drawn]").first().waitFor();
  await paintedAt(page, "everything");
}

/** From a click to the new figures drawn, in milliseconds. */
export async function clickToDrawn({ page }: Visit, click: (page: Page) => Promise<void>): Promise<number> {
  const drawn = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let clickedMs: number | undefined;
        let wasBusy = false;
        addEventListener("click", (event) => (clickedMs ??= event.timeStamp), { capture: true, once: true });
        const look = (): void => {
          const isBusy = document.querySelector("#main [aria-busy=true]") !== null;
          wasBusy ||= isBusy;
          if (clickedMs === undefined || !wasBusy || isBusy) {
            requestAnimationFrame(look);
            return;
          }
          const startMs = clickedMs;
          requestAnimationFrame(() => resolve(performance.now() - startMs));
        };
        look();
      }),
  );
  await click(page);
  return drawn;
}
