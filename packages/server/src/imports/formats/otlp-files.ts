import type { ImportReader, ReadItem } from "../import-reader.ts";
import { isFilled, type JsonObject, objectIn } from "../json-fields.ts";
import { type JsonTaker, jsonReader } from "../json-reader.ts";
import { SpanMemory } from "../otlp/billable-spans.ts";
import { spansInJson } from "../otlp/otlp-json.ts";

const listNames = ["resourceSpans", "resource_spans"] as const;
const isResourceSpans = (value: JsonObject): boolean => isFilled(value["scopeSpans"]) || isFilled(value["scope_spans"]);

/** Files of OTLP JSON traces: one export request, one a line (as the Collector's file exporter writes), or a list. */
export const otlpFiles: ImportReader = jsonReader({
  format: "otlp",
  listKeys: listNames,
  sniff: (head) =>
    head.objects.some((value) => listNames.some((name) => Array.isArray(value[name])) || isResourceSpans(value)) ||
    /^\s*\{\s*"resource_?[sS]pans"/.test(head.text)
      ? 97
      : 0,
  open: () => new TraceTaker(),
});

class TraceTaker implements JsonTaker {
  readonly #memory = new SpanMemory();

  take(value: JsonObject, line: number): readonly ReadItem[] {
    const list =
      listNames.map((name) => value[name]).find(Array.isArray) ?? (isResourceSpans(value) ? [value] : undefined);
    if (list === undefined) return [{ line, skipped: "not an export of traces" }];
    const spans = list.flatMap((entry) => {
      const resourceSpans = objectIn(entry);
      return resourceSpans === undefined ? [] : [...spansInJson(resourceSpans)];
    });
    return this.#memory
      .decide("", spans)
      .map(({ record, reason }) => (record === undefined ? { line, skipped: reason ?? "" } : { line, record }));
  }
}
