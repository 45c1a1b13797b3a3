/**
 * How long somebody waits for the dashboard on a ledger of N records (first argument, 10,000,000 if absent), in a real
 * browser, on both stores, each beside the same page on a ledger of one record an hour from the same run. A second argument
 * is a folder in which the embedded store's ledgers are kept for the next run; `profile` as third one prints each question.
 * Further ones are words of the changes that alone are measured, on the embedded store: `"90 days" user`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { buildDashboard } from "../../scripts/build-dashboard.mjs";
import { launchChromium } from "../browser/chromium.ts";
import { floorRecords, ledgerFile, ledgerInPostgres } from "./dashboard-ledgers.ts";
import {
  type Asked,
  clickToDrawn,
  forgetFiles,
  openExplore,
  openOverview,
  prepare,
  signedIn,
  type Visit,
} from "./dashboard-visit.ts";
import { median, printFigure } from "./figures.ts";
import { startServer } from "./running-server.ts";

const [recordsText = "10000000", keptIn, mode, ...words] = process.argv.slice(2);
const records = Number(recordsText);
const isProfile = mode === "profile";
const runs = 5;
const overviewMs = 1_500;
const changeMs = 300;

interface Change {
  readonly name: string;
  readonly address: string;
  /** What must be open before the click that counts. */
  readonly before?: (page: Page) => Promise<void>;
  readonly click: (page: Page) => Promise<void>;
}

const openPeriods = (page: Page): Promise<void> => page.getByRole("button", { name: /^Period:/ }).click();
/** With the tags that it offers, for which the page asks where somebody opens it. */
const openGroups = async (page: Page): Promise<void> => {
  const tags = page.waitForResponse((answer) => answer.url().includes("fields=tags"));
  await page.getByRole("combobox", { name: "Grouped by" }).click();
  await (await tags).finished();
};
const option = (name: string) => (page: Page) => page.getByRole("option", { name, exact: true }).click();
/** The first group of the table becomes a filter. */
const firstGroup = (page: Page): Promise<void> =>
  page.getByRole("region", { name: "Exact figures of each group" }).locator("tbody button").first().click();

const everyChange: readonly Change[] = [
  {
    name: "7 days to 90, by model",
    address: "/explore?period=7d&by=model&cmp=1",
    before: openPeriods,
    click: (page) => page.getByRole("button", { name: "Last 90 days" }).click(),
  },
  {
    name: "by model to by model and project, 30 days",
    address: "/explore?by=model",
    before: openGroups,
    click: option("Project"),
  },
  {
    name: "by model to by model and project, 90 days",
    address: "/explore?period=90d&by=model",
    before: openGroups,
    click: option("Project"),
  },
  { name: "by nothing to by user, 30 days", address: "/explore?by=", before: openGroups, click: option("User") },
  {
    name: "by nothing to by user, 7 days",
    address: "/explore?period=7d&by=",
    before: openGroups,
    click: option("User"),
  },
  { name: "only one model, 30 days", address: "/explore?by=model", click: firstGroup },
  { name: "only one model, 90 days", address: "/explore?period=90d&by=model", click: firstGroup },
  { name: "only one user, 30 days", address: "/explore?by=user&as=tiles", click: firstGroup },
];

const isPart = words.length > 0;
const changes = isPart ? everyChange.filter(({ name }) => words.some((word) => name.includes(word))) : everyChange;

interface Figures {
  readonly drawn: number[];
  readonly whole: number[];
  coldMs: number;
  coldBytes: number;
  readonly changes: ReadonlyMap<string, number[]>;
}

/** Everything once on the ledger at this address. */
async function measure(browser: Browser, databaseUrl: string, name: string): Promise<Figures> {
  const server = await startServer(databaseUrl);
  const figures: Figures = {
    drawn: [],
    whole: [],
    coldMs: 0,
    coldBytes: 0,
    changes: new Map(changes.map((change) => [change.name, []])),
  };
  try {
    const visit = await signedIn(browser, server, await prepare(server));
    for (let run = 0; run < (isPart ? 0 : runs); run += 1) {
      const { drawnMs, wholeMs } = await openOverview(visit);
      figures.drawn.push(drawnMs);
      figures.whole.push(wholeMs);
      const asked = await visit.asked();
      if (isProfile && run === runs - 1) profile(`${name}: overview`, asked);
    }
    if (!isPart) {
      await forgetFiles(visit);
      figures.coldMs = (await openOverview(visit)).drawnMs;
      const files = (await visit.asked()).filter(({ path }) => !path.startsWith("/api/"));
      figures.coldBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    }
    for (const change of changes) {
      for (let run = 0; run < runs; run += 1) figures.changes.get(change.name)?.push(await changed(visit, change));
      if (isProfile) profile(`${name}: ${change.name}`, await visit.asked());
    }
    await visit.close();
  } finally {
    await server.stop();
  }
  return figures;
}

/** One change on a page that has kept no answer. */
async function changed(visit: Visit, { address, before, click }: Change): Promise<number> {
  await openExplore(visit, address);
  await before?.(visit.page);
  await visit.asked();
  return clickToDrawn(visit, click);
}

function profile(name: string, asked: readonly Asked[]): void {
  console.log(`\n${name}`);
  for (const { path, ms, bytes } of asked) {
    if (!path.startsWith("/api/")) continue;
    console.log(`${ms.toFixed(0).padStart(8)} ms ${String(bytes).padStart(9)} bytes  ${path.slice(0, 150)}`);
  }
}

function print(figures: Figures, floor: Figures): void {
  const row = (name: string, values: readonly number[], floorValues: readonly number[], wanted: string): void =>
    printFigure(name, { value: median(values), unit: "ms", ratio: median(values) / median(floorValues), wanted });
  if (!isPart) {
    row("overview with its figures and picture", figures.drawn, floor.drawn, `wanted: ${overviewMs}`);
    row("overview to its last part", figures.whole, floor.whole, "");
    row("overview, no file kept, once", [figures.coldMs], [floor.coldMs], "");
  }
  for (const [name, values] of figures.changes) {
    row(name, values, floor.changes.get(name) ?? [], `wanted: ${changeMs}`);
  }
  if (isPart) return;
  printFigure("files of the first load, charts included", { value: figures.coldBytes / 1_000, unit: "KB" });
}

buildDashboard();
const folder = keptIn ?? mkdtempSync(join(tmpdir(), "bench-dashboard-"));
const browser = await launchChromium();
const postgres = await startPostgres({ outlivesTheMachine: true });
try {
  const files = [await ledgerFile(folder, floorRecords), await ledgerFile(folder, records)] as const;
  for (const store of isPart ? (["embedded store"] as const) : (["embedded store", "PostgreSQL"] as const)) {
    const urls: string[] = [];
    for (const file of files) {
      urls.push(store === "PostgreSQL" ? await ledgerInPostgres(postgres, file) : `sqlite:${file}`);
    }
    const [floor, figures] = [
      await measure(browser, urls[0] ?? "", `${store}, floor`),
      await measure(browser, urls[1] ?? "", store),
    ];
    console.log(`\n${store}, ${records.toLocaleString("en")} records beside ${floorRecords.toLocaleString("en")}\n`);
    print(figures, floor);
  }
} finally {
  await postgres.stop();
  await browser.close();
  if (keptIn === undefined) rmSync(folder, { recursive: true });
}
