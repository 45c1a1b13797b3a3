import {
  type ErrorCode,
  errorCodes,
  type ImportEvent,
  type ImportQuery,
  type ImportReport,
} from "@llm-cost-ops/contract";
import type { Reply, Routes } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { formatUuid, uuidV7Maker } from "../usage/record-id.ts";
import type { ImportPage } from "./import-store.ts";
import { SpanMemory } from "./otlp/billable-spans.ts";
import { loadTraceCodec, type TraceCodec } from "./otlp/otlp-protobuf.ts";
import { recordSpans, type TraceReceiver } from "./otlp/record-spans.ts";
import { parseTags, type RecordDefaults } from "./record-defaults.ts";
import type { ImportDependencies, ImportRequest } from "./run-import.ts";

const pageLimitDefault = 50;

/** Imports of files, their reports, and OTLP traces. */
export function importRoutes(given: Omit<ImportDependencies, "newId">): Routes {
  const makeId = uuidV7Maker();
  const deps: ImportDependencies = { ...given, newId: () => formatUuid(makeId(given.now())) };
  let codec: Promise<TraceCodec> | undefined;
  const loadCodec = (): Promise<TraceCodec> => (codec ??= loadTraceCodec());
  const receiver: TraceReceiver = { ledger: deps.ledger, loadCodec, memory: new SpanMemory() };
  return {
    "imports.create": {
      body: "stream",
      handle: async ({ caller, query, headers, stream, signal }) => {
        // Every format comes with it; who only asks needs none of them.
        const { runImport } = await import("./run-import.ts");
        const events = runImport(deps, caller.organizationId, {
          ...requestOf(query, stream, signal),
          within: caller.records,
          recordedBy: caller,
        });
        const streamed = String(headers["accept"] ?? "").includes("application/x-ndjson");
        return streamed ? await streamEvents(events) : await waitForReport(events);
      },
    },
    "imports.list": {
      body: "json",
      handle: async ({ caller, query }) => {
        const page = pageOf(query);
        const found = await deps.store.list(caller.organizationId, page, caller.records);
        const data = found.slice(0, page.limit);
        const hasMore = found.length > page.limit;
        const numbered = query.page === undefined && query.per_page === undefined;
        return {
          json: {
            data,
            pagination: {
              limit: page.limit,
              has_more: hasMore,
              next_cursor: hasMore ? (data.at(-1)?.id ?? null) : null,
              ...(numbered ? {} : { page: query.page ?? 1, per_page: page.limit }),
            },
          },
        };
      },
    },
    "imports.get": {
      body: "json",
      handle: async ({ caller, params }) => {
        const report = await deps.store.get(caller.organizationId, params.id, caller.records);
        if (report === undefined) throw new Refusal("NOT_FOUND", `There is no import ${params.id}.`);
        return { json: { data: report } };
      },
    },
    "otlp.traces": {
      body: "bytes",
      handle: ({ caller, headers, bytes }) =>
        recordSpans(receiver, caller, bytes, String(headers["content-type"] ?? "")),
    },
  };
}

function requestOf(query: ImportQuery, source: AsyncIterable<Uint8Array>, signal: AbortSignal): ImportRequest {
  const defaults: RecordDefaults = {
    ...(query.provider === undefined ? {} : { provider: query.provider }),
    ...(query.model === undefined ? {} : { model: query.model }),
    ...(query.project_id === undefined ? {} : { project_id: query.project_id }),
    ...(query.user_id === undefined ? {} : { user_id: query.user_id }),
    ...(query.occurred_at === undefined ? {} : { occurred_at: query.occurred_at }),
    ...(query.tags === undefined ? {} : { tags: parseTags(query.tags) }),
  };
  return {
    source,
    format: query.format ?? "auto",
    name: query.name,
    map: query.map,
    defaults,
    dryRun: query.dry_run ?? false,
    signal,
  };
}

async function waitForReport(events: AsyncGenerator<ImportEvent>): Promise<Reply> {
  let report: ImportReport | undefined;
  let failure: { code: string; message: string } | undefined;
  for await (const event of events) {
    if (event.type === "report") report = event.report;
    else if (event.type === "error") failure = event.error;
  }
  if (failure !== undefined) {
    // A failure in the middle of a file is a refusal with the report, so that it says what was recorded before it.
    const code = failure.code in errorCodes ? (failure.code as ErrorCode) : "INVALID_REQUEST";
    throw new Refusal(code, failure.message, report === undefined ? {} : { details: { report } });
  }
  return { json: { data: report } };
}

/** Starts the answer only after the first event: until then a refusal can still be a status. */
async function streamEvents(events: AsyncGenerator<ImportEvent>): Promise<Reply> {
  const first = await events.next();
  return { contentType: "application/x-ndjson", chunks: asLines(first, events) };
}

async function* asLines(
  first: IteratorResult<ImportEvent>,
  events: AsyncGenerator<ImportEvent>,
): AsyncIterable<string> {
  try {
    if (first.done !== true) yield `${JSON.stringify(first.value)}\n`;
    for await (const event of events) yield `${JSON.stringify(event)}\n`;
  } finally {
    await events.return(undefined);
  }
}

function pageOf(query: {
  limit?: number | undefined;
  cursor?: string | undefined;
  page?: number | undefined;
  per_page?: number | undefined;
}): ImportPage {
  const limit = query.per_page ?? query.limit ?? pageLimitDefault;
  return {
    limit,
    ...(query.cursor === undefined ? {} : { after: query.cursor }),
    ...(query.page === undefined ? {} : { skip: (query.page - 1) * limit }),
  };
}
