import { createStreamReader, type StreamReader } from "@llm-cost-ops/core";
import type { ImportReader, ReadItem } from "../import-reader.ts";
import { objectIn } from "../json-fields.ts";
import { rejectedSlice } from "../json-reader.ts";
import { providerRecord } from "../provider-record.ts";
import { readLines } from "../source/source-lines.ts";

/** Event types that begin a response, whatever came before. */
const beginTypes: ReadonlySet<string> = new Set(["message_start", "response.created", "message-start", "stream-start"]);

/** Event types after which nothing of the same response follows but a `[DONE]`. */
const endTypes: ReadonlySet<string> = new Set([
  "message_stop",
  "message-end",
  "stream-end",
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.done",
]);

/** Transcripts of server-sent events, one stream after another in a file. */
export const sseTranscripts: ImportReader = {
  format: "sse",
  sniff: (head) => (/^(?:event|data|id|retry): ?\S/m.test(head.text) && /^data: ?[{[]/m.test(head.text) ? 95 : 0),
  async *read(source, _head, context) {
    const hints = context.defaultProvider === undefined ? {} : { provider: context.defaultProvider };
    let stream: OpenStream | undefined;
    // An event's name comes before its data, and only the data tells whether another stream begins.
    let name = "";
    for await (const lines of readLines(source)) {
      for (const { line, bytes, defect } of lines) {
        if (defect !== undefined) {
          yield rejectedSlice(line, defect, bytes);
          continue;
        }
        const text = bytes.toString("utf8");
        if (text.startsWith("event:")) {
          name = `${text}\n`;
          continue;
        }
        const event = eventIn(text);
        if (stream !== undefined && event !== undefined && beginsAnother(stream, event)) {
          yield stream.close();
          stream = undefined;
        }
        // Lines of an event that belongs to no stream any more (a repeated [DONE]) open none.
        if (stream === undefined && event?.done === true) continue;
        stream ??= new OpenStream(line, createStreamReader(hints));
        stream.push(`${name}${text}`, event);
        name = "";
      }
    }
    if (stream !== undefined) yield stream.close();
  },
};

interface StreamEvent {
  /** `[DONE]`, which belongs to the stream before it. */
  readonly done: boolean;
  readonly ends: boolean;
  readonly id: string | undefined;
  readonly begins: boolean;
}

/** What a line says about the boundaries of streams; undefined for lines that say nothing. */
function eventIn(line: string): StreamEvent | undefined {
  if (!line.startsWith("data:")) return undefined;
  const data = line.slice(5).trim();
  if (data === "[DONE]") return { done: true, ends: true, id: undefined, begins: false };
  // Only names are looked at, and early in the line, so that content is not parsed twice.
  try {
    const chunk = objectIn(JSON.parse(data));
    if (chunk === undefined) return undefined;
    const type = chunk["type"] ?? chunk["event_type"];
    const begins = typeof type === "string" && beginTypes.has(type);
    const ends = typeof type === "string" && endTypes.has(type);
    const isChunk = Array.isArray(chunk["choices"]) || Array.isArray(chunk["candidates"]);
    const id = isChunk ? (chunk["id"] ?? chunk["responseId"]) : undefined;
    return { done: false, ends, id: typeof id === "string" && id !== "" ? id : undefined, begins };
  } catch {
    return undefined;
  }
}

function beginsAnother(stream: OpenStream, event: StreamEvent): boolean {
  if (event.done) return false;
  return (
    stream.hasEnded ||
    (event.begins && stream.hasEvents) ||
    (event.id !== undefined && stream.id !== undefined && event.id !== stream.id)
  );
}

class OpenStream {
  readonly #line: number;
  readonly #reader: StreamReader;
  id: string | undefined;
  hasEnded = false;
  hasEvents = false;

  constructor(line: number, reader: StreamReader) {
    this.#line = line;
    this.#reader = reader;
  }

  push(text: string, event: StreamEvent | undefined): void {
    // The line reader drops the blank lines between events; an event ends with its data.
    this.#reader.push(`${text}\n\n`);
    if (event === undefined) return;
    this.hasEvents = true;
    this.hasEnded ||= event.ends;
    this.id ??= event.id;
  }

  close(): ReadItem {
    const reading = this.#reader.finish();
    if (reading.kind === "response") {
      return { line: this.#line, record: { ...providerRecord(reading.response), stream: true } };
    }
    return { line: this.#line, skipped: reading.detail };
  }
}
