import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it } from "vitest";
import { createSqliteLedger } from "../usage/ledger.sqlite.ts";
import { seedPrices, temporaryFolder } from "../usage/ledger-fixture.ts";
import { getUsage } from "../usage/operations.sql.ts";
import { openWriter } from "./connection.ts";
import { connectionOf, sqliteStore } from "./store-connection.ts";
import { startSqliteThreads } from "./threads.ts";

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function start(queue?: { calls: number; bytes: number }) {
  const folder = temporaryFolder();
  endings.push(folder.remove);
  const db = openWriter(folder.file);
  seedPrices(db);
  db.close();
  const crashes: string[] = [];
  const options = { path: folder.file, onCrash: (role: string) => crashes.push(role) };
  const threads = await startSqliteThreads(queue === undefined ? options : { ...options, queue });
  endings.push(() => threads.close());
  return { folder, threads, crashes, ledger: createSqliteLedger(threads) };
}

const body = (id: string, pad = 0) => ({
  shape: "record" as const,
  entry: "usage" as const,
  source: "api",
  requirePrice: false,
  bytes: Buffer.from(
    JSON.stringify({
      id,
      provider: "openai",
      model: "gpt-4o",
      input_tokens: 5,
      output_tokens: 5,
      metadata: { pad: "x".repeat(pad) },
    }),
  ),
});

describe("the threads of the embedded store", () => {
  it("refuses what the queue cannot hold, with the time to try again, and takes more once it has drained", async () => {
    const { ledger } = await start({ calls: 10, bytes: 1_000_000 });
    const sent = Array.from({ length: 30 }, (_, index) => ledger.append("default", body(`id-${index}`)));
    const settled = await Promise.allSettled(sent);
    const refused = settled.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ code: "UNAVAILABLE", details: { retry_after_seconds: 1 } });
    }
    expect(await ledger.append("default", body("later"))).toMatchObject([{ status: "recorded" }]);
  });

  it("writes what was accepted before it closes, and refuses what comes after", async () => {
    const { ledger, threads, folder } = await start();
    const sent = Array.from({ length: 20 }, (_, index) => ledger.append("default", body(`id-${index}`)));
    await threads.close();
    for (const items of await Promise.all(sent)) expect(items).toMatchObject([{ status: "recorded" }]);
    await expect(ledger.append("default", body("late"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
    const db = new DatabaseSync(folder.file);
    expect(db.prepare("SELECT count(*) AS records FROM records").get()).toEqual({ records: 20 });
    db.close();
  });

  it("takes bodies of every size and shares no memory between them", async () => {
    const { ledger, threads } = await start();
    const sizes = [0, 100, 5_000, 15_000, 16_000];
    await Promise.all(sizes.map((size) => ledger.append("default", body(`size-${size}`, size))));
    for (const size of sizes) {
      const record = await sqliteStore(threads).run(getUsage, { organizationId: "default", id: `size-${size}` });
      expect(record.metadata).toEqual({ pad: "x".repeat(size) });
    }
  });

  it("starts a lazy writer with the first write, and leaves no write-ahead file behind", async () => {
    const { folder, threads: first } = await start();
    await first.close();
    const threads = await startSqliteThreads({ path: folder.file, isWriterLazy: true });
    endings.push(() => threads.close());
    await expect(sqliteStore(threads).run(getUsage, { organizationId: "default", id: "a" })).rejects.toThrow(
      /no record/,
    );
    const items = await createSqliteLedger(threads).append("default", body("a"));
    expect(items).toMatchObject([{ status: "recorded" }]);
    expect(await sqliteStore(threads).run(getUsage, { organizationId: "default", id: "a" })).toMatchObject({ id: "a" });
    await threads.close();
    expect(existsSync(`${folder.file}-wal`)).toBe(false);
  });

  it("says why a database cannot be opened", async () => {
    const folder = temporaryFolder();
    endings.push(folder.remove);
    await expect(startSqliteThreads({ path: folder.path })).rejects.toThrow(/unable to open|cannot/i);
  });

  it("answers an unknown record with NOT_FOUND across the threads", async () => {
    const { threads } = await start();
    await expect(sqliteStore(threads).run(getUsage, { organizationId: "default", id: "none" })).rejects.toMatchObject({
      name: "Refusal",
      code: "NOT_FOUND",
    });
  });

  it("refuses calls under way when its thread crashes, starts it again, and works on", async () => {
    const { threads, ledger, crashes } = await start();
    const crash = { name: "test.crash", runTogether: () => [] };
    const doomed = threads.writeTogether(crash, {}, new Uint8Array(0));
    await expect(doomed).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(crashes).toEqual(["writer"]);
    await expect
      .poll(() => ledger.append("default", body("again")).catch(() => []), { timeout: 20_000, interval: 200 })
      .toMatchObject([{ status: "recorded" }]);
  });
});

describe("a store that cannot write", () => {
  it("refuses as unavailable, never with a false success, and recovers by itself", async () => {
    const folder = temporaryFolder();
    endings.push(folder.remove);
    const { appendUsage } = await import("../usage/append-usage.sqlite.ts");
    const db = openWriter(folder.file);
    seedPrices(db);
    const store = { db, now: Date.now, state: new Map() };
    const args = { organizationId: "default", wants: "answer", ...body("x"), shape: "batch" } as const;
    const batch = (from: number, count: number): Buffer =>
      Buffer.from(
        JSON.stringify(Array.from({ length: count }, (_, at) => JSON.parse(String(body(`n-${from + at}`, 900).bytes)))),
      );
    const { page_count } = db.prepare("PRAGMA page_count").get() as { page_count: number };
    db.exec(`PRAGMA max_page_count = ${page_count + 8}`);
    const [full] = appendUsage.runTogether(store, [{ args, bytes: batch(0, 500) }]);
    expect(full).toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("full") });
    expect(db.prepare("SELECT count(*) AS records FROM records").get()).toEqual({ records: 0 });
    db.exec("PRAGMA max_page_count = 1000000");
    const [recovered] = appendUsage.runTogether(store, [{ args, bytes: batch(0, 500) }]);
    expect(recovered).toMatchObject({ summary: { recorded: 500, rejected: 0 } });
    const { checkLedger } = await import("../usage/check-ledger.sql.ts");
    expect(await checkLedger(connectionOf(store), {})).toMatchObject({ differences: 0, records: 500 });
    db.close();
  });
});
