import type { JsonSchema, OpenApiDocument, OpenApiOperation } from "@llm-cost-ops/contract";
import fc from "fast-check";

/** A request that may be right or wrong in any part. */
export interface ArbitraryRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
}

const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
};

/** Values that nobody should send and somebody will. */
const hostile: readonly unknown[] = [
  null, true, "", " ", 0, -1, -0, 1.5, 1e308, 2 ** 53 + 2, Number.MAX_SAFE_INTEGER, [], {}, [[]],
  "\u0000", "a\u0000b", "\ud800", "\u202e", "\u2028", "\u001b[31m", "'; DROP TABLE records; --", "../../etc/passwd", "$\u007bx}", "{{x}}",
  "__proto__", "constructor", { ["__proto__"]: { x: 1 } }, JSON.parse('{"__proto__":{"x":1}}'), { constructor: 1 }, { toString: 1 },
  "9".repeat(400), "x".repeat(70_000), "0x10", "1e5", "NaN", "Infinity", "-0", "2026-02-30", "2026-13-01T00:00:00Z", "0000-01-01", "9999-12-31T23:59:59.999999999Z",
  deep(31), deep(200), Array.from({ length: 200 }, () => 0),
]; // biome-ignore format: one table

/** Words that some field of the interface knows, so that many generated requests are right. */
const words = [
  "openai", "anthropic", "gpt-4o", "claude-sonnet-4-5", "default", "USD", "EUR", "standard", "batch", "us-east-1", "team:a", "team=a", "day",
  "model", "tag:team", "provider", "last-30-days", "2026-01-01", "2026-01-31T12:00:00Z", "UTC", "Europe/Berlin", "input_tokens", "total_cost",
  "-occurred_at", "0.5", "12.25", "a", "csv", "input", "output", "fuzz-1", "fuzz-2",
]; // biome-ignore format: one table

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
);

/** Requests to one operation of the document: most of them nearly right, each wrong in its own way. */
export function arbitraryRequest(
  document: OpenApiDocument,
  path: string,
  method: string,
  operation: OpenApiOperation,
  ids: readonly string[],
): fc.Arbitrary<ArbitraryRequest> {
  const values = valuesOf(document);
  const parameters = (operation.parameters ?? []).map((parameter) => {
    const name = "$ref" in parameter ? (parameter.$ref.split("/").at(-1) ?? "") : parameter.name;
    return "$ref" in parameter
      ? (document.components.parameters[name] as Exclude<typeof parameter, { $ref: string }>)
      : parameter;
  });
  const inPath = fc
    .oneof({ weight: 3, arbitrary: fc.constantFrom(...ids, "none") }, { weight: 1, arbitrary: text })
    .map((part) => encodeURIComponent(part.toWellFormed() || "x"));
  const pathArbitrary = fc
    .array(inPath, { minLength: 3, maxLength: 3 })
    .map((parts) => parts.reduce((at, part) => at.replace(/\{[a-z_]+\}/, () => part), path));
  const inQuery = parameters.filter((parameter) => parameter.in === "query");
  const pair = fc.oneof(
    {
      weight: 8,
      arbitrary:
        inQuery.length === 0
          ? fc.constant("x=1")
          : fc
              .constantFrom(...inQuery)
              .chain((parameter) => values(parameter.schema, 0).map((value) => queryPair(parameter.name, value))),
    },
    { weight: 1, arbitrary: fc.tuple(text, text).map(([name, value]) => queryPair(name, value)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "%zz=1",
        "a=%ff",
        "&&",
        "=",
        "__proto__=1",
        "limit=",
        "limit=1&limit=2",
        "cursor=AAAA",
        "page=0",
      ),
    },
  );
  const query = fc
    .array(pair, { maxLength: inQuery.length === 0 ? 1 : 4 })
    .map((pairs) => (pairs.length === 0 ? "" : `?${pairs.join("&")}`));
  return fc
    .record({ path: pathArbitrary, query, body: bodyOf(operation, values) })
    .map(({ path: filled, query: asked, body }) => ({ path: filled + asked, method: method.toUpperCase(), ...body }));
}

function queryPair(name: string, value: unknown): string {
  const list = Array.isArray(value) ? value : [value];
  return list
    .map(
      (each) =>
        `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(
          String(typeof each === "object" ? JSON.stringify(each) : each)
            .toWellFormed()
            .slice(0, 3_000),
        )}`,
    )
    .join("&");
}

type Body = Pick<ArbitraryRequest, "headers" | "body">;

