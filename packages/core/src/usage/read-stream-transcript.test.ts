import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createStreamReader, readStreamTranscript, type StreamReading } from "./read-stream-transcript.ts";
import { eventCharactersMax } from "./stream/sse-decoder.ts";
import type { ProviderResponse } from "./usage-flavors.ts";

const folder = new URL("./fixtures/", import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const streams = readdirSync(folder).filter((name) => name.endsWith(".sse"));

const responseOf = (reading: StreamReading): ProviderResponse => {
  if (reading.kind === "no_usage") throw new Error(reading.detail);
  return reading.response;
};
const sse = (...events: readonly object[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
const chunk = (usage: object | null, finish: string | null = null): object => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  model: "gpt-4o",
  choices: [{ index: 0, delta: { content: "x" }, finish_reason: finish }],
  usage,
});

describe("the transcript's form does not matter", () => {
  test.each(streams)("%s reads the same in pieces of any size", (name) => {
    const text = textOf(name);
    const whole = readStreamTranscript(text);
    for (const size of [1, 2, 7, 64]) {
      const reader = createStreamReader();
      for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
      expect(reader.finish()).toStrictEqual(whole);
    }
  });

  test.each(streams)("%s reads the same with LF, CRLF and CR, a byte order mark and comments", (name) => {
    const text = textOf(name).replaceAll("\r\n", "\n");
    const whole = readStreamTranscript(text);
    for (const eol of ["\r\n", "\r"]) {
      expect(readStreamTranscript(`\u{FEFF}: comment${eol}${eol}${text.replaceAll("\n", eol)}`)).toStrictEqual(whole);
    }
  });

  test.each(streams)("%s reads the same without its blank lines", (name) => {
    const text = textOf(name).replaceAll("\r\n", "\n");
    const dense = text.replaceAll("\n\n", "\n");
    const response = (reading: StreamReading) =>
      reading.kind === "response" ? reading.response.quantities : reading.reason;
    expect(response(readStreamTranscript(dense))).toStrictEqual(response(readStreamTranscript(text)));
  });

  test("data over several lines is one event", () => {
    const lines = JSON.stringify(chunk({ prompt_tokens: 3, completion_tokens: 4 }, "stop"), null, 1).split("\n");
    const text = `${lines.map((line) => `data: ${line}`).join("\n")}\n\ndata:[DONE]\n\n`;
    expect(responseOf(readStreamTranscript(text))).toMatchObject({
      status: "reported",
      quantities: { input: 3, output: 4 },
    });
  });

  test("a JSON list, JSON lines and the chunks as values read the same", () => {
    const chunks: unknown = JSON.parse(textOf("gemini-stream-chunks.json"));
    if (!Array.isArray(chunks)) throw new Error("not a list");
    const values = readStreamTranscript(chunks);
    expect(responseOf(values).quantities).toStrictEqual({ input: 20, reasoning: 40, output: 5 });
    expect(readStreamTranscript(JSON.stringify(chunks, null, 2))).toStrictEqual(values);
    expect(readStreamTranscript(chunks.map((value) => JSON.stringify(value)).join("\n"))).toStrictEqual(values);
    expect(readStreamTranscript(textOf("gemini.sse"))).toStrictEqual(values);
  });

  test("a body that did not stream after all is read as one", () => {
    expect(responseOf(readStreamTranscript(textOf("openai-chat.json")))).toMatchObject({
      status: "reported",
      quantities: { input: 86, cache_read: 1920, reasoning: 128, output: 172 },
    });
    expect(responseOf(readStreamTranscript(textOf("anthropic-messages.json")))).toMatchObject({ status: "reported" });
    expect(responseOf(readStreamTranscript(textOf("bedrock-converse.json")))).toMatchObject({ status: "reported" });
  });
});

describe("a call that streams its usage again and again counts once", () => {
  test("cumulative usage: the last one stands", () => {
    const text = sse(
      chunk({ prompt_tokens: 9, completion_tokens: 1 }),
      chunk({ prompt_tokens: 9, completion_tokens: 2 }),
      chunk({ prompt_tokens: 9, completion_tokens: 3 }, "stop"),
    );
    expect(responseOf(readStreamTranscript(text)).quantities).toStrictEqual({ input: 9, output: 3 });
  });

  test("later zeros, nulls and empty details do not overwrite", () => {
    const text = sse(
      chunk({ prompt_tokens: 9, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 5 } }),
      chunk({ prompt_tokens: 0, completion_tokens: 0, prompt_tokens_details: { cached_tokens: 0 } }, "stop"),
      chunk({ prompt_tokens: null, prompt_tokens_details: null }, "stop"),
    );
    expect(responseOf(readStreamTranscript(text)).quantities).toStrictEqual({ input: 4, cache_read: 5, output: 3 });
  });

  test("Anthropic's message_start and message_delta are one usage", () => {
    const { quantities } = responseOf(readStreamTranscript(textOf("anthropic-messages.sse")));
    expect(quantities).toStrictEqual({ input: 3, cache_read: 15000, cache_write_1h: 2000, output: 89 });
  });

  test("a second response in one transcript is not added, and the reading says so", () => {
    const other = { ...chunk({ prompt_tokens: 1, completion_tokens: 1 }, "stop"), id: "chatcmpl-2" };
    const response = responseOf(
      readStreamTranscript(sse(chunk({ prompt_tokens: 9, completion_tokens: 3 }, "stop"), other)),
    );
    expect(response).toMatchObject({
      status: "partial",
      responseId: "chatcmpl-2",
      quantities: { input: 1, output: 1 },
    });
    expect(response.notes).toContain("the stream holds 2 responses; only the last one is read");
  });
});

