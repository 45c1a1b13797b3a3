import { UsageInput } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRecords } from "./parse-records.ts";
import { readPlainUsage, readUsageInput } from "./read-usage-input.ts";
import { RejectedRecord } from "./rejected-record.ts";

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom("gpt-4o", "a\u0000b", "x".repeat(300), "", "größe", "\ud800", "line\nbreak", "\u2028"),
);
const count = fc.oneof(
  fc.nat(),
  fc.constantFrom(0, -0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53 - 1, 2 ** 53, "5", null),
);
const instant = fc.oneof(
  fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom(
    "2026-02-30",
    "2026-01-15",
    "2026-01-15 10:00",
    "2026-01-15T10:00:00+0200",
    "soon",
    1_700_000_000_000,
    -5,
    1.5,
  ),
);
const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const json = fc.jsonValue({ maxDepth: 4 });
const record = fc.record(
  {
    id: text,
    organization_id: text,
    provider: text,
    model: fc.oneof(text, fc.record({ name: text })),
    model_id: text,
    project_id: nullable(text),
    user_id: nullable(text),
    input_tokens: count,
    prompt_tokens: count,
    output_tokens: count,
    total_tokens: count,
    cached_tokens: count,
    cache_read_tokens: count,
    cache_write_tokens: count,
    cache_write_1h_tokens: count,
    reasoning_tokens: count,
    units: fc.dictionary(fc.constantFrom("web_searches", "requests", "input", "__proto__", "nonsense"), count),
    usage: fc.oneof(fc.dictionary(fc.string(), json), json),
    usage_format: text,
    usage_status: fc.constantFrom("reported", "void", "sure", 1),
    service_tier: nullable(text),
    region: nullable(text),
    occurred_at: instant,
    timestamp: instant,
    latency_ms: nullable(fc.oneof(fc.double(), fc.nat())),
    status: fc.constantFrom("success", "error", "maybe"),
    stream: fc.oneof(fc.boolean(), fc.constant("yes")),
    tags: nullable(
      fc.oneof(fc.dictionary(text, fc.oneof(text, fc.nat(), fc.boolean())), fc.array(text, { maxLength: 60 })),
    ),
    metadata: nullable(fc.oneof(fc.dictionary(fc.string(), json), json)),
    require_price: fc.boolean(),
    surprise: json,
  },
  { requiredKeys: [] },
);

