import { limits } from "@llm-cost-ops/contract";

/** A JSON object from a file: any name, any value. */
export type JsonObject = { readonly [name: string]: unknown };

export function objectIn(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** An object, or the object in a JSON text (exports to CSV and databases store objects as text). */
export function objectOrJson(value: unknown): JsonObject | undefined {
  if (typeof value !== "string") return objectIn(value);
  if (!/^\s*\{/.test(value)) return undefined;
  try {
    return objectIn(JSON.parse(value));
  } catch {
    return undefined;
  }
}

// Names that the contract refuses (control characters) are cleaned rather than lost: the call itself is good.
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029]/gu;

/** A name as the contract accepts one, cut to its length; undefined for what is not text or is empty. */
export function nameIn(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const name = value.replace(unprintable, " ").trim().slice(0, limits.nameLength);
  return name === "" ? undefined : name;
}

/** The first of the named fields that holds a name. */
export function firstName(object: JsonObject, ...fields: readonly string[]): string | undefined {
  for (const field of fields) {
    const name = nameIn(object[field]);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** A count from 0 to 2^53-1, also as decimal digits in a text; undefined for anything else. */
export function countIn(value: unknown): number | undefined {
  const count = typeof value === "string" && /^\d{1,16}(\.0+)?$/.test(value.trim()) ? Number(value) : value;
  return typeof count === "number" && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

export function firstCount(object: JsonObject, ...fields: readonly string[]): number | undefined {
  for (const field of fields) {
    const count = countIn(object[field]);
    if (count !== undefined) return count;
  }
  return undefined;
}

/** Whether a field is there with a value: exports write null and the empty text for "does not apply". */
export const isFilled = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

/** The object without the fields that hold nothing, or undefined if nothing is left. */
export function compact(object: JsonObject): JsonObject | undefined {
  const entries = Object.entries(object).filter(([, value]) => isFilled(value));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Fields of a record, those without a value left out. */
export function fieldsOf<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as T;
}
