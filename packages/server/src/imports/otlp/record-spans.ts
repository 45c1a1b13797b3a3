import { gunzipSync } from "node:zlib";
import { limits } from "@llm-cost-ops/contract";
import type { Caller, Reply } from "../../http/route.ts";
import { Refusal } from "../../refusal.ts";
import type { Ledger, RecordedItem } from "../../usage/ledger.ts";
import { type JsonObject, objectIn } from "../json-fields.ts";
import { isTooDeep, nestingMax } from "../source/json-values.ts";
import type { SpanMemory } from "./billable-spans.ts";
import { spansInJson } from "./otlp-json.ts";
import type { TraceCodec } from "./otlp-protobuf.ts";
import type { Span } from "./span.ts";

/** Records handed to the ledger in one call. */
const batchRecordsMax = 1_000;
const protobufType = "application/x-protobuf";

export interface TraceReceiver {
  readonly ledger: Ledger;
  readonly loadCodec: () => Promise<TraceCodec>;
  readonly memory: SpanMemory;
}

/**
 * Takes one OTLP/HTTP export of traces: spans of model calls become usage records, all others are none of our business.
 * The answer is in the encoding of the request and names how many spans were refused and why. What cannot be decoded is
 * `INVALID_REQUEST`.
 */
export async function recordSpans(
  { ledger, loadCodec, memory }: TraceReceiver,
  caller: Caller,
  body: Uint8Array,
  contentType: string,
): Promise<Reply> {
  const { organizationId, records: within } = caller;
  const isProtobuf = contentType.toLowerCase().startsWith(protobufType);
  const bytes = plainBytes(body);
  const codec = isProtobuf ? await loadCodec() : undefined;
  const spans = codec === undefined ? decodeJson(bytes) : decodeProtobuf(codec, bytes);
  const billed = memory.decide(organizationId, spans).filter((read) => read.record !== undefined);
  const refused: string[] = [];
  for (let from = 0; from < billed.length; from += batchRecordsMax) {
    const batch = billed.slice(from, from + batchRecordsMax);
    const text = batch.map(({ record }) => `${JSON.stringify(record)}\n`).join("");
    const items = await ledger.append(organizationId, {
      shape: "lines",
      entry: "usage",
      bytes: new Uint8Array(Buffer.from(text)),
      source: "otlp",
      requirePrice: false,
      within,
      recordedBy: caller,
      importing: { tolerateSameCall: true, dryRun: false },
    });
    for (const [index, item] of items.entries()) {
      if (item.status === "rejected") refused.push(`span ${batch[index]?.span.spanId ?? "?"}: ${reasonOf(item)}`);
    }
  }
  return answer(codec, refused);
}

function answer(codec: TraceCodec | undefined, refused: readonly string[]): Reply {
  const message = refused.slice(0, 10).join("; ");
  if (codec !== undefined) return { bytes: codec.encodeResponse(refused.length, message), contentType: protobufType };
  const partialSuccess = { rejectedSpans: String(refused.length), errorMessage: message };
  return { json: refused.length === 0 ? {} : { partialSuccess } };
}

const reasonOf = (item: RecordedItem): string => {
  const [field] = Object.entries(item.error?.field_errors ?? {});
  return field === undefined ? (item.error?.message ?? "refused") : `${field[0]} ${field[1]}`;
};

/** Some exporters zip without saying so in a header that survives proxies: two bytes tell. */
function plainBytes(body: Uint8Array): Uint8Array {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body;
  try {
    return gunzipSync(body, { maxOutputLength: limits.bodyBytes });
  } catch {
    throw new Refusal("INVALID_REQUEST", `The body is not gzip data of at most ${limits.bodyBytes} bytes unzipped.`);
  }
}

function decodeProtobuf(codec: TraceCodec, bytes: Uint8Array): readonly Span[] {
  try {
    return codec.decode(bytes);
  } catch {
    throw new Refusal("INVALID_REQUEST", "The body is not an ExportTraceServiceRequest in protobuf.");
  }
}

function decodeJson(bytes: Uint8Array): readonly Span[] {
  if (isTooDeep(bytes)) throw new Refusal("INVALID_REQUEST", `The body nests deeper than ${nestingMax} levels.`);
  let request: JsonObject | undefined;
  try {
    request = objectIn(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    throw new Refusal("INVALID_REQUEST", "The body is not valid JSON.");
  }
  const list = request?.["resourceSpans"] ?? request?.["resource_spans"] ?? [];
  if (request === undefined || !Array.isArray(list)) {
    throw new Refusal("INVALID_REQUEST", "The body is not an ExportTraceServiceRequest: resourceSpans must be a list.");
  }
  return list.flatMap((entry) => {
    const resourceSpans = objectIn(entry);
    return resourceSpans === undefined ? [] : [...spansInJson(resourceSpans)];
  });
}
