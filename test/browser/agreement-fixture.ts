/** A ledger with everything that makes sums differ, and how the figures of a page are read with every digit. */
import { readFileSync } from "node:fs";
import type { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Locator, Page } from "playwright-core";

/** Half an hour beside the hours of UTC, so that its days need single records at their ends. */
export const zone = "Asia/Kolkata";

const dayMs = 86_400_000;

/** A day of the zone's calendar, so many before today. */
export const dayAgo = (days: number): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(
    Date.now() - days * dayMs,
  );

export interface MixedRecords {
  /** Priced in euros by a price of the organization's own. */
  readonly euro: string;
  /** Recorded without a price, and priced when one was added. */
  readonly late: string;
  /** Priced, then voided. */
  readonly voided: string;
  /** A cost that was priced elsewhere, in yen. */
  readonly reported: string;
  readonly plain: string;
}

/** Beside ordinary calls: two more currencies, corrections of both kinds, and what has no price, at the edges of days. */
export async function recordMixed(client: CostOpsClient): Promise<MixedRecords> {
  await client.organizations.update("default", { settings: { timezone: zone } });
  const price = { inputPricePerMillion: "1.234567", outputPricePerMillion: "7.654321", effectiveDate: "2026-01-01" };
  await client.pricing.create({ ...price, provider: "house", model: "house-euro", currency: "EUR" });
  const ids = {
    euro: "mixed-euro",
    late: "mixed-late",
    voided: "mixed-void",
    reported: "mixed-yen",
    plain: "mixed-plain",
  };
  const call = { projectId: "mixed", userId: "user-mixed", inputTokens: 12_345, outputTokens: 678 };
  const at = (days: number, time: string): string => new Date(`${dayAgo(days)}T${time}+05:30`).toISOString();
  await client.usage.batchCreate([
    { ...call, id: ids.euro, provider: "house", model: "house-euro", occurredAt: at(1, "00:00:00.000") },
    { ...call, provider: "house", model: "house-euro", occurredAt: at(2, "23:59:59.999"), tags: { team: "a,b" } },
    { ...call, id: ids.late, provider: "house", model: "house-late", occurredAt: at(3, "00:12:00.000") },
    { ...call, id: ids.voided, provider: "openai", model: "gpt-4o", occurredAt: at(1, "23:45:00.000") },
    { ...call, id: ids.plain, provider: "openai", model: "gpt-4o", occurredAt: at(1, "05:29:59.999") },
    {
      ...call,
      provider: "openai",
      model: "gpt-4o",
      inputTokens: 1,
      outputTokens: 0,
      usageStatus: "partial",
      occurredAt: at(6, "00:00:00.000"),
    },
    ...["a", "b", "c"].map((name, days) => ({
      ...call,
      usageStatus: "estimated" as const,
      provider: "nobody",
      model: `unheard-of-${name}`,
      occurredAt: at(days + 1, "12:00:00.000"),
    })),
    { ...call, provider: "nobody", model: "unheard-of-a", occurredAt: at(2, "12:00:00.000") },
    ...(["estimated", "partial"] as const).map((usageStatus) => ({
      ...call,
      provider: "openai",
      model: "gpt-4o",
      usageStatus,
      occurredAt: at(2, "10:00:00.000"),
    })),
  ]);
  await client.costs.create({
    id: ids.reported,
    provider: "elsewhere",
    model: "reported",
    cost: "12.5",
    currency: "JPY",
    projectId: "mixed",
    occurredAt: at(1, "09:00:00.000"),
  });
  await client.pricing.create({ ...price, provider: "house", model: "house-late" });
  await client.costs.delete(ids.voided);
  return ids;
}

/** A figure without its currency, its thousands and the zeros behind it, so that nothing but digits is compared. */
export function digits(text: string): string {
  const plain = text.replaceAll("\u2212", "-").replace(/[^\d.-]/g, "");
  return plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain;
}

/** The figure of a tile with every digit, as its tooltip says it. */
export async function exactOfTile(page: Page, name: string | RegExp): Promise<string> {
  const figure = page.getByRole("region", { name }).locator("[data-exact]").first();
  const exact = (await figure.getAttribute("data-exact")) ?? "";
  if ((await figure.textContent()) === exact) return exact;
  await figure.focus();
  // Away and back, so that it is the keyboard that came here.
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  await page.getByRole("tooltip").filter({ hasText: exact }).waitFor();
  await figure.blur();
  return exact;
}

/** The cells of a table, row by row, without its head. */
export const cellsOf = (table: Locator): Promise<string[][]> =>
  table
    .locator("tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent?.trim() ?? "")),
    );

export const headOf = (table: Locator): Promise<string[]> =>
  table.locator("thead th").evaluateAll((cells) => cells.map((cell) => cell.textContent?.trim() ?? ""));

/** The lines of a file that a button saves, as maps from its head. */
export async function savedLines(page: Page, button: Locator): Promise<Record<string, string>[]> {
  const [saved] = await Promise.all([page.waitForEvent("download"), button.click()]);
  const [head = [], ...lines] = readCsv(readFileSync(await saved.path(), "utf8"));
  return lines.map((line) => Object.fromEntries(head.map((name, at) => [name, line[at] ?? ""])));
}

/** Lines of a file with commas, whose quoted values may hold them. */
function readCsv(text: string): string[][] {
  return text
    .replace(/^\ufeff/, "")
    .trim()
    .split("\r\n")
    .map((line) =>
      [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? "",
      ),
    );
}
