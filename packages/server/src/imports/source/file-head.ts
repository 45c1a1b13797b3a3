import { type JsonObject, objectIn } from "../json-fields.ts";
import { isTooDeep, JsonSplitter } from "./json-values.ts";

/** How much of a file is looked at to tell its format. */
export const headBytes = 256 * 1024;

/** The beginning of a file, as far as readers need it to know their own. */
export interface FileHead {
  readonly name: string | undefined;
  readonly bytes: Buffer;
  readonly text: string;
  /** Whether `bytes` is the whole file. */
  readonly whole: boolean;
  /** JSON objects that are complete in the head: lines, elements of a list, or elements of a list in an object. */
  readonly objects: readonly JsonObject[];
  readonly startsLikeJson: boolean;
}

const objectsMax = 50;
/** Keys under which exports put their list; each reader names those that it opens. */
const listKeys = ["records", "data", "observations", "requests", "logs", "items", "results", "resourceSpans"] as const;

export function describeHead(bytes: Buffer, whole: boolean, name: string | undefined): FileHead {
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  const startsLikeJson = /^\s*[[{]/.test(text);
  return { name, bytes, text, whole, startsLikeJson, objects: startsLikeJson ? objectsOf(bytes, text, whole) : [] };
}

function objectsOf(bytes: Buffer, text: string, whole: boolean): readonly JsonObject[] {
  const found: JsonObject[] = [];
  const lines = text.split("\n");
  if (!whole) lines.pop();
  for (const line of lines.slice(0, objectsMax * 2)) {
    if (line.trimStart().startsWith("{")) addObject(found, Buffer.from(line));
  }
  for (const keys of [[], listKeys]) {
    const splitter = new JsonSplitter(keys);
    const slices = [...splitter.push(bytes), ...(whole ? splitter.end() : [])];
    for (const slice of slices.slice(0, objectsMax)) if (slice.defect === undefined) addObject(found, slice.bytes);
  }
  return found.slice(0, objectsMax * 2);
}

function addObject(found: JsonObject[], bytes: Buffer): void {
  if (isTooDeep(bytes)) return;
  try {
    const object = objectIn(JSON.parse(bytes.toString("utf8")));
    if (object !== undefined) found.push(object);
  } catch {
    // Not complete in the head, or broken: the reader will say so with its line number.
  }
}

/**
 * Whether the file is one JSON object a line (then a broken line spoils only itself) rather than one document whose
 * values span lines. A list, an object with a list under one of `keys`, and an object that begins on one line and goes
 * on are documents.
 */
export function isLineByLine(head: FileHead, keys: readonly string[]): boolean {
  const text = head.text.trimStart();
  if (!text.startsWith("{")) return !text.startsWith("[");
  const splitter = new JsonSplitter(keys);
  splitter.push(head.bytes);
  if (splitter.foundKey !== undefined) return false;
  const lineEnd = text.indexOf("\n");
  if (lineEnd === -1) return true;
  const first = text.slice(0, lineEnd).trimEnd();
  return !/[{[,]$/.test(first);
}
