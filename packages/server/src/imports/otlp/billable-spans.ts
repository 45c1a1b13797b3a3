import type { ImportedRecord } from "../import-reader.ts";
import type { Span } from "./span.ts";
import { readSpan } from "./span-usage.ts";

/** A span with what it came to. */
export interface ReadSpan {
  readonly span: Span;
  readonly record: ImportedRecord | undefined;
  readonly reason: string | undefined;
}

/**
 * Remembers which spans had a billed child, so that a parent that repeats its child is not billed too, also when it
 * arrives later (children end, and are exported, before their parents). Bounded: the oldest are forgotten.
 */
export class SpanMemory {
  readonly #parentsMax: number;
  readonly #parents = new Set<string>();

  constructor(parentsMax = 50_000) {
    this.#parentsMax = parentsMax;
  }

  /** Decides for spans that came together. `scope` keeps organizations apart. */
  decide(scope: string, spans: readonly Span[]): readonly ReadSpan[] {
    const read = spans.map((span) => ({ span, reading: readSpan(span) }));
    for (const { span, reading } of read) {
      if (reading.kind === "call" && span.parentSpanId !== undefined) {
        this.#remember(keyOf(scope, span.traceId, span.parentSpanId));
      }
    }
    return read.map(({ span, reading }) => {
      if (reading.kind === "other") return { span, record: undefined, reason: reading.reason };
      if (!this.#parents.has(keyOf(scope, span.traceId, span.spanId))) {
        return { span, record: reading.record, reason: undefined };
      }
      return { span, record: undefined, reason: "repeats a model call inside it" };
    });
  }

  #remember(key: string): void {
    this.#parents.delete(key);
    this.#parents.add(key);
    if (this.#parents.size <= this.#parentsMax) return;
    const [oldest] = this.#parents;
    if (oldest !== undefined) this.#parents.delete(oldest);
  }
}

const keyOf = (scope: string, traceId: string, spanId: string): string => `${scope}\n${traceId}\n${spanId}`;
