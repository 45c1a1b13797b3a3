import { UsageInput } from "@llm-cost-ops/contract";
import type { ImportReader, ReadContext, ReadItem } from "../import-reader.ts";
import { instantMs } from "../instants.ts";
import { isFilled, type JsonObject, objectIn } from "../json-fields.ts";
import { excerpt, type JsonTaker, jsonReader, rejectedSlice } from "../json-reader.ts";
import { type FileHead, isLineByLine } from "../source/file-head.ts";
import { readLines } from "../source/source-lines.ts";

const ownFields: ReadonlySet<string> = new Set(Object.keys(UsageInput.shape));
const countFields = ["input_tokens", "prompt_tokens", "output_tokens", "completion_tokens", "total_tokens"] as const;

/** Whether every field is one of ours, and it says what was consumed. */
function isOwnRecord(object: JsonObject): boolean {
  const names = Object.keys(object);
  if (names.length === 0 || !names.every((name) => ownFields.has(name))) return false;
  const hasModel = isFilled(object["model"]) || isFilled(object["model_id"]);
  const hasCounts = countFields.some((field) => isFilled(object[field])) || isFilled(object["units"]);
  return hasModel && (hasCounts || objectIn(object["usage"]) !== undefined);
}

function sniffOwn(head: FileHead): number {
  if (head.objects.length === 0) return 0;
  const own = head.objects.filter(isOwnRecord).length;
  if (own > 0) return 80;
  // Also files whose first records have mistakes: the report should name them.
  return head.objects.some((object) => isFilled(object["model"]) && countFields.some((f) => isFilled(object[f])))
    ? 30
    : 0;
}

/** Our own JSON: a list, `{"records": […]}`, or one object. */
export const ownJson: ImportReader = {
  ...jsonReader({
    format: "json",
    listKeys: ["records"],
    sniff: sniffOwn,
    open: (): JsonTaker => ({ take: (value, line) => [{ line, record: value as UsageInput }] }),
  }),
  sniff: (head) => (isLineByLine(head, ["records"]) ? sniffOwn(head) - 5 : sniffOwn(head)),
};

/**
 * Our own JSON, one record a line. Lines go to the ledger as the bytes that they are: only a missing `id` is put in, so
 * that this thread neither parses nor writes JSON for them.
 */
export const ownLines: ImportReader = {
  format: "jsonl",
  sniff: (head) => (isLineByLine(head, ["records"]) ? sniffOwn(head) : sniffOwn(head) - 5),
  async *read(source, _head, context) {
    for await (const lines of readLines(source)) {
      for (const { line, bytes, defect } of lines) {
        if (defect !== undefined) yield rejectedSlice(line, defect, bytes);
        else yield context.hasDefaults ? parsedLine(line, bytes) : rawLine(line, bytes, context);
      }
    }
  },
};

function parsedLine(line: number, bytes: Buffer): ReadItem {
  try {
    const object = objectIn(JSON.parse(bytes.toString("utf8")));
    if (object !== undefined) return { line, record: object as UsageInput };
    return { line, rejected: "not a JSON object", content: excerpt(bytes) };
  } catch {
    return { line, rejected: "not valid JSON", content: excerpt(bytes) };
  }
}

function rawLine(line: number, bytes: Buffer, context: ReadContext): ReadItem {
  const record = trimmed(bytes);
  if (record[0] !== openBrace) return { line, rejected: "not a JSON object", content: excerpt(bytes) };
  if (hasOwnId(record)) return { line, json: record };
  return { line, json: withId(record, context.identify(record, occurredAtIn(record))) };
}

const openBrace = 123;
const idFirst = Buffer.from('{"id":"');
const idKey = Buffer.from('"id"');

/** Whether a record has an `id` of its own. Most lines begin with it; else the key is looked up at the top level only. */
function hasOwnId(record: Buffer): boolean {
  if (record.subarray(0, idFirst.length).equals(idFirst)) return true;
  return record.includes(idKey) && isTopLevelKey(record, "id");
}

function isTopLevelKey(record: Buffer, key: string): boolean {
  try {
    return Object.hasOwn(JSON.parse(record.toString("utf8")) as object, key);
  } catch {
    return false; // Not JSON: the ledger will refuse it, with or without an id.
  }
}

function withId(record: Buffer, id: string): Buffer {
  const rest = record.subarray(1);
  const isEmpty = trimmed(rest)[0] === 125;
  return Buffer.concat([Buffer.from(`{"id":"${id}"${isEmpty ? "" : ","}`), rest]);
}

const timePattern = /"(?:occurred_at|timestamp)"\s*:\s*(?:"([^"\\]{1,64})"|(\d{1,16}))/;

/** The time of a record that is not parsed. A wrong guess costs only locality: it is the same in every run. */
function occurredAtIn(record: Buffer): number | undefined {
  const match = timePattern.exec(record.toString("latin1"));
  if (match === null) return undefined;
  return instantMs(match[1] ?? Number(match[2]));
}

function trimmed(bytes: Buffer): Buffer {
  let start = 0;
  let end = bytes.length;
  while (start < end && (bytes[start] as number) <= 32) start++;
  while (end > start && (bytes[end - 1] as number) <= 32) end--;
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}
