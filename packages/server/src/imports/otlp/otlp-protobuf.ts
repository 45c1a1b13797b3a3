import { type Attributes, type AttributeValue, type Span, statusCodeError } from "./span.ts";

/**
 * The part of opentelemetry/proto/collector/trace/v1/trace_service.proto (1.x) that metering needs; fields that are not
 * listed, such as events, links and attributes that are lists, are skipped while decoding.
 */
export const traceSchema = {
  nested: {
    AnyValue: {
      oneofs: { value: { oneof: ["stringValue", "boolValue", "intValue", "doubleValue"] } },
      fields: {
        stringValue: { type: "string", id: 1 },
        boolValue: { type: "bool", id: 2 },
        intValue: { type: "int64", id: 3 },
        doubleValue: { type: "double", id: 4 },
      },
    },
    KeyValue: { fields: { key: { type: "string", id: 1 }, value: { type: "AnyValue", id: 2 } } },
    Resource: { fields: { attributes: { rule: "repeated", type: "KeyValue", id: 1 } } },
    Status: { fields: { code: { type: "int32", id: 3 } } },
    Span: {
      fields: {
        traceId: { type: "bytes", id: 1 },
        spanId: { type: "bytes", id: 2 },
        parentSpanId: { type: "bytes", id: 4 },
        name: { type: "string", id: 5 },
        startTimeUnixNano: { type: "fixed64", id: 7 },
        endTimeUnixNano: { type: "fixed64", id: 8 },
        attributes: { rule: "repeated", type: "KeyValue", id: 9 },
        status: { type: "Status", id: 15 },
      },
    },
    ScopeSpans: { fields: { spans: { rule: "repeated", type: "Span", id: 2 } } },
    ResourceSpans: {
      fields: {
        resource: { type: "Resource", id: 1 },
        scopeSpans: { rule: "repeated", type: "ScopeSpans", id: 2 },
      },
    },
    ExportTraceServiceRequest: { fields: { resourceSpans: { rule: "repeated", type: "ResourceSpans", id: 1 } } },
    PartialSuccess: { fields: { rejectedSpans: { type: "int64", id: 1 }, errorMessage: { type: "string", id: 2 } } },
    ExportTraceServiceResponse: { fields: { partialSuccess: { type: "PartialSuccess", id: 1 } } },
  },
};

interface LongLike {
  toNumber(): number;
}
interface WireValue {
  readonly value?: "stringValue" | "boolValue" | "intValue" | "doubleValue";
  readonly stringValue: string;
  readonly boolValue: boolean;
  readonly intValue: LongLike | number;
  readonly doubleValue: number;
}
interface WireAttribute {
  readonly key: string;
  readonly value?: WireValue | null;
}
interface WireSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  readonly name: string;
  readonly startTimeUnixNano: LongLike | number;
  readonly endTimeUnixNano: LongLike | number;
  readonly attributes: readonly WireAttribute[];
  readonly status?: { readonly code: number } | null;
}
interface WireRequest {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes: readonly WireAttribute[] } | null;
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

export interface TraceCodec {
  /** The spans of an ExportTraceServiceRequest. Throws for bytes that are none. */
  decode(bytes: Uint8Array): readonly Span[];
  encodeResponse(rejectedSpans: number, errorMessage: string): Uint8Array;
}

/** The library is loaded for the first export in protobuf: most processes never see one. */
export async function loadTraceCodec(): Promise<TraceCodec> {
  const { default: protobuf } = await import("protobufjs/light.js");
  const root = protobuf.Root.fromJSON(traceSchema);
  const request = root.lookupType("ExportTraceServiceRequest");
  const response = root.lookupType("ExportTraceServiceResponse");
  return {
    decode: (bytes) => spansOf(request.decode(bytes) as unknown as WireRequest),
    encodeResponse: (rejectedSpans, errorMessage) => {
      if (rejectedSpans === 0 && errorMessage === "") return new Uint8Array(0);
      return response.encode(response.fromObject({ partialSuccess: { rejectedSpans, errorMessage } })).finish();
    },
  };
}

function spansOf(request: WireRequest): readonly Span[] {
  const spans: Span[] = [];
  for (const { resource, scopeSpans } of request.resourceSpans) {
    const resourceAttributes = attributesOf(resource?.attributes ?? []);
    for (const scope of scopeSpans) {
      for (const span of scope.spans) spans.push(spanOf(span, resourceAttributes));
    }
  }
  return spans;
}

const spanOf = (span: WireSpan, resource: Attributes): Span => ({
  traceId: hex(span.traceId),
  spanId: hex(span.spanId),
  parentSpanId: span.parentSpanId.length === 0 ? undefined : hex(span.parentSpanId),
  name: span.name,
  startMs: nanosAsMs(span.startTimeUnixNano),
  endMs: nanosAsMs(span.endTimeUnixNano),
  failed: span.status?.code === statusCodeError,
  attributes: attributesOf(span.attributes),
  resource,
});

function attributesOf(entries: readonly WireAttribute[]): Attributes {
  const attributes = new Map<string, AttributeValue>();
  for (const { key, value } of entries) {
    const read = value === undefined || value === null ? undefined : attributeValue(value);
    if (read !== undefined) attributes.set(key, read);
  }
  return attributes;
}

function attributeValue(value: WireValue): AttributeValue | undefined {
  switch (value.value) {
    case "stringValue":
      return value.stringValue;
    case "boolValue":
      return value.boolValue;
    case "intValue":
      return asNumber(value.intValue);
    case "doubleValue":
      return value.doubleValue;
    case undefined:
      return undefined;
    default:
      return value.value satisfies never;
  }
}

const asNumber = (value: LongLike | number): number => (typeof value === "number" ? value : value.toNumber());
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function nanosAsMs(value: LongLike | number): number | undefined {
  const ms = Math.floor(asNumber(value) / 1_000_000);
  return ms > 0 ? ms : undefined;
}
