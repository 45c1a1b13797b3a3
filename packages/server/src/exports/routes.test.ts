import { costFields, type Export } from "@llm-cost-ops/contract";
import { formatMoney } from "@llm-cost-ops/core";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { edgeInstant, ledgerRecords } from "../costs/arbitrary-ledger-fixture.ts";
import { ask, askJson, askText } from "../costs/asking-fixture.ts";
import { type FixtureRecord, plainRecord, rowsOf } from "../costs/ledger-fixture.ts";
import { openTestedLedgers, type TestedLedgers } from "../costs/tested-ledger-fixture.ts";
import { testedStore } from "../store/database-fixture.ts";
import { exportStore } from "./exports.sql.ts";
import { exportRoutes } from "./routes.ts";

const nowMs = Date.UTC(2026, 10, 21, 15);

let ledgers: TestedLedgers;
beforeAll(async () => {
  ledgers = await openTestedLedgers(nowMs);
});
afterAll(() => ledgers.close());

async function serve(records: readonly FixtureRecord[]) {
  const ledger = await ledgers.open(records);
  let now = nowMs;
  const routes = exportRoutes({ query: ledger.query, exports: exportStore(ledger.store), now: () => now++ });
  const create = async (body: object): Promise<Export> =>
    (await askJson<{ data: Export }>(routes, "exports.create", { body })).data;
  const download = (id: string): Promise<string> => askText(routes, "exports.download", { params: { id } });
  return { ledger, routes, create, download };
}