function bodyOf(operation: OpenApiOperation, values: ReturnType<typeof valuesOf>): fc.Arbitrary<Body> {
  const content = Object.entries(operation.requestBody?.content ?? {});
  if (content.length === 0) return fc.constant({ headers: {}, body: undefined });
  const right = fc.constantFrom(...content).chain(([type, { schema, example }]) => {
    const value = schema === undefined ? fc.jsonValue() : values(schema, 0);
    const json = fc.oneof(value, value, example === undefined ? value : fc.constant(example));
    return json.map((sent) => ({ headers: { "content-type": type }, body: JSON.stringify(sent) ?? "null" }));
  });
  const wrong = fc
    .record({
      type: fc.constantFrom(
        "application/json",
        "text/plain",
        "application/x-protobuf",
        "text/csv",
        "",
        "multipart/form-data",
        "nonsense",
      ),
      encoding: fc.constantFrom("", "", "", "gzip", "br"),
      body: fc.oneof(
        fc.uint8Array({ maxLength: 64 }).map((bytes) => new Uint8Array(bytes)),
        fc.json(),
        fc.constantFrom("", "{", '{"a":', "[".repeat(5_000), "null", '"x"', "\ufeff{}", "a,b\n1,2", "data: {}\n\n"),
      ),
    })
    .map(({ type, encoding, body }) => ({
      headers: {
        ...(type === "" ? {} : { "content-type": type }),
        ...(encoding === "" ? {} : { "content-encoding": encoding }),
      },
      body,
    }));
  return fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: wrong });
}

/** Values of a JSON Schema, with a hostile one in a place now and then. */
function valuesOf(document: OpenApiDocument) {
  const depthMax = 5;
  const values = (schema: JsonSchema, depth: number): fc.Arbitrary<unknown> => {
    const wild = fc.constantFrom(...hostile);
    return fc.oneof({ weight: 24, arbitrary: tame(schema, depth) }, { weight: 1, arbitrary: wild });
  };
  const tame = (schema: JsonSchema, depth: number): fc.Arbitrary<unknown> => {
    const ref = schema["$ref"];
    if (typeof ref === "string") return values(document.components.schemas[ref.split("/").at(-1) ?? ""] ?? {}, depth);
    const alternatives = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
    if (alternatives !== undefined) return fc.oneof(...alternatives.map((each) => values(each, depth)));
    if (schema["const"] !== undefined) return fc.constant(schema["const"]);
    if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
    switch (schema["type"]) {
      case "string":
        return typeof schema["pattern"] === "string" ? fc.oneof(text, matching(schema["pattern"])) : text;
      case "integer":
        return fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer(), fc.maxSafeNat());
      case "number":
        return fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double());
      case "boolean":
        return fc.boolean();
      case "null":
        return fc.constant(null);
      case "array":
        return depth >= depthMax
          ? fc.constant([])
          : fc.array(values((schema["items"] ?? {}) as JsonSchema, depth + 1), { maxLength: 4 });
      case "object":
        return depth >= depthMax ? fc.constant({}) : objects(schema, depth);
      default:
        return fc.jsonValue({ maxDepth: 2 });
    }
  };
  const objects = (schema: JsonSchema, depth: number): fc.Arbitrary<unknown> => {
    const properties = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
    const required = new Set((schema["required"] ?? []) as string[]);
    const always = properties.filter(([name]) => required.has(name));
    const sometimes = properties.filter(([name]) => !required.has(name));
    const more = schema["additionalProperties"];
    const extra =
      typeof more === "object" && more !== null
        ? fc.dictionary(text, values(more as JsonSchema, depth + 1), { maxKeys: 3 })
        : fc.constant({});
    return fc
      .tuple(fc.subarray(sometimes, { maxLength: Math.min(6, sometimes.length) }), extra)
      .chain(([chosen, rest]) => {
        const shape = Object.fromEntries(
          [...always, ...chosen].map(([name, field]) => [name, values(field, depth + 1)]),
        );
        return fc.record(shape).map((made) => ({ ...rest, ...made }));
      });
  };
  return values;
}

/** Each is made once: for one that takes any character the generator goes through all of Unicode first. */
const madeFor = new Map<string, fc.Arbitrary<string>>();

function matching(pattern: string): fc.Arbitrary<string> {
  const known = madeFor.get(pattern) ?? newlyMatching(pattern);
  madeFor.set(pattern, known);
  return known;
}

function newlyMatching(pattern: string): fc.Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern));
  } catch {
    // Some patterns are beyond the generator; the words cover them.
    return text;
  }
}
