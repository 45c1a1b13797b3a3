import type { ImportFormat } from "@llm-cost-ops/contract";
import type { ImportReader, ReadContext, ReadItem } from "./import-reader.ts";
import { type JsonObject, objectIn } from "./json-fields.ts";
import { type FileHead, isLineByLine } from "./source/file-head.ts";
import { isTooDeep, nestingMax, readJsonValues, type ValueDefect } from "./source/json-values.ts";
import { lineBytesMax, readLines } from "./source/source-lines.ts";

/** Longest excerpt of a rejected line that a report carries. */
const excerptCharsMax = 1_000;

/** A format whose values are JSON objects: one a line, in a list, or in a list in an object. */
export interface JsonFormat {
  readonly format: ImportFormat;
  /** Keys of a top-level object whose list holds the values. */
  readonly listKeys: readonly string[];
  sniff(head: FileHead): number;
  /** Begins one file. */
  open(context: ReadContext): JsonTaker;
}

export interface JsonTaker {
  /** What one value gives; must not throw for what is in it. */
  take(value: JsonObject, line: number, bytes: Buffer): readonly ReadItem[];
  /** What was held back until the end of the file. */
  end?(): readonly ReadItem[];
}

export function jsonReader(format: JsonFormat): ImportReader {
  return {
    format: format.format,
    sniff: (head) => format.sniff(head),
    async *read(source, head, context) {
      const taker = format.open(context);
      const slices = isLineByLine(head, format.listKeys) ? readLines(source) : readJsonValues(source, format.listKeys);
      for await (const batch of slices) {
        for (const slice of batch) {
          if (slice.defect !== undefined) yield rejectedSlice(slice.line, slice.defect, slice.bytes);
          else yield* takeSlice(taker, slice.line, slice.bytes);
        }
      }
      if (taker.end !== undefined) yield* taker.end();
    },
  };
}

function takeSlice(taker: JsonTaker, line: number, bytes: Buffer): readonly ReadItem[] {
  if (isTooDeep(bytes)) return [rejectedSlice(line, "too_deep", bytes)];
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return [{ line, rejected: "not valid JSON", content: excerpt(bytes) }];
  }
  const object = objectIn(value);
  if (object !== undefined) return taker.take(object, line, bytes);
  if (!Array.isArray(value)) return [{ line, rejected: "not a JSON object", content: excerpt(bytes) }];
  return value.flatMap((entry) => {
    const element = objectIn(entry);
    if (element === undefined) return [{ line, rejected: "not a JSON object", content: excerpt(bytes) }];
    return taker.take(element, line, Buffer.from(JSON.stringify(element)));
  });
}

const defectReasons: { readonly [D in ValueDefect]: string } = {
  too_long: `longer than ${lineBytesMax / 1024 / 1024} MiB`,
  not_utf8: "not valid UTF-8",
  too_deep: `nested deeper than ${nestingMax} levels`,
  truncated: "the file ends inside this value",
  unbalanced: "a bracket closes here that was not opened; the rest of the file cannot be read",
};

export function rejectedSlice(line: number, defect: ValueDefect, bytes: Uint8Array): ReadItem {
  return { line, rejected: defectReasons[defect], content: excerpt(bytes) };
}

/** The beginning of a rejected line, for the report. */
export function excerpt(bytes: Uint8Array | string): string {
  const text = typeof bytes === "string" ? bytes : Buffer.from(bytes.subarray(0, excerptCharsMax * 4)).toString("utf8");
  return text.slice(0, excerptCharsMax);
}