describe("a stream that breaks is neither free nor invented", () => {
  test("Anthropic broken before message_stop keeps what was reported, as partial", () => {
    expect(responseOf(readStreamTranscript(textOf("anthropic-broken.sse")))).toMatchObject({
      status: "partial",
      quantities: { input: 3, cache_read: 15000, cache_write_1h: 2000, output: 1 },
    });
  });

  test("OpenAI broken before its last chunk has no usage, and none is estimated from the text", () => {
    expect(readStreamTranscript(sse(chunk(null), chunk(null)))).toMatchObject({
      kind: "no_usage",
      reason: "interrupted",
    });
  });

  test("cumulative usage of a broken stream is kept as partial", () => {
    const response = responseOf(readStreamTranscript(sse(chunk({ prompt_tokens: 9, completion_tokens: 2 }))));
    expect(response).toMatchObject({ status: "partial", quantities: { input: 9, output: 2 } });
  });

  test.each(["openai-responses-incomplete.sse", "openai-responses-failed.sse"])(
    "usage on %s is not dropped",
    (name) => {
      expect(responseOf(readStreamTranscript(textOf(name)))).toMatchObject({
        status: "reported",
        quantities: { input: 200, cache_read: 128, reasoning: 40, output: 12, web_searches: 1 },
      });
    },
  );

  test("explicit zero usage is a report of zero", () => {
    const text = sse(chunk({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, "stop"));
    expect(responseOf(readStreamTranscript(text))).toMatchObject({
      status: "reported",
      quantities: { input: 0, output: 0 },
    });
  });

  test("an error in the stream is told apart from a stream without usage", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(readStreamTranscript(sse(error))).toMatchObject({ kind: "no_usage", reason: "failed" });
    expect(readStreamTranscript("")).toMatchObject({ kind: "no_usage", reason: "empty" });
    expect(readStreamTranscript("Hello, world\n")).toMatchObject({ kind: "no_usage", reason: "empty" });
    const start = textOf("anthropic-messages.sse").split("\n\n")[0] ?? "";
    expect(responseOf(readStreamTranscript(`${start}\n\n${sse(error)}`))).toMatchObject({ status: "partial" });
  });
});

test("the tier that served the call stands, not the one that was asked for", () => {
  expect(responseOf(readStreamTranscript(textOf("openai-responses-completed.sse"))).serviceTier).toBe("flex");
});

test("hints fill in what a stream does not say", () => {
  const hints = { provider: "aws", model: "us.amazon.nova-pro-v1:0" };
  expect(responseOf(readStreamTranscript(textOf("bedrock-converse-stream.jsonl"), hints))).toMatchObject({
    ...hints,
    flavor: "bedrock_converse",
  });
});

test("an event that is larger than the limit is skipped, and the rest is read", () => {
  const reader = createStreamReader();
  const piece = "x".repeat(1 << 20);
  reader.push('data: {"huge":"');
  for (let sent = 0; sent <= eventCharactersMax; sent += piece.length) reader.push(piece);
  reader.push('"}\n\n');
  reader.push(sse(chunk({ prompt_tokens: 9, completion_tokens: 3 }, "stop")));
  const response = responseOf(reader.finish());
  expect(response).toMatchObject({ status: "partial", quantities: { input: 9, output: 3 } });
  expect(response.notes).toContain("events that could not be read: 1");
});

test("content never reaches the reading", () => {
  for (const name of streams) {
    const text = textOf(name).replaceAll('"Hi"', '"a private sentence"');
    expect(JSON.stringify(readStreamTranscript(text))).not.toContain("private");
  }
});

test("no transcript makes the reader throw", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 4 }), { maxLength: 6 }), fc.string(), (values, noise) => {
      readStreamTranscript(values);
      readStreamTranscript(noise);
      readStreamTranscript(values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join(noise));
      readStreamTranscript(JSON.stringify(values));
    }),
  );
});
