import { type CacheAccounting, cacheAccounting } from "../cache-accounting.ts";
import type { ImportedRecord } from "../import-reader.ts";
import { compact, countIn, fieldsOf, nameIn } from "../json-fields.ts";
import { externalId } from "../record-identity.ts";
import { type AttributeFact, attributeNames, resourceNames } from "./attribute-names.ts";
import type { Attributes, AttributeValue, Span } from "./span.ts";

/** What a span is to a bill. */
export type SpanReading =
  | { readonly kind: "call"; readonly record: ImportedRecord }
  | { readonly kind: "other"; readonly reason: string };

const billedOperations: ReadonlySet<string> = new Set([
  "chat",
  "text_completion",
  "generate_content",
  "embeddings",
  // OpenLLMetry's and older spellings of the same.
  "completion",
  "embedding",
]);
const billedKinds: ReadonlySet<string> = new Set(["LLM", "EMBEDDING"]);
const billedRequestTypes: ReadonlySet<string> = new Set(["chat", "completion", "embedding", "rerank"]);

/**
 * Reads a span as one model call, or says why it is none. Only spans of the call itself are billed: those of agents,
 * workflows, chains and tools, and the AI SDK's outer spans, repeat what the calls inside them used.
 */
export function readSpan(span: Span): SpanReading {
  const other = reasonNotToBill(span);
  if (other !== undefined) return { kind: "other", reason: other };
  const counts = countsOf(span.attributes);
  if (counts === undefined) return { kind: "other", reason: "without usage" };
  return { kind: "call", record: recordOf(span, counts) };
}

function reasonNotToBill({ attributes, name }: Span): string | undefined {
  const operation = textAt(attributes, "operation");
  const aiOperation = attributes.get("ai.operationId") ?? attributes.get("operation.name");
  if (typeof aiOperation === "string" && aiOperation.startsWith("ai.")) {
    return /\.do[A-Z]/.test(aiOperation.split(" ", 1)[0] ?? "")
      ? undefined
      : "outer span of the AI SDK, repeats its calls";
  }
  if (operation !== undefined) {
    return billedOperations.has(operation) ? undefined : `operation ${operation} is not a model call`;
  }
  const kind = attributes.get("openinference.span.kind");
  if (typeof kind === "string")
    return billedKinds.has(kind.toUpperCase()) ? undefined : `${kind} span, not a model call`;
  const traceloopKind = attributes.get("traceloop.span.kind");
  if (typeof traceloopKind === "string") return `${traceloopKind} span, not a model call`;
  const requestType = attributes.get("llm.request.type");
  if (typeof requestType === "string" && !billedRequestTypes.has(requestType))
    return `${requestType} is not a model call`;
  if (/^(invoke_agent|create_agent|invoke_workflow|execute_tool)\b/.test(name)) return "agent or tool span";
  return undefined;
}

type Counts = Pick<ImportedRecord, "input_tokens" | "output_tokens"> & Record<string, unknown>;

function countsOf(attributes: Attributes): (Counts & { readonly accounting: CacheAccounting }) | undefined {
  const count = (fact: AttributeFact): number | undefined => {
    for (const name of attributeNames[fact]) {
      const found = countIn(attributes.get(name));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const input = count("input");
  const output = count("output");
  if (input === undefined && output === undefined) return undefined;
  const cacheRead = count("cacheRead") ?? 0;
  const cacheWrite = count("cacheWrite") ?? 0;
  const reported = { input: input ?? 0, output: output ?? 0, cacheRead, cacheWrite, total: count("total") };
  // The convention says that the input includes the cache; instrumentations of Anthropic once left it out.
  const accounting = cacheAccounting(reported, "included");
  const inclusive = accounting === "excluded" ? reported.input + cacheRead + cacheWrite : reported.input;
  const reasoning = count("reasoning") ?? 0;
  // Some providers count reasoning beside the output: more of it than output proves that.
  const outputTotal = reasoning > reported.output ? reported.output + reasoning : reported.output;
  const within = (part: number | undefined, rest: number): number | undefined =>
    part === undefined || part === 0 || part > rest ? undefined : part;
  return {
    accounting,
    input_tokens: inclusive,
    output_tokens: outputTotal,
    cached_tokens: cacheRead || undefined,
    cache_write_tokens: cacheWrite || undefined,
    reasoning_tokens: reasoning || undefined,
    input_audio_tokens: within(count("inputAudio"), inclusive - cacheRead - cacheWrite),
    output_audio_tokens: within(count("outputAudio"), outputTotal - reasoning),
  };
}

function recordOf(
  span: Span,
  { accounting, ...counts }: Counts & { readonly accounting: CacheAccounting },
): ImportedRecord {
  const { attributes, resource, startMs, endMs } = span;
  const responseId = textAt(attributes, "responseId");
  const cost = firstOf(attributes, attributeNames.reportedCost);
  const stream = firstOf(attributes, attributeNames.stream);
  return fieldsOf<ImportedRecord>({
    id: responseId === undefined ? spanIdentity(span) : externalId(responseId),
    provider: textAt(attributes, "provider"),
    model: textAt(attributes, "responseModel") ?? textAt(attributes, "requestModel"),
    user_id: textAt(attributes, "userId") ?? nameIn(firstOf(resource, attributeNames.userId)),
    ...counts,
    service_tier: tierOf(attributes),
    occurred_at: startMs ?? endMs,
    latency_ms: startMs === undefined || endMs === undefined ? undefined : Math.max(0, endMs - startMs),
    status: span.failed ? "error" : undefined,
    stream: typeof stream === "boolean" ? stream : undefined,
    tags: compact({
      service: nameIn(firstOf(resource, resourceNames.service)),
      environment: nameIn(firstOf(resource, resourceNames.environment)),
    }) as Record<string, string> | undefined,
    metadata: compact({
      trace_id: span.traceId,
      span_id: span.spanId,
      "gen_ai.conversation.id": textAt(attributes, "conversation"),
      "gen_ai.agent.name": textAt(attributes, "agent"),
      "gen_ai.workflow.name": textAt(attributes, "workflow"),
      reported_cost: cost === undefined ? undefined : String(cost),
      cache_accounting: accounting === "excluded" ? "cached tokens were not in the span's input count" : undefined,
    }),
  });
}

/** A span that names no response is itself the identity; one without ids gets a deterministic one. */
const spanIdentity = ({ traceId, spanId }: Span): string | undefined =>
  traceId === "" || spanId === "" ? undefined : `span:${traceId}:${spanId}`.slice(0, 128);

function tierOf(attributes: Attributes): string | undefined {
  const tier = textAt(attributes, "serviceTier");
  return tier === "auto" ? undefined : tier;
}

function firstOf(attributes: Attributes, names: readonly string[]): AttributeValue | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

function textAt(attributes: Attributes, fact: AttributeFact): string | undefined {
  return nameIn(firstOf(attributes, attributeNames[fact]));
}
