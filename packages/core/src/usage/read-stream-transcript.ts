import { type ResponseHints, readProviderResponse } from "./read-provider-response.ts";
import { createChunkAssembler } from "./stream/assemble-chunks.ts";
import { createJsonDecoder } from "./stream/json-decoder.ts";
import { createSseDecoder, type EventDecoder } from "./stream/sse-decoder.ts";
import type { ProviderResponse } from "./usage-flavors.ts";

/** What a stream came to. Without usage there is a reason: nothing is ever guessed from the text. */
export type StreamReading =
  | { readonly kind: "response"; readonly response: ProviderResponse }
  | {
      readonly kind: "no_usage";
      /**
       * `empty`: no event arrived. `interrupted`: the stream broke before its usage. `failed`: it reported an error.
       * `not_reported`: it ended properly without usage. `unreadable`: its usage has no known shape.
       */
      readonly reason: "empty" | "interrupted" | "failed" | "not_reported" | "unreadable";
      readonly detail: string;
    };

/** Reads one streamed response while it passes, in pieces of any size. Keeps names and counts, never content. */
export interface StreamReader {
  push(text: string): void;
  /** Call once, when the stream has ended or broken. */
  finish(): StreamReading;
}

const firstCharacter = /[^\s\u{FEFF}]/u;

/**
 * A reader for one response: server-sent events of any provider, or the same chunks as JSON lines or a JSON list. Holds
 * one event at a time (at most 32 Mi characters; a larger one is skipped). A stream that stops before its last event is
 * `partial`; later usage replaces earlier usage, zeros replace nothing.
 */
export function createStreamReader(hints: ResponseHints = {}): StreamReader {
  const assembler = createChunkAssembler();
  let unparsed = 0;
  let decoder: EventDecoder | undefined;

  const addJson = (text: string, eventName?: string): boolean => {
    try {
      assembler.add(JSON.parse(text), eventName);
      return true;
    } catch {
      return false; // Not JSON: the caller decides whether that matters.
    }
  };
  const addData = (text: string, eventName: string | undefined): boolean => {
    if (text.trim() !== "[DONE]") return addJson(text, eventName);
    assembler.markEnded();
    return true;
  };
  const createDecoder = (first: string): EventDecoder => {
    if (first === "{" || first === "[") {
      return createJsonDecoder((text) => {
        if (!addJson(text)) unparsed += 1;
      });
    }
    return createSseDecoder(({ name, data }) => {
      if (addData(data.join("\n"), name)) return;
      // Recorders often drop the blank lines between events: then each line is an event.
      const read = data.filter((line) => addData(line, name)).length;
      unparsed += data.length - read;
    });
  };

  return {
    push(text) {
      if (decoder === undefined) {
        const first = firstCharacter.exec(text);
        if (first === null) return;
        decoder = createDecoder(first[0]);
      }
      decoder.push(text);
    },
    finish() {
      decoder?.end();
      const broken = unparsed + (decoder?.skipped() ?? 0);
      return conclude(assembler.body(), assembler.state(), broken, hints);
    },
  };
}

/**
 * Reads a recorded stream: the text of its transcript (server-sent events, JSON lines or a JSON list) or the list of its
 * chunks as values.
 * @example readStreamTranscript("data: {…}\n\ndata: [DONE]\n\n", { provider: "openai" })
 */
export function readStreamTranscript(
  transcript: string | readonly unknown[],
  hints: ResponseHints = {},
): StreamReading {
  if (typeof transcript === "string") {
    const reader = createStreamReader(hints);
    reader.push(transcript);
    return reader.finish();
  }
  const assembler = createChunkAssembler();
  for (const chunk of transcript) assembler.add(chunk);
  return conclude(assembler.body(), assembler.state(), 0, hints);
}

type State = ReturnType<ReturnType<typeof createChunkAssembler>["state"]>;

function conclude(body: object | undefined, state: State, broken: number, hints: ResponseHints): StreamReading {
  if (body === undefined) return withoutUsage(state, broken);
  const response = readProviderResponse(body, hints);
  if (response === undefined) {
    return { kind: "no_usage", reason: "unreadable", detail: "The stream's usage has no shape that is known." };
  }
  const notes: string[] = [];
  if (state.failed) notes.push("the stream reported an error");
  if (!state.ended) notes.push("the stream ended before its last event");
  if (broken > 0) notes.push(`events that could not be read: ${broken}`);
  if (state.responses > 1) notes.push(`the stream holds ${state.responses} responses; only the last one is read`);
  if (notes.length === 0) return { kind: "response", response };
  return {
    kind: "response",
    response: { ...response, status: "partial", notes: [...(response.notes ?? []), ...notes] },
  };
}

function withoutUsage(state: State, broken: number): StreamReading {
  if (state.failed) return { kind: "no_usage", reason: "failed", detail: "The stream reported an error and no usage." };
  if (state.chunks === 0) {
    const detail = broken > 0 ? `None of ${broken} events is a JSON object.` : "The transcript holds no event.";
    return { kind: "no_usage", reason: "empty", detail };
  }
  if (!state.ended || broken > 0) {
    const detail = `The stream broke after ${state.chunks} events, before it reported usage.`;
    return { kind: "no_usage", reason: "interrupted", detail };
  }
  return { kind: "no_usage", reason: "not_reported", detail: "The stream ended properly and reported no usage." };
}
