import { type JsonObject, objectIn } from "../json-fields.ts";
import { type Attributes, type AttributeValue, type Span, statusCodeError } from "./span.ts";

const listOf = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.map(objectIn).filter((entry) => entry !== undefined) : [];

/**
 * The spans of one `ResourceSpans` in OTLP's JSON encoding. Unknown fields are ignored, as the protocol asks; the names of
 * some exporters before 1.0 (`instrumentationLibrarySpans`, snake_case) are read too.
 */
export function* spansInJson(resourceSpans: JsonObject): Iterable<Span> {
  const resource = attributesOf(objectIn(resourceSpans["resource"])?.["attributes"]);
  const scopes =
    resourceSpans["scopeSpans"] ?? resourceSpans["scope_spans"] ?? resourceSpans["instrumentationLibrarySpans"];
  for (const scope of listOf(scopes)) {
    for (const span of listOf(scope["spans"])) {
      const traceId = span["traceId"] ?? span["trace_id"];
      const spanId = span["spanId"] ?? span["span_id"];
      const parent = span["parentSpanId"] ?? span["parent_span_id"];
      const code = objectIn(span["status"])?.["code"];
      yield {
        traceId: typeof traceId === "string" ? traceId.toLowerCase() : "",
        spanId: typeof spanId === "string" ? spanId.toLowerCase() : "",
        parentSpanId: typeof parent === "string" && parent !== "" ? parent.toLowerCase() : undefined,
        name: typeof span["name"] === "string" ? span["name"] : "",
        startMs: nanosAsMs(span["startTimeUnixNano"] ?? span["start_time_unix_nano"]),
        endMs: nanosAsMs(span["endTimeUnixNano"] ?? span["end_time_unix_nano"]),
        failed: code === statusCodeError || code === "STATUS_CODE_ERROR",
        attributes: attributesOf(span["attributes"]),
        resource,
      };
    }
  }
}

function attributesOf(value: unknown): Attributes {
  const attributes = new Map<string, AttributeValue>();
  for (const entry of listOf(value)) {
    const read = attributeValue(objectIn(entry["value"]));
    if (typeof entry["key"] === "string" && read !== undefined) attributes.set(entry["key"], read);
  }
  return attributes;
}

/** 64-bit integers are strings in this encoding, though some exporters write numbers. */
function attributeValue(value: JsonObject | undefined): AttributeValue | undefined {
  if (value === undefined) return undefined;
  const text = value["stringValue"] ?? value["string_value"];
  if (typeof text === "string") return text;
  const integer = value["intValue"] ?? value["int_value"];
  if (typeof integer === "number" || (typeof integer === "string" && /^-?\d{1,19}$/.test(integer)))
    return Number(integer);
  const double = value["doubleValue"] ?? value["double_value"];
  if (typeof double === "number") return double;
  const flag = value["boolValue"] ?? value["bool_value"];
  return typeof flag === "boolean" ? flag : undefined;
}

function nanosAsMs(value: unknown): number | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  if (typeof value === "string" && !/^\d{1,20}$/.test(value)) return undefined;
  const ms = Math.floor(Number(value) / 1_000_000);
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
