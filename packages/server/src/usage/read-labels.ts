import { limits } from "@llm-cost-ops/contract/limits";
import { TagTexts } from "./tag-texts.ts";

/** What is wrong with a value, as the end of a sentence that begins with the field's name. */
export class LabelProblem {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const plainAscii = /^[\x20-\x7e]*$/;
/** Printable ASCII that JSON writes as it is: to look is cheaper than a call of `JSON.stringify` for short plain texts. */
const plainJson = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** Whether text may stand in a name or a label: no control characters, no lone surrogates, no line separators. */
export const isPrintable = (text: string): boolean => plainAscii.test(text) || !unprintable.test(text);

/** Whether free text can be stored everywhere: no NUL, no lone surrogates. */
const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes("\0");

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Few keys are put in order by hand: the engine's sort makes copies. */
const fewKeys = 12;

/** The keys of a map in the order of their code units. */
function sortedKeys(map: object): readonly string[] {
  const keys = Object.keys(map);
  if (keys.length > fewKeys) return keys.sort(byCodeUnit);
  for (let at = 1; at < keys.length; at += 1) {
    const key = keys[at] as string;
    let to = at;
    for (; to > 0 && (keys[to - 1] as string) > key; to -= 1) keys[to] = keys[to - 1] as string;
    keys[to] = key;
  }
  return keys;
}

/**
 * Tags in their one form: the text of a JSON object of strings with sorted keys. A list entry `key:value` or
 * `key=value` is split at the first `:` or `=`; a bare `key` has the value `true`. Numbers and booleans become text.
 * `isPlain` says that every text is printable ASCII that JSON writes as it is.
 */
export function readTags(value: unknown, isPlain = false): string | LabelProblem {
  if (value === null || value === undefined) return "{}";
  if (Array.isArray(value)) return readTagList(value);
  if (typeof value !== "object") return new LabelProblem("must be a map of strings or a list of strings");
  const map = value as Readonly<Record<string, unknown>>;
  const known = tagTexts.find(map);
  if (known !== undefined) return known;
  const text = writeTags(map, isPlain);
  if (typeof text === "string") tagTexts.keep(map, text);
  return text;
}

const tagTexts = new TagTexts();

function writeTags(map: Readonly<Record<string, unknown>>, isPlain: boolean): string | LabelProblem {
  const keys = sortedKeys(map);
  if (keys.length > limits.tagCount) return new LabelProblem(`must have at most ${limits.tagCount} entries`);
  let text = "{";
  for (const key of keys) {
    const tag = map[key];
    const written = typeof tag === "string" ? tag : writeTagValue(tag);
    if (written instanceof LabelProblem) return written;
    const problem = tagLengthProblem(key, written);
    if (problem !== undefined) return problem;
    // Nearly all tags are plain, which one look each tells; only others are looked at once more.
    const quotedKey = isPlain ? `"${key}"` : quotedTag(key);
    const quotedValue = isPlain ? `"${written}"` : quotedTag(written);
    if (quotedKey === undefined || quotedValue === undefined) return unprintableTag;
    text += `${text.length > 1 ? "," : ""}${quotedKey}:${quotedValue}`;
  }
  return `${text}}`;
}

/** JSON text of a tag's key or value; undefined where it cannot be printed. */
function quotedTag(text: string): string | undefined {
  if (plainJson.test(text)) return `"${text}"`;
  return isPrintable(text) ? JSON.stringify(text) : undefined;
}

const unprintableTag = new LabelProblem("must not contain control characters");

function writeTagValue(value: unknown): string | LabelProblem {
  if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return String(value);
  return new LabelProblem("must be a map of strings or a list of strings");
}

function tagProblem(key: string, value: string): LabelProblem | undefined {
  return tagLengthProblem(key, value) ?? (isPrintable(key) && isPrintable(value) ? undefined : unprintableTag);
}

function tagLengthProblem(key: string, value: string): LabelProblem | undefined {
  if (key === "") return new LabelProblem("must not have an empty key");
  if (key.length > limits.tagKeyLength) {
    return new LabelProblem(`must have keys of at most ${limits.tagKeyLength} characters`);
  }
  if (value.length > limits.tagValueLength) {
    return new LabelProblem(`must have values of at most ${limits.tagValueLength} characters`);
  }
  return undefined;
}

function readTagList(list: readonly unknown[]): string | LabelProblem {
  const map = new Map<string, string>();
  for (const entry of list) {
    if (typeof entry !== "string") return new LabelProblem("must be a map of strings or a list of strings");
    const at = entry.search(/[:=]/);
    const key = at === -1 ? entry : entry.slice(0, at);
    const value = at === -1 ? "true" : entry.slice(at + 1);
    const known = map.get(key);
    if (known !== undefined && known !== value) return new LabelProblem(`name "${key}" twice with different values`);
    map.set(key, value);
  }
  const entries = [...map].sort(([a], [b]) => byCodeUnit(a, b));
  if (entries.length > limits.tagCount) return new LabelProblem(`must have at most ${limits.tagCount} entries`);
  for (const [key, value] of entries) {
    const problem = tagProblem(key, value);
    if (problem !== undefined) return problem;
  }
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}

/** A JSON object as text with sorted keys, or what forbids it: its size in bytes, its depth, text that cannot be kept. */
export function readJsonObject(value: unknown, bytesMax: number): string | LabelProblem {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return new LabelProblem("must be an object");
  // The object itself lies one level below its record.
  const text = writeCanonical(value, limits.jsonDepth - 1);
  if (typeof text !== "string") return text;
  const tooLong = text.length > bytesMax || (text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax);
  return tooLong ? new LabelProblem(`must be at most ${bytesMax} bytes of JSON`) : text;
}

/** JSON with sorted keys. Recursion is bounded by `depth`. */
function writeCanonical(value: unknown, depth: number): string | LabelProblem {
  if (typeof value === "string") {
    return isStorable(value) ? JSON.stringify(value) : new LabelProblem("must not contain NUL or broken characters");
  }
  if (typeof value === "number") {
    return Number.isFinite(value) ? String(value + 0) : new LabelProblem("must not contain numbers beyond 1.8e308");
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (depth === 0) return new LabelProblem(`must not be nested deeper than ${limits.jsonDepth} levels`);
  if (typeof value !== "object") return new LabelProblem("must be JSON");
  return Array.isArray(value) ? writeList(value, depth) : writeObject(value as Record<string, unknown>, depth);
}

function writeList(list: readonly unknown[], depth: number): string | LabelProblem {
  let text = "[";
  for (const entry of list) {
    const written = writeCanonical(entry, depth - 1);
    if (typeof written !== "string") return written;
    text += text.length > 1 ? `,${written}` : written;
  }
  return `${text}]`;
}

function writeObject(map: Readonly<Record<string, unknown>>, depth: number): string | LabelProblem {
  const keys = sortedKeys(map);
  let text = "{";
  for (const key of keys) {
    if (!isStorable(key)) return new LabelProblem("must not contain NUL or broken characters");
    const entry = map[key];
    if (entry === undefined) continue;
    const written = writeCanonical(entry, depth - 1);
    if (typeof written !== "string") return written;
    text += `${text.length > 1 ? "," : ""}${JSON.stringify(key)}:${written}`;
  }
  return `${text}}`;
}
