import type { ImportEvent, ImportRejection, ImportReport } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import type { AppendedRecord } from "./append-queue.ts";
import { excerpt } from "./json-reader.ts";

/** Rejections that the report itself carries; the event stream carries all. */
const rejectionsInReport = 100;
/** Distinct models without a price that a report names. */
const unpricedModelsMax = 1_000;

type Unpriced = ImportReport["unpriced_models"][number];

/** Counts what an import finds, as it goes. */
export class ImportTally {
  readonly #id: string;
  readonly #name: string | null;
  readonly #startedAtMs: number;
  readonly #unpricedModels = new Map<string, Unpriced>();
  readonly #rejections: ImportRejection[] = [];
  format = "unknown";
  bytes = 0;
  #recorded = 0;
  #duplicate = 0;
  #unpriced = 0;
  #rejected = 0;
  #skipped = 0;

  constructor(id: string, name: string | undefined, startedAtMs: number) {
    this.#id = id;
    this.#name = name ?? null;
    this.#startedAtMs = startedAtMs;
  }

  skip(): void {
    this.#skipped++;
  }

  reject(rejection: ImportRejection): ImportEvent {
    this.#rejected++;
    if (this.#rejections.length < rejectionsInReport) this.#rejections.push(rejection);
    return { type: "rejected", rejection };
  }

  /** Takes the ledger's answer on one record; gives an event if it was refused. */
  take({ queued, item }: AppendedRecord): ImportEvent | undefined {
    if (item.status === "rejected") {
      const [first] = Object.entries(item.error?.field_errors ?? {});
      const message = item.error?.message ?? "refused";
      const reason = first === undefined ? message : `${first[0]}: ${first[1]}`;
      return this.reject({ line: queued.line, reason, field: first?.[0] ?? null, content: excerpt(queued.json) });
    }
    if (item.status === "duplicate") this.#duplicate++;
    else {
      this.#recorded++;
      if (item.cost_status === "unpriced") this.#takeUnpriced(item.provider, item.model, item.unpriced_reason);
    }
    return undefined;
  }

  #takeUnpriced(provider = "unknown", model = "unknown", reason = "unknown"): void {
    this.#unpriced++;
    const key = JSON.stringify([provider, model, reason]);
    const known = this.#unpricedModels.get(key);
    if (known !== undefined) known.records++;
    else if (this.#unpricedModels.size < unpricedModelsMax) {
      this.#unpricedModels.set(key, { provider, model, reason, records: 1 });
    }
  }

  progress(): ImportEvent {
    return {
      type: "progress",
      bytes: this.bytes,
      read: this.#read(),
      recorded: this.#recorded,
      duplicate: this.#duplicate,
      rejected: this.#rejected,
    };
  }

  report(status: ImportReport["status"], finishedAtMs: number | undefined): ImportReport {
    return {
      id: this.#id,
      name: this.#name,
      format: this.format,
      status,
      read: this.#read(),
      recorded: this.#recorded,
      duplicate: this.#duplicate,
      unpriced: this.#unpriced,
      rejected: this.#rejected,
      skipped: this.#skipped,
      bytes: this.bytes,
      started_at: formatInstant(this.#startedAtMs),
      finished_at: finishedAtMs === undefined ? null : formatInstant(finishedAtMs),
      unpriced_models: [...this.#unpricedModels.values()].sort((a, b) => b.records - a.records),
      rejections: [...this.#rejections],
    };
  }

  #read(): number {
    return this.#recorded + this.#duplicate + this.#rejected;
  }
}
