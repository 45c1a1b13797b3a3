/** A real server with sample data, a real Chromium, and what every walk through the dashboard must hold to. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CostOpsClient, type CreateUsageParams } from "@llm-cost-ops/sdk";
import type { Browser, BrowserContext, ConsoleMessage, Cookie, Page, Request } from "playwright-core";
import { expect } from "vitest";
import { sampleUsage } from "../../packages/cli/src/demo/sample-usage.ts";
import { type PeopleServer, startPeopleServer } from "../../packages/server/src/users/people-fixture.ts";
import { launchChromium } from "./chromium.ts";

export const email = "ada@example.com";
export const password = "a long sentence nobody guesses";

const isPictured = process.env["SCREENSHOTS"] === "1";

export interface DashboardServer extends PeopleServer {
  /** As an administrator. */
  readonly client: CostOpsClient;
}

/** A server with so many days of the demonstration's calls, and with budgets; none and nothing for 0. */
export async function startDashboardServer({
  days = 30,
  every = 1,
  environment = {},
}: {
  readonly days?: number;
  /** One call of so many is recorded: a page needs each kind of them, and pictures for reviewers all. */
  readonly every?: number;
  readonly environment?: Readonly<Record<string, string>>;
} = {}): Promise<DashboardServer> {
  const server = await startPeopleServer(environment);
  const client = new CostOpsClient({ apiKey: server.adminKey, baseURL: server.url });
  await server.makeUser(email, password);
  if (days > 0) {
    const calls = [...sampleUsage({ endMs: Date.now(), days })] as unknown as CreateUsageParams[];
    const records = isPictured ? calls : calls.filter((_, at) => at % every === 0);
    for (let at = 0; at < records.length; at += 5_000) await client.usage.batchCreate(records.slice(at, at + 5_000));
    await client.budgets.create({ name: "All of it", amount: "900", period: { kind: "month" } } as never);
    await client.budgets.create({
      name: "Support assistant",
      amount: "60",
      period: { kind: "month" },
      scope: { project_id: ["support-assistant"] },
    } as never);
  }
  return { ...server, client };
}

let launched: Promise<Browser> | undefined;
/** By server and time zone: the tab of earlier walks, which has the scripts of the pages compiled. */
const tabs = new Map<string, Page>();
/** By server and person: the cookies that they left with, for attempts to sign in are counted. */
const sessions = new Map<string, readonly Cookie[]>();

/** One browser for a file; close it in `afterAll`. */
async function openBrowser(): Promise<Browser> {
  launched ??= launchChromium();
  return launched;
}

export async function closeBrowser(): Promise<void> {
  tabs.clear();
  sessions.clear();
  await (await launched)?.close();
  launched = undefined;
}

export interface View {
  readonly scheme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  /** Of the browser, such as `America/New_York`. */
  readonly timeZone?: string;
  /** A browser that was never here: every file comes from the server. Otherwise those that earlier walks had are there. */
  readonly isNew?: boolean;
}

