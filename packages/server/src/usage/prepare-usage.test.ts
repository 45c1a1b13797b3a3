import { afterEach, describe, expect, it } from "vitest";
import { openWriter } from "../sqlite/connection.ts";
import type { StoreThread } from "../sqlite/operation.ts";
import { startSqliteThreads } from "../sqlite/threads.ts";
import { type AppendArgs, textOf } from "./append-result.ts";
import { appendUsage } from "./append-usage.sqlite.ts";
import { createSqliteLedger } from "./ledger.sqlite.ts";
import { fixturePrices, seedPrices, temporaryFolder } from "./ledger-fixture.ts";
import { linesText } from "./line-text.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { usagePreparation } from "./prepare-usage.sqlite.ts";
import { ColumnWriter, fromColumns } from "./prepared-columns.ts";
import { readUsageBody } from "./read-usage-body.sqlite.ts";

const args: AppendArgs = {
  organizationId: "default",
  wants: "answer",
  shape: "batch",
  entry: "usage",
  source: "api",
  requirePrice: false,
};
const call = { provider: "openai", model: "gpt-4o", input_tokens: 1_000, output_tokens: 500 };
const bytesOf = (records: readonly unknown[]): Buffer => Buffer.from(JSON.stringify(records));

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

function openFolder() {
  const folder = temporaryFolder();
  endings.push(folder.remove);
  const db = openWriter(folder.file);
  seedPrices(db);
  return { file: folder.file, db };
}

function openStore(): StoreThread {
  const { db } = openFolder();
  endings.push(() => db.close());
  return { db, now: () => Date.UTC(2026, 5, 1), state: new Map() };
}

describe("records that pass the preparer", () => {
  it("come out of the columns as they went in, whatever they carry", () => {
    const store = openStore();
    const bytes = bytesOf([
      { ...call, id: "019b76da-a864-79f4-8dda-3d0df4ce0000", tags: { team: "a" }, latency_ms: 12.4, user_id: "u" },
      { ...call, id: "Kürzel 漢字", cached_tokens: 400, metadata: { text: "𝔘" }, status: "error" },
      { ...call, input_tokens: -1, id: "bad" },
      { ...call, id: "no price", model: "nobody-knows", project_id: "p", stream: true },
      { provider: "anthropic", model: "claude-sonnet-4-5", usage: { input_tokens: 9, output_tokens: 1 }, id: "raw" },
      ...Array.from({ length: 600 }, (_, index) => ({ ...call, id: `n-${index}`, user_id: `u-${index % 7}` })),
    ]);
    const columns = new ColumnWriter();
    const read: object[] = [];
    readUsageBody(store, { args, bytes }, (record) => {
      columns.add(record);
      read.push(record);
    });
    const back = fromColumns(structuredClone(columns.columns()));
    const plain = (records: readonly object[]): unknown =>
      records.map((record) => ({
        ...Object.fromEntries(
          Object.entries(record).map(([name, value]) => [name, value instanceof Uint8Array ? [...value] : value]),
        ),
        idText: "idText" in record ? record.idText : undefined,
        lines: "lines" in record ? linesText(record.lines as PreparedRecord["lines"]) : undefined,
      }));
    expect(back).toHaveLength(605);
    expect(plain(back)).toEqual(plain(read));
  });

  it("are rated by the prices that hold when they are written, not by those that the preparer saw", () => {
    const store = openStore();
    const prepared = usagePreparation.operation.run(store, { args, bytes: bytesOf([{ ...call, id: "a" }]) });
    expect(prepared.expected.json).toContain('"total_cost":"0.0075"');
    store.db.exec("DELETE FROM price_versions");
    seedPrices(
      store.db,
      fixturePrices.map((price) => ({ ...price, input: "5" })),
    );
    const [written] = appendUsage.runTogether(store, [{ args, ...prepared }]);
    if (written === undefined || written instanceof Error) throw written ?? new Error("no result");
    expect(usagePreparation.complete(written, prepared.expected).json).toContain('"total_cost":"0.01"');
  });

  it("are answered as the preparer expected only if the writer recorded them all", () => {
    const store = openStore();
    const answer = (ids: readonly string[]): unknown => {
      const bytes = bytesOf(ids.map((id) => ({ ...call, id })));
      const prepared = usagePreparation.operation.run(store, { args, bytes });
      const [written] = appendUsage.runTogether(store, [{ args, ...prepared }]);
      if (written === undefined || written instanceof Error) throw written ?? new Error("no result");
      return JSON.parse(textOf(usagePreparation.complete(written, prepared.expected)));
    };
    expect(answer(["a", "b"])).toMatchObject({ summary: { recorded: 2, duplicate: 0 } });
    expect(answer(["b", "c"])).toMatchObject({
      data: [{ status: "duplicate" }, { status: "recorded" }],
      summary: { recorded: 1, duplicate: 1 },
    });
  });

  it("are written before the store closes, if it took them", async () => {
    const { file, db } = openFolder();
    db.close();
    const threads = await startSqliteThreads({ path: file, preparedBytesMin: 0 });
    const ledger = createSqliteLedger(threads);
    const sent = Array.from({ length: 10 }, (_, index) =>
      ledger.answer("default", { ...args, bytes: bytesOf([{ ...call, id: `id-${index}` }]) }),
    );
    const results = Promise.all(sent);
    await threads.close();
    for (const { summary } of await results) expect(summary.recorded).toBe(1);
    expect(threads.queuedBytes).toBe(0);
  });
});
