/** A real server with sample data, a real Chromium, and what every walk through the dashboard must hold to. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CostOpsClient, type CreateUsageParams } from "@llm-cost-ops/sdk";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { sampleUsage } from "../../packages/cli/src/demo/sample-usage.ts";
import { type PeopleServer, startPeopleServer } from "../../packages/server/src/users/people-fixture.ts";
import { launchChromium } from "./chromium.ts";

export const email = "ada@example.com";
export const password = "a long sentence nobody guesses";

export interface DashboardServer extends PeopleServer {
  /** As an administrator. */
  readonly client: CostOpsClient;
}

/** A server with so many days of the demonstration's calls, and with budgets; none and nothing for 0. */
export async function startDashboardServer({
  days = 30,
  environment = {},
}: {
  readonly days?: number;
  readonly environment?: Readonly<Record<string, string>>;
} = {}): Promise<DashboardServer> {
  const server = await startPeopleServer(environment);
  const client = new CostOpsClient({ apiKey: server.adminKey, baseURL: server.url });
  await server.makeUser(email, password);
  if (days > 0) {
    const records = [...sampleUsage({ endMs: Date.now(), days })] as unknown as CreateUsageParams[];
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

/** One browser for a file; close it in `afterAll`. */
export async function openBrowser(): Promise<Browser> {
  launched ??= launchChromium();
  return launched;
}

export async function closeBrowser(): Promise<void> {
  await (await launched)?.close();
  launched = undefined;
}

export interface View {
  readonly scheme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  /** Of the browser, such as `America/New_York`. */
  readonly timeZone?: string;
}

export interface Walk {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Signs in with the password, which all have, and waits for the page that was asked for. */
  signIn(path?: string, as?: string): Promise<void>;
  /** Waits until nothing is asked or drawn any more. */
  settled(): Promise<void>;
  /** No violation of WCAG 2.2 AA in what is shown now. */
  accessible(): Promise<void>;
  /** A picture for reviewers in docs/screenshots, where `SCREENSHOTS=1` asks for it. */
  screenshot(name: string): Promise<void>;
}

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const screenshots = fileURLToPath(new URL("../../docs/screenshots", import.meta.url));

/**
 * Walks through the dashboard of a server as somebody with a browser does. Fails where a page logs an error, asks another host,
 * or is refused something by its own policy.
 */
export async function walk(
  server: Pick<PeopleServer, "url">,
  { scheme = "light", width = 1440, height = 900, timeZone = "UTC" }: View,
  steps: (walk: Walk) => Promise<void>,
  /** What is logged on purpose, such as an answer 401 that the walk provokes. */
  expected: RegExp = /^$/,
): Promise<void> {
  const browser = await openBrowser();
  const context = await browser.newContext({
    colorScheme: scheme,
    timezoneId: timeZone,
    viewport: { width, height },
    baseURL: server.url,
    reducedMotion: "reduce",
    acceptDownloads: true,
  });
  const problems: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !expected.test(message.text())) {
      problems.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (/^https?:$/.test(protocol) && origin !== server.url) problems.push(`asked ${request.url()}`);
  });
  const settled = async (): Promise<void> => {
    await page.waitForFunction(
      () => document.querySelector("[aria-busy=true], [data-chart=loading], .mantine-Skeleton-root") === null,
    );
  };
  try {
    await steps({
      page,
      context,
      settled,
      signIn: async (path = "/", as = email) => {
        await page.goto(path);
        await page.getByLabel("E-mail").fill(as);
        await page.getByLabel("Password", { exact: true }).fill(password);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.locator("#main").waitFor();
        await settled();
      },
      accessible: async () => {
        // By the debugger's way, which the page's policy does not bind.
        await page.evaluate(readFileSync(axePath, "utf8"));
        const violations = await page.evaluate(async () => {
          const axe = (
            globalThis as unknown as { axe: { run(options: object): Promise<{ violations: AxeViolation[] }> } }
          ).axe;
          const options = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };
          return (await axe.run(options)).violations.map(
            ({ id, nodes }) =>
              `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(" | ")}`,
          );
        });
        expect(violations).toEqual([]);
      },
      screenshot: async (name) => {
        if (process.env["SCREENSHOTS"] !== "1") return;
        mkdirSync(screenshots, { recursive: true });
        await page.screenshot({ path: join(screenshots, `${name}-${scheme}-${width}.png`), fullPage: width < 500 });
      },
    });
    expect(problems).toEqual([]);
  } finally {
    await context.close();
  }
}

interface AxeViolation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}