/** The rows of a file in any format, every value as text. */
function rowsIn(format: string, text: string): readonly Readonly<Record<string, unknown>>[] {
  if (format === "csv") return parse(text, { columns: true });
  if (format === "json") return JSON.parse(text) as Record<string, unknown>[];
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const parseAmount = (value: unknown): bigint => {
  const [whole = "0", fraction = ""] = String(value ?? "").split(".");
  const digits = BigInt(`${whole.replace("-", "") || "0"}${fraction.padEnd(12, "0")}`);
  return whole.startsWith("-") ? -digits : digits;
};

test("every format of records and of sums adds up to the digits of the raw rows", async () => {
  await fc.assert(
    fc.asyncProperty(
      ledgerRecords,
      fc.constantFrom("csv" as const, "json" as const, "jsonl" as const),
      fc.option(fc.subarray(["provider", "day", "user", "tag:env"], { minLength: 1 }), { nil: undefined }),
      fc.option(fc.tuple(edgeInstant, edgeInstant), { nil: undefined }),
      async (made, format, groupBy, edges) => {
        const records = made.map((record) => ({ ...record, inputTokens: Math.min(record.inputTokens, 2 ** 50) }));
        const { create, download } = await serve(records);
        const [from, to] = edges === undefined ? [] : [Math.min(...edges), Math.max(...edges) + 1];
        const { id } = await create({
          format,
          timezone: "Asia/Kolkata",
          ...(groupBy !== undefined && { group_by: groupBy }),
          ...(from !== undefined &&
            to !== undefined && {
              start_date: new Date(from).toISOString(),
              end_date: new Date(to).toISOString(),
            }),
        });
        const rows = rowsIn(format, await download(id));
        const sums = new Map<string, bigint>();
        const add = (to: Map<string, bigint>, key: string, amount: bigint) => to.set(key, (to.get(key) ?? 0n) + amount);
        for (const row of rows) {
          const currency = String(row["currency"] ?? "");
          add(sums, currency, parseAmount(row["total_cost"]));
          add(sums, `${currency} saved`, parseAmount(row["cache_savings"]));
        }
        const expected = new Map<string, bigint>();
        for (const record of records) {
          const inside =
            from === undefined || to === undefined || (record.occurredAtMs >= from && record.occurredAtMs < to);
          if (!inside || record.organizationId !== "default" || record.voided) continue;
          const currency = record.cost === null ? "" : record.currency;
          for (const { cost, saved } of rowsOf(record)) {
            add(expected, currency, cost ?? 0n);
            add(expected, `${currency} saved`, saved ?? 0n);
          }
        }
        const written = (map: Map<string, bigint>) => [...map].map(([key, sum]) => [key, formatMoney(sum)]).sort();
        expect(written(sums)).toEqual(written(expected));
      },
    ),
    { numRuns: testedStore() === "sqlite" ? 120 : 40 },
  );
});

describe("an export", () => {
  const record = (n: number, vary: Partial<FixtureRecord> = {}): FixtureRecord => ({
    ...plainRecord,
    id: `order-${n}`,
    occurredAtMs: nowMs - n * 1_000,
    receivedAtMs: nowMs - n * 1_000,
    ...vary,
  });

  test("is the same file when it is downloaded again, whatever has arrived meanwhile", async () => {
    for (const group_by of [undefined, ["day", "model"]]) {
      for (const format of ["csv", "json", "jsonl"]) {
        const { ledger, create, download } = await serve([record(1), record(2)]);
        const { id } = await create({ format, range: "last-7-days", ...(group_by !== undefined && { group_by }) });
        const first = await download(id);
        await ledger.add([record(3, { receivedAtMs: nowMs + 60_000 }), record(4, { receivedAtMs: nowMs + 60_000 })]);
        expect(await download(id)).toBe(first);
      }
    }
  });

  test("names its columns as they were asked for and answers with its fixed range", async () => {
    const { create, download } = await serve([record(1)]);
    const made = await create({ format: "csv", include_fields: ["provider", "model", "cost", "tokens"] });
    expect(made).toMatchObject({
      status: "ready",
      include_fields: ["provider", "model", "cost", "tokens"],
      group_by: null,
      range: { start: "2026-11-21T00:00:00.000Z", end: "2026-11-22T00:00:00.000Z", timezone: "UTC" },
      download_url: `/api/v1/exports/${made.id}/download`,
    });
    expect(await download(made.id)).toBe("provider,model,cost,tokens\r\nopenai,gpt-5,0.00125,1100\r\n");
  });

  test("of nothing has its columns, brackets or no line", async () => {
    const { create, download } = await serve([]);
    expect(await download((await create({ format: "csv" })).id)).toBe(`${costFields.join(",")}\r\n`);
    expect(await download((await create({ format: "json" })).id)).toBe("[]\n");
    expect(await download((await create({ format: "jsonl" })).id)).toBe("");
  });

  test("belongs to its organization", async () => {
    const { routes, create } = await serve([record(1)]);
    const { id } = await create({ format: "csv" });
    for (const operation of ["exports.get", "exports.download"] as const) {
      const foreign = ask(routes, operation, { params: { id }, organizationId: "other" });
      await expect(foreign).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
    const listed = await askJson<{ data: Export[] }>(routes, "exports.list", { organizationId: "other" });
    expect(listed.data).toEqual([]);
    const wrong = ask(routes, "exports.create", { body: { format: "csv", organization_id: "other" } });
    await expect(wrong).rejects.toMatchObject({ code: "AUTH_002" });
  });

  test("is listed newest first, in pages by cursor and by number", async () => {
    const { routes, create } = await serve([]);
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift((await create({ format: "csv" })).id);
    const list = (query: Record<string, unknown>) =>
      askJson<{ data: Export[]; pagination: { next_cursor: string | null; has_more: boolean } }>(
        routes,
        "exports.list",
        {
          query,
        },
      );
    const first = await list({ limit: 3 });
    const second = await list({ limit: 3, cursor: first.pagination.next_cursor });
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids);
    expect(second.pagination).toMatchObject({ has_more: false, next_cursor: null });
    expect((await list({ page: 2, per_page: 2 })).data.map(({ id }) => id)).toEqual(ids.slice(2, 4));
  });

  test("of sums has no fields of records", async () => {
    const { create } = await serve([]);
    await expect(create({ format: "csv", group_by: ["model"], include_fields: ["id"] })).rejects.toMatchObject({
      fieldErrors: { include_fields: expect.any(String) },
    });
  });
});
