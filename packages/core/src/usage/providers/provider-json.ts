/** A JSON object from outside: any name, any value. */
export type JsonObject = { readonly [name: string]: unknown };

/** Longest text that is taken from a body (ids, model names, tiers); longer values are content, not names. */
const nameCharactersMax = 512;

export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A non-empty name, or undefined for anything else. */
export function nameOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= nameCharactersMax ? value : undefined;
}

/** Whether a field is there with a value; providers write null for "does not apply". */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Reads `a.b.c`; undefined where a step is not an object. */
export function valueAt(object: JsonObject, path: string): unknown {
  let at: JsonObject | undefined = object;
  let from = 0;
  for (let dot = path.indexOf("."); dot !== -1; dot = path.indexOf(".", from)) {
    at = objectOf(at[path.slice(from, dot)]);
    if (at === undefined) return undefined;
    from = dot + 1;
  }
  return at[from === 0 ? path : path.slice(from)];
}
