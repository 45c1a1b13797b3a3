import { isAscii, isUtf8 } from "node:buffer";
import { limits } from "@llm-cost-ops/contract/limits";
import { Refusal } from "../refusal.ts";
import { jsonErrorAt } from "./json-error.ts";
import { RejectedRecord } from "./rejected-record.ts";

/** The records that a body carries, each parsed but not yet read. A broken line of NDJSON is rejected by itself. */
export interface ParsedRecords {
  /** The receiver may empty it while it reads. */
  readonly records: unknown[];
  readonly requirePrice: boolean;
  /** Whether every text in them is printable ASCII that JSON writes as it is: one look at the body in place of one each. */
  readonly isPlain: boolean;
}

/**
 * Parses a body of records. Refuses what is not UTF-8 or not JSON (with the position), a batch of another shape and a
 * batch of too many records.
 */
export function parseRecords(bytes: Uint8Array, shape: "record" | "batch" | "lines", listField: string): ParsedRecords {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOnlyAscii = isAscii(buffer);
  const text = isOnlyAscii ? buffer.toString("latin1") : decode(buffer);
  const isPlain = isOnlyAscii && hasOnlyPlainTexts(buffer);
  if (shape === "lines") return { records: parseLines(text), requirePrice: false, isPlain };
  const value = parseJson(text);
  if (shape === "record") return { records: [value], requirePrice: false, isPlain };
  return { ...readBatch(value, listField), isPlain };
}

function decode(buffer: Buffer): string {
  if (!isUtf8(buffer)) throw new Refusal("INVALID_REQUEST", "the body is not valid UTF-8");
  const text = buffer.toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

const backslash = 0x5c;
const deleteCharacter = 0x7f;

/** JSON has control characters and quotes in its texts by escapes alone, which need a backslash; but for U+007F. */
const hasOnlyPlainTexts = (ascii: Buffer): boolean => !ascii.includes(backslash) && !ascii.includes(deleteCharacter);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("INVALID_REQUEST", brokenJson(text));
  }
}

function brokenJson(text: string): string {
  const at = jsonErrorAt(text);
  if (at >= text.length) return `the body is not valid JSON: it ends too early, at position ${at}`;
  return `the body is not valid JSON: unexpected ${JSON.stringify(text[at])} at position ${at}`;
}

function parseLines(text: string): unknown[] {
  const records: unknown[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    try {
      records.push(JSON.parse(line));
    } catch {
      records.push(new RejectedRecord("INVALID_REQUEST", brokenJson(line).replace("the body", "the line")));
    }
  }
  return records;
}

function readBatch(value: unknown, listField: string): Omit<ParsedRecords, "isPlain"> {
  if (Array.isArray(value)) return { records: checkCount(value), requirePrice: false };
  const shapeMessage = `a batch must be a list of records, or an object with a list in ${listField}`;
  if (typeof value !== "object" || value === null) throw new Refusal("VALIDATION_ERROR", shapeMessage);
  const batch = value as Readonly<Record<string, unknown>>;
  const hasRequirePrice = listField === "records";
  const fieldErrors: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const key of Object.keys(batch)) {
    if (key !== listField && !(hasRequirePrice && key === "require_price")) {
      fieldErrors[key.slice(0, 80)] = "is not a field of a batch";
    }
  }
  const list = batch[listField];
  if (!Array.isArray(list)) fieldErrors[listField] = "must be a list of records";
  const requirePrice = hasRequirePrice ? batch["require_price"] : undefined;
  if (requirePrice !== undefined && typeof requirePrice !== "boolean")
    fieldErrors["require_price"] = "must be a boolean";
  if (Object.keys(fieldErrors).length > 0 || !Array.isArray(list)) {
    throw new Refusal("VALIDATION_ERROR", shapeMessage, { fieldErrors });
  }
  return { records: checkCount(list), requirePrice: requirePrice === true };
}

function checkCount(records: unknown[]): unknown[] {
  if (records.length <= limits.batchRecords) return records;
  throw new Refusal(
    "PAYLOAD_TOO_LARGE",
    `a batch may have at most ${limits.batchRecords} records; this one has ${records.length}`,
  );
}
