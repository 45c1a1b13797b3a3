import type { ImportEvent, ImportFormat, ImportReport } from "@llm-cost-ops/contract";
import type { Caller } from "../http/route.ts";
import type { RecordScope } from "../identity/record-scope.ts";
import { Refusal } from "../refusal.ts";
import type { Ledger } from "../usage/ledger.ts";
import { type AppendedRecord, AppendQueue, type QueuedRecord } from "./append-queue.ts";
import { chooseReader } from "./import-formats.ts";
import type { ImportReader, ReadContext, ReadItem } from "./import-reader.ts";
import type { ImportStore } from "./import-store.ts";
import { ImportTally } from "./import-tally.ts";
import { instantMs } from "./instants.ts";
import { hasDefaults, type RecordDefaults, withDefaults } from "./record-defaults.ts";
import { RecordIdentity } from "./record-identity.ts";
import { describeHead, type FileHead, headBytes } from "./source/file-head.ts";
import { peekBytes, unzipSource } from "./source/unzip-source.ts";

export interface ImportDependencies {
  readonly ledger: Ledger;
  readonly store: ImportStore;
  readonly now: () => number;
  /** Makes ids of imports, ascending in time. */
  readonly newId: () => string;
}

export interface ImportRequest {
  readonly source: AsyncIterable<Uint8Array>;
  readonly format: ImportFormat;
  readonly name: string | undefined;
  readonly map: string | undefined;
  readonly defaults: RecordDefaults;
  /** Validates and prices, records nothing and leaves no report. */
  readonly dryRun: boolean;
  /** The part of the records that the credential may record. */
  readonly within?: RecordScope | undefined;
  readonly recordedBy?: Caller;
  readonly signal?: AbortSignal;
}

const progressEveryMs = 250;

/**
 * Imports one file: progress and rejections as they happen, the report last. Memory stays bounded whatever the file's
 * size. The report is stored at the start and at the end, so an import that a crash interrupts is seen; running the
 * same import again records only what was missing.
 *
 * Throws before the first event if the format is not recognised (`IMPORT_001`) or the options do not fit the file. A
 * file that turns out damaged ends with an `error` event and a report with status `failed`; what was read before it
 * stays recorded.
 */
export async function* runImport(
  { ledger, store, now, newId }: ImportDependencies,
  organizationId: string,
  request: ImportRequest,
): AsyncGenerator<ImportEvent, void, void> {
  const tally = new ImportTally(newId(), request.name, now());
  const counted = countBytes(request.source, tally, request.signal);
  const { head, whole, rest } = await peekBytes(unzipSource(counted), headBytes);
  const fileHead = describeHead(head, whole, request.name);
  const reader = chooseReader(request.format, fileHead, request.map);
  reader.check?.(fileHead, { map: request.map });
  tally.format = reader.format;
  const keep = async (status: ImportReport["status"]): Promise<ImportReport> => {
    const report = tally.report(status, status === "running" ? undefined : now());
    if (!request.dryRun) await store.save(organizationId, report, request.within);
    return report;
  };

  const queue = new AppendQueue(ledger, organizationId, {
    entry: "usage",
    source: `import:${reader.format}`,
    requirePrice: false,
    within: request.within,
    ...(request.recordedBy === undefined ? {} : { recordedBy: request.recordedBy }),
    importing: { tolerateSameCall: true, dryRun: request.dryRun },
  });
  let outcome: "completed" | "failed" = "failed";
  let final: ImportReport | undefined;
  await keep("running");
  try {
    try {
      yield* appendAll(queue, tally, now, recordsOf(reader, rest, fileHead, request));
      outcome = "completed";
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // What was read before the file turned out damaged is as good as any.
      if (error.code !== "UNAVAILABLE") yield* tallyAll(tally, await queue.send());
      yield* tallyAll(tally, await queue.settle());
      yield { type: "error", error: { code: error.code, message: error.message } };
    }
    final = await keep(outcome);
    yield { type: "report", report: final };
  } finally {
    // Also when the client has gone or something broke: nothing goes on unseen.
    await queue.settle();
    if (final === undefined) await keep("failed");
  }
}

type Read = QueuedRecord | Extract<ReadItem, { skipped: string } | { rejected: string }>;

async function* appendAll(
  queue: AppendQueue,
  tally: ImportTally,
  now: () => number,
  items: AsyncIterable<Read>,
): AsyncGenerator<ImportEvent, void, void> {
  let progressAtMs = now() + progressEveryMs;
  for await (const item of items) {
    if ("skipped" in item) tally.skip();
    else if ("rejected" in item) {
      const { line, rejected: reason, field = null, content } = item;
      yield tally.reject({ line, reason, field, content });
    } else if (queue.add(item)) {
      yield* tallyAll(tally, await queue.send());
      if (now() >= progressAtMs) {
        yield tally.progress();
        progressAtMs = now() + progressEveryMs;
      }
    }
  }
  for await (const results of queue.drain()) yield* tallyAll(tally, results);
  yield tally.progress();
}

function* tallyAll(tally: ImportTally, results: readonly AppendedRecord[]): Iterable<ImportEvent> {
  for (const result of results) {
    const rejected = tally.take(result);
    if (rejected !== undefined) yield rejected;
  }
}

/** What the reader finds, as the ledger takes it: with an id, with the defaults, as JSON. */
async function* recordsOf(
  reader: ImportReader,
  source: AsyncIterable<Uint8Array>,
  head: FileHead,
  { name, map, defaults }: ImportRequest,
): AsyncIterable<Read> {
  const identity = new RecordIdentity();
  const context: ReadContext = {
    name,
    map,
    hasDefaults: hasDefaults(defaults),
    defaultProvider: defaults.provider,
    identify: (content, occurredAtMs) => identity.identify(content, occurredAtMs),
  };
  for await (const item of reader.read(source, head, context)) {
    if (!("record" in item)) {
      yield item;
      continue;
    }
    const { record, line } = item;
    const occurredAtMs = instantMs(record.occurred_at ?? record.timestamp);
    // The content decides the id before defaults are filled in: the same row stays the same row under other options.
    const id = record.id ?? context.identify(JSON.stringify(record), occurredAtMs);
    yield { line, json: Buffer.from(JSON.stringify({ ...withDefaults(record, defaults), id })) };
  }
}

async function* countBytes(
  source: AsyncIterable<Uint8Array>,
  tally: ImportTally,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  for await (const chunk of source) {
    signal?.throwIfAborted();
    tally.bytes += chunk.length;
    yield chunk;
  }
}