describe("reading a usage record", () => {
  it("accepts plainly only what the schema accepts, and both ways give the same draft", () => {
    fc.assert(
      fc.property(record, (value) => {
        const parsed: unknown = JSON.parse(JSON.stringify(value));
        const plain = readPlainUsage(parsed, "none");
        if (plain === undefined) return;
        expect(UsageInput.safeParse(parsed).success).toBe(true);
        expect(readPlainUsage(parsed, "judged")).toEqual(plain);
      }),
      { numRuns: 3_000 },
    );
  });

  it("reads a record of a plain body as it would any other, and finds no other body plain", () => {
    let plainBodies = 0;
    fc.assert(
      fc.property(record, fc.boolean(), (value, isMadePlain) => {
        const sent = JSON.stringify(value);
        const text = isMadePlain ? sent.replaceAll(/\\u[0-9a-f]{4}|\\.|[^\x20-\x7e]/g, "x") : sent;
        const { records, isPlain } = parseRecords(Buffer.from(text), "record", "records");
        expect(isPlain).toBe(/^[\x20-\x5b\x5d-\x7e]*$/.test(text));
        if (!isPlain) return;
        plainBodies += 1;
        expect(readUsageInput(records[0], true)).toEqual(readUsageInput(records[0]));
      }),
      { numRuns: 600 },
    );
    expect(plainBodies).toBeGreaterThan(100);
  });

  it.each(['{"user_id":"a\\u0007"}', '{"user_id":"a\x7f"}', '{"user_id":"a\\n"}', '{"user_id":"ü"}'])(
    "does not take %j for a plain body",
    (text) => {
      expect(parseRecords(Buffer.from(text), "record", "records").isPlain).toBe(false);
      expect(parseRecords(Buffer.from(text), "lines", "records").isPlain).toBe(false);
    },
  );

  it("answers whatever it is given, without throwing", () => {
    fc.assert(
      fc.property(fc.oneof(record, json), (value) => {
        const draft = readUsageInput(JSON.parse(JSON.stringify(value)));
        if (draft instanceof RejectedRecord) expect(draft.message).not.toBe("");
      }),
      { numRuns: 500 },
    );
  });

  const good = { model: "gpt-4o", input_tokens: 5 };
  const deep = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);

  it.each([
    ["a count beyond 2^53-1", '{"input_tokens":9007199254740993}', "input_tokens"],
    ["a count beyond all numbers", '{"input_tokens":1e400}', "input_tokens"],
    ["a fraction of a token", '{"output_tokens":1.5}', "output_tokens"],
    ["a negative count", '{"prompt_tokens":-1}', "prompt_tokens"],
    ["a count as text", '{"cached_tokens":"5"}', "cached_tokens"],
    ["an unknown field", '{"inputTokens":5}', "inputTokens"],
    ["a field called __proto__", '{"__proto__":{"model":"x"}}', "__proto__"],
    ["a field called constructor", '{"constructor":1}', "constructor"],
    ["NUL in a name", '{"user_id":"a\\u0000b"}', "user_id"],
    ["a lone surrogate", '{"project_id":"\\ud800"}', "project_id"],
    ["a day that does not exist", '{"occurred_at":"2026-02-30"}', "occurred_at"],
    ["a date before 1970", '{"timestamp":"1969-12-31T23:59:59Z"}', "timestamp"],
    ["a unit that is no unit", '{"units":{"input":5}}', "units.input"],
    ["a tag with a control character", '{"tags":{"team":"a\\u0007"}}', "tags"],
    ["one tag with two values", '{"tags":["team:a","team:b"]}', "tags"],
    ["NUL in metadata", '{"metadata":{"note":"\\u0000"}}', "metadata"],
  ])("names the field of %s", (_, body, field) => {
    // Put together as text: only the parser makes a field called __proto__.
    const refused = readUsageInput(JSON.parse(`{"model":"gpt-4o","input_tokens":5,${body.slice(1)}`));
    expect(refused).toBeInstanceOf(RejectedRecord);
    expect(refused).toMatchObject({ code: "VALIDATION_ERROR" });
    expect(Object.keys((refused as RejectedRecord).fieldErrors ?? {})).toContain(field);
  });

  it("takes -0 as 0", () => {
    expect(readUsageInput(JSON.parse('{"model":"m","input_tokens":-0}'))).toMatchObject({ counts: { input: 0 } });
  });

  it("refuses metadata deeper than the limit and takes what is just inside it", () => {
    expect(readUsageInput({ ...good, metadata: deep(limits.jsonDepth - 1) })).not.toBeInstanceOf(RejectedRecord);
    expect(readUsageInput({ ...good, metadata: deep(limits.jsonDepth) })).toBeInstanceOf(RejectedRecord);
    expect(readUsageInput({ ...good, metadata: deep(100_000) })).toBeInstanceOf(RejectedRecord);
  });

  it("names both spellings where they disagree, and takes them where they agree", () => {
    const refused = readUsageInput({ ...good, prompt_tokens: 6 });
    expect(refused).toMatchObject({
      code: "USAGE_001",
      fieldErrors: { input_tokens: expect.any(String), prompt_tokens: expect.any(String) },
    });
    expect(readUsageInput({ ...good, prompt_tokens: 5, model_id: "gpt-4o" })).toMatchObject({ counts: { input: 5 } });
  });

  it("brings tags as map, list and pairs into one form", () => {
    const map = readUsageInput({ ...good, tags: { team: "a", beta: true } });
    const list = readUsageInput({ ...good, tags: ["team=a", "beta"] });
    expect(map).toMatchObject({ tags: '{"beta":"true","team":"a"}' });
    expect(list).toEqual(map);
  });
});

describe("what is wrong with a record", () => {
  const problems = (value: object): unknown => {
    const rejected = readUsageInput(value);
    return rejected instanceof RejectedRecord ? rejected.fieldErrors : rejected;
  };

  it.each([1e20, 253_402_300_800_000, -1, 1.5])("says of occurred_at %d what is right", (occurred_at) => {
    expect(problems({ model: "gpt-4o", input_tokens: 1, occurred_at })).toEqual({
      occurred_at: expect.stringMatching(/^must be in ISO 8601 format .* or milliseconds since 1970/),
    });
  });

  it("names an unknown field, a wrong value and a missing model in one round", () => {
    expect(problems({ modell: "gpt-4o", input_tokens: -1 })).toEqual({
      modell: "is not a field of this record",
      input_tokens: expect.any(String),
      model: "is required",
    });
  });
});
