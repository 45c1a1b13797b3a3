import type { ImportEvent, ImportReport, UsageRecord } from "@llm-cost-ops/contract";
import { openTested } from "../store/opened-fixture.ts";
import type { Ledger } from "../usage/ledger.ts";
import { getUsage } from "../usage/operations.sql.ts";
import { formatUuid, uuidV7Maker } from "../usage/record-id.ts";
import { collect, type ImportText, inPieces } from "./import-fixture.ts";
import type { ImportStore } from "./import-store.ts";
import { failInterruptedImports, importStore } from "./imports.sql.ts";
import { type ImportRequest, runImport } from "./run-import.ts";

/** A real ledger on the store that this run of the tests is about, and imports into it. */
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
  const opened = await openTested();
  const { ledger } = opened;
  const store = importStore(opened.store);
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
    get: (id) => opened.store.run(getUsage, { organizationId: "acme", id }),
    failInterrupted: () => failInterruptedImports(opened.store),
    close: () => opened.close(),
  };
}
