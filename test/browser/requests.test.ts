/** What pages ask, and when: all at once, nothing twice, and nothing that nobody waits for any more. */
import type { CDPSession, Page, Request } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";
import { settingsPaths } from "./every-page-fixture.ts";
import { makeAlerts } from "./plan-fixture.ts";

let server: DashboardServer;
let paths: readonly string[];
beforeAll(async () => {
  server = await startDashboardServer({ days: 3 });
  const { client } = server;
  await makeAlerts(client);
  const record = await client.usage.create({
    provider: "openai",
    model: "gpt-4o",
    inputTokens: 1_000,
    outputTokens: 9,
  });
  const own = { provider: "openai", inputPricePerMillion: "2", outputPricePerMillion: "8" };
  const price = await client.pricing.create({ ...own, model: "gpt-4.1", effectiveDate: "2026-01-01" });
  const [budget] = await client.budgets.list();
  const [rule] = await client.alerts.rules.list();
  paths = [
    "/",
    "/explore?cmp=1",
    "/explore?as=hours&tab=records",
    `/explore/record?id=${record.id}`,
    "/prices",
    "/prices/model?provider=openai&model=gpt-4o",
    `/prices/change?id=${price.id}`,
    "/prices/catalogue",
    "/prices/repricings",
    "/budgets",
    `/budgets/${budget?.id}`,
    `/budgets/${budget?.id}/edit`,
    "/alerts",
    "/alerts?tab=rules",
    `/alerts/rules/${rule?.id}`,
    "/stream",
    ...settingsPaths,
  ];
}, 120_000);
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

/** Who is signed in, and whose days these are: without it nothing can be asked. */
const entrance = /\/api\/v1\/auth\/(browser\/refresh|whoami)$/;

/** What the frame around every page shows the name of is still waited for when a page is left. */
const ofFrame = /\/organizations\/default$/;

/** An address of no page: it asks nothing, and what everything around the pages asks is answered there. */
const nowhere = "/no-page-is-here";

/** What depends on the answer to something else, by the page, and why. */
const afterAnswers: readonly (readonly [path: RegExp, question: RegExp, why: string])[] = [
  [/^\/$/, /group_by=tag/, "which tags there are says the latest calls"],
  [/^\/prices\/change/, /\/resolve\?/, "which model it is says the price"],
  [/^\/budgets\/./, /\/budgets$|\/approvals$|\/alerts\?/, "whether it is a tenant's says the budget"],
  [/^\/budgets\/./, /\/costs\/aggregate/, "which records count, and since when, says the budget"],
];

/** Every question of a page, and a gate before its answers. */
class Questions {
  readonly asked: string[] = [];
  readonly failed = new Set<Request>();
  held: Request[] = [];
  isHolding = false;
  readonly #page: Page;
  readonly #gate: CDPSession;
  #waiting: string[] = [];
  /** Files, and what comes before every question. */
  readonly #underWay = new Set<Request>();

  private constructor(page: Page, gate: CDPSession) {
    this.#page = page;
    this.#gate = gate;
  }

  static async of(page: Page): Promise<Questions> {
    // A route would take the browser its cache of files.
    const gate = await page.context().newCDPSession(page);
    const questions = new Questions(page, gate);
    page.on("request", (request) => {
      const { pathname, search } = new URL(request.url());
      if (!pathname.startsWith("/api/") || entrance.test(pathname)) {
        questions.#underWay.add(request);
        return;
      }
      questions.asked.push(`${request.method()} ${pathname}${search} ${request.postData() ?? ""}`.trim());
      if (questions.isHolding) questions.held.push(request);
    });
    page.on("requestfinished", (request) => void questions.#underWay.delete(request));
    page.on("requestfailed", (request) => {
      questions.#underWay.delete(request);
      questions.failed.add(request);
    });
    gate.on("Fetch.requestPaused", ({ requestId, request }) => {
      if (questions.isHolding && !entrance.test(new URL(request.url).pathname)) questions.#waiting.push(requestId);
      else void questions.#let(requestId);
    });
    await gate.send("Fetch.enable", { patterns: [{ urlPattern: "*/api/v1/*" }] });
    return questions;
  }

  forget(): void {
    this.asked.length = 0;
    this.held = [];
    this.#waiting = [];
  }

  async release(): Promise<void> {
    this.isHolding = false;
    this.held = [];
    for (const requestId of this.#waiting.splice(0)) await this.#let(requestId);
  }

  /** What was cancelled meanwhile waits no more. */
  async #let(requestId: string): Promise<void> {
    await this.#gate.send("Fetch.continueRequest", { requestId }).catch(() => undefined);
  }

  /** Until every file is here and nothing more is asked. */
  async quiet(): Promise<void> {
    for (let before = -1; before !== this.asked.length || this.#underWay.size > 0; ) {
      before = this.asked.length;
      await this.#page.waitForTimeout(400);
      await this.#page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    }
  }
}

/** Goes to another page as a link does. */
const follow = (page: Page, path: string): Promise<void> =>
  page.evaluate((address) => history.pushState(null, "", address), path);

test("a page asks for everything at once, and for nothing twice", { timeout: 240_000 }, async () => {
  await walk(server, { isNew: true }, async ({ page, signIn, settled }) => {
    await signIn("/settings/account");
    const questions = await Questions.of(page);
    const late: string[] = [];
    const repeated: string[] = [];
    for (const path of paths) {
      questions.forget();
      questions.isHolding = true;
      await page.goto(path);
      await page.locator("#main").waitFor();
      await questions.quiet();
      const first = questions.asked.length;
      await questions.release();
      await settled();
      await questions.quiet();
      const waited = questions.asked
        .slice(first)
        .filter((question) => !afterAnswers.some(([where, what]) => where.test(path) && what.test(question)));
      late.push(...waited.map((question) => `${path}: ${question}`));
      const twice = questions.asked.filter((question, at) => questions.asked.indexOf(question) !== at);
      repeated.push(...twice.map((question) => `${path}: ${question}`));
    }
    expect(late).toEqual([]);
    expect(repeated).toEqual([]);
  });
});

test("a page that is left asks no more", { timeout: 120_000 }, async () => {
  await walk(server, { isNew: true }, async ({ page, signIn }) => {
    await signIn("/settings/account");
    const questions = await Questions.of(page);
    let cancelled = 0;
    for (const path of paths) {
      questions.forget();
      questions.isHolding = true;
      await follow(page, path);
      await questions.quiet();
      await follow(page, nowhere);
      const left = questions.held.filter((request) => !ofFrame.test(request.url()));
      await expect
        .poll(() => [path, ...left.filter((request) => !questions.failed.has(request)).map((request) => request.url())])
        .toEqual([path]);
      cancelled += left.length;
    }
    expect(cancelled).toBeGreaterThan(paths.length);
  });
});