export interface Walk {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Signs in with the password, which all have, as the form does but without it, and waits for the page that was asked for. */
  signIn(path?: string, as?: string): Promise<void>;
  /** By the form, which is what an address shows to whoever is not signed in. */
  signInByForm(path?: string, as?: string): Promise<void>;
  /** Waits until nothing is asked or drawn any more. */
  settled(): Promise<void>;
  /** No violation of WCAG 2.2 AA in what is shown now. */
  accessible(): Promise<void>;
  /** A picture for reviewers in docs/screenshots, where `SCREENSHOTS=1` asks for it. */
  screenshot(name: string): Promise<void>;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const screenshots = fileURLToPath(new URL("../../docs/screenshots", import.meta.url));

/** A tab in which nobody is signed in and nothing was kept. */
async function openTab({ url }: Pick<PeopleServer, "url">, { timeZone = "UTC", isNew = false }: View): Promise<Page> {
  const key = `${url} ${timeZone}`;
  const known = isNew ? undefined : tabs.get(key);
  tabs.delete(key);
  if (known !== undefined) return known;
  const browser = await openBrowser();
  const context = await browser.newContext({
    timezoneId: timeZone,
    baseURL: url,
    reducedMotion: "reduce",
    acceptDownloads: true,
  });
  return context.newPage();
}

/** What walks listen to. */
const heard = ["pageerror", "console", "request", "requestfinished", "requestfailed", "response", "download"] as const;

/** Leaves a tab for the next walk as a new one is, but for the files that it has. */
async function leaveTab(
  page: Page,
  { url }: Pick<PeopleServer, "url">,
  { timeZone = "UTC" }: View,
  person: string | undefined,
): Promise<void> {
  const context = page.context();
  for (const event of heard) page.removeAllListeners(event);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.goto("about:blank");
  await page.mouse.move(0, 0);
  for (const other of context.pages()) if (other !== page) await other.close();
  if (person !== undefined) sessions.set(`${url} ${person}`, await context.cookies());
  await context.clearCookies();
  await context.clearPermissions();
  const session = await context.newCDPSession(page);
  await session.send("Storage.clearDataForOrigin", {
    origin: url,
    storageTypes: "local_storage,indexeddb,cache_storage",
  });
  await session.detach();
  tabs.set(`${url} ${timeZone}`, page);
}

/** Gives a browser the cookie of somebody: the one of an earlier walk where it is still good, and that of a new session else. */
async function signInAs({ url }: Pick<PeopleServer, "url">, context: BrowserContext, person: string): Promise<void> {
  const post = (name: string, data?: object) =>
    context.request.post(`${url}/api/v1/auth/browser/${name}`, { headers: { origin: url }, data });
  const cookies = sessions.get(`${url} ${person}`) ?? [];
  await context.clearCookies();
  if (cookies.length > 0) {
    await context.addCookies(cookies);
    const answer = await post("refresh");
    if (answer.ok() && ((await answer.json()) as { readonly data: unknown }).data !== null) return;
  }
  const answer = await post("login", { email: person, password });
  expect([answer.status(), answer.ok() ? "" : await answer.text()]).toEqual([200, ""]);
}

/**
 * Walks through the dashboard of a server as somebody with a browser does. Fails where a page logs an error, asks another host,
 * or is refused something by its own policy.
 */
export async function walk(
  server: Pick<PeopleServer, "url">,
  view: View,
  steps: (walk: Walk) => Promise<void>,
  /** What is logged on purpose, such as an answer 401 that the walk provokes. */
  expected: RegExp = /^$/,
): Promise<void> {
  const { scheme = "light", width = 1440, height = 900 } = view;
  const page = await openTab(server, view);
  const context = page.context();
  const problems: string[] = [];
  page.on("pageerror", (error: Error) => problems.push(`error: ${error.message}`));
  page.on("console", (message: ConsoleMessage) => {
    if (["error", "warning"].includes(message.type()) && !expected.test(message.text())) {
      problems.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on("request", (request: Request) => {
    const { protocol, origin } = new URL(request.url());
    if (/^https?:$/.test(protocol) && origin !== server.url) problems.push(`asked ${request.url()}`);
  });
  let person: string | undefined;
  const settled = async (): Promise<void> => {
    await page.waitForFunction(
      () => document.querySelector("[aria-busy=true], [data-chart=loading], .mantine-Skeleton-root") === null,
      undefined,
      // Each frame would be drawn for the question.
      { polling: 50 },
    );
  };
  try {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height });
    await steps({
      page,
      context,
      settled,
      signIn: async (path = "/", as = email) => {
        await signInAs(server, context, as);
        person = as;
        await page.goto(path);
        await page.locator("#main").waitFor();
        await settled();
      },
      signInByForm: async (path = "/", as = email) => {
        await page.goto(path);
        await page.getByLabel("E-mail").fill(as);
        await page.getByLabel("Password", { exact: true }).fill(password);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.locator("#main").waitFor();
        await settled();
      },
      accessible: async () => {
        expect(await violationsOf(page)).toEqual([]);
      },
      screenshot: async (name) => {
        if (!isPictured) return;
        mkdirSync(screenshots, { recursive: true });
        await page.screenshot({ path: join(screenshots, `${name}-${scheme}-${width}.png`), fullPage: width < 500 });
      },
    });
    expect(problems).toEqual([]);
    if (view.isNew === true) return;
    await leaveTab(page, server, view, person);
  } finally {
    // Nothing goes on with what a walk left half done.
    if (tabs.get(`${server.url} ${view.timeZone ?? "UTC"}`) !== page) await context.close();
  }
}

interface AxeViolation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

interface Axe {
  run(options: object): Promise<{ violations: AxeViolation[] }>;
}

async function violationsOf(page: Page): Promise<readonly string[]> {
  // By the debugger's way, which the page's policy does not bind.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { readonly axe: Axe };
    const { violations } = await axe.run({
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
      resultTypes: ["violations"],
      // Sheets are for no rule of these.
      preload: { assets: ["media"] },
    });
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(" | ")}`,
    );
  });
}
