import type { ImportedRecord } from "./import-reader.ts";
import { isFilled, objectIn } from "./json-fields.ts";

/** What the options say for records that do not say it themselves. */
export interface RecordDefaults {
  readonly provider?: string;
  readonly model?: string;
  readonly project_id?: string;
  readonly user_id?: string;
  readonly occurred_at?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export const hasDefaults = (defaults: RecordDefaults): boolean => Object.keys(defaults).length > 0;

/** The record with the defaults in its empty places. Its own tags go before default tags of the same key. */
export function withDefaults(record: ImportedRecord, defaults: RecordDefaults): ImportedRecord {
  const filled: { -readonly [K in keyof ImportedRecord]: ImportedRecord[K] } = { ...record };
  if (defaults.provider !== undefined && !isFilled(record.provider)) filled.provider = defaults.provider;
  if (defaults.model !== undefined && !isFilled(record.model) && !isFilled(record.model_id)) {
    filled.model = defaults.model;
  }
  if (defaults.project_id !== undefined && !isFilled(record.project_id)) filled.project_id = defaults.project_id;
  if (defaults.user_id !== undefined && !isFilled(record.user_id)) filled.user_id = defaults.user_id;
  if (defaults.occurred_at !== undefined && !isFilled(record.occurred_at) && !isFilled(record.timestamp)) {
    filled.occurred_at = defaults.occurred_at;
  }
  if (defaults.tags !== undefined) filled.tags = mergeTags(record.tags, defaults.tags);
  return filled;
}

function mergeTags(own: ImportedRecord["tags"], defaults: Readonly<Record<string, string>>): ImportedRecord["tags"] {
  if (!Array.isArray(own)) return { ...defaults, ...objectIn(own) } as Record<string, string>;
  const listed = own.filter((tag) => typeof tag === "string");
  const keys = new Set(listed.map((tag) => tag.split(/[:=]/, 1)[0]));
  const missing = Object.entries(defaults).filter(([key]) => !keys.has(key));
  return [...own, ...missing.map(([key, value]) => `${key}=${value}`)];
}

/** Reads `key=value,key:value,key`, as the tags option is written. */
export function parseTags(text: string): Record<string, string> {
  const pairs = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part): [string, string] => {
      const at = part.search(/[:=]/);
      return at === -1 ? [part, "true"] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    });
  return Object.fromEntries(pairs.filter(([key]) => key !== "" && key !== "__proto__"));
}
