import { readFileSync } from "node:fs";
import type { ImportEvent, ImportReport, UsageRecord } from "@llm-cost-ops/contract";
import { openWriter } from "../sqlite/connection.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { startSqliteThreads } from "../sqlite/threads.ts";
import { createSqliteLedger } from "../usage/ledger.sqlite.ts";
import type { Ledger } from "../usage/ledger.ts";
import { seedPrices, temporaryFolder } from "../usage/ledger-fixture.ts";
import { getUsage } from "../usage/operations.sql.ts";
import { formatUuid, uuidV7Maker } from "../usage/record-id.ts";
import type { ImportStore } from "./import-store.ts";
import { failInterruptedImports, importStore } from "./imports.sql.ts";
import { type ImportRequest, runImport } from "./run-import.ts";

export type ImportText = string | Uint8Array;

/** A real ledger in a temporary folder, and imports into it. */
export interface ImportBench {
  readonly ledger: Ledger;
  readonly store: ImportStore;
  run(text: ImportText | AsyncIterable<Uint8Array>, options?: Partial<ImportRequest>): Promise<ImportReport>;
  events(text: ImportText | AsyncIterable<Uint8Array>, options?: Partial<ImportRequest>): Promise<ImportEvent[]>;
  get(id: string): Promise<UsageRecord | undefined>;
  failInterrupted(): Promise<number>;
  close(): Promise<void>;
}

export async function openImportBench(): Promise<ImportBench> {
  const folder = temporaryFolder();
  const db = openWriter(folder.file);
  seedPrices(db);
  db.close();
  const threads = await startSqliteThreads({ path: folder.file });
  const ledger = createSqliteLedger(threads);
  const store = importStore(sqliteStore(threads));
  const makeId = uuidV7Maker();
  const newId = (): string => formatUuid(makeId(Date.now()));
  const events: ImportBench["events"] = async (text, options = {}) => {
    const request: ImportRequest = {
      source: typeof text === "string" || text instanceof Uint8Array ? inPieces(text) : text,
      format: "auto",
      name: undefined,
      map: undefined,
      defaults: {},
      dryRun: false,
      ...options,
    };
    return collect(runImport({ ledger, store, now: Date.now, newId }, "acme", request));
  };
  return {
    ledger,
    store,
    events,
    run: async (text, options) => {
      const last = (await events(text, options)).at(-1);
      if (last?.type !== "report") throw new Error("the import ended without a report");
      return last.report;
    },
    get: (id) => sqliteStore(threads).run(getUsage, { organizationId: "acme", id }),
    failInterrupted: () => failInterruptedImports(sqliteStore(threads)),
    close: async () => {
      await threads.close();
      folder.remove();
    },
  };
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

/** The text in chunks of odd lengths, so that every boundary is tried. */
export async function* inPieces(text: ImportText, pieceBytes = 997): AsyncIterable<Uint8Array> {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** A fixture file of this folder. */
export const fixture = (name: string): Buffer => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));

export const jsonLines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("");
