import type { JsonObject } from "../providers/provider-json.ts";
import { objectOf } from "../providers/provider-json.ts";

/** Bounds of what is kept of a usage object in a stream; real ones have a few dozen fields in two levels. */
const fieldsMax = 200;
const depthMax = 4;
const listMax = 100;

/**
 * The usage so far, brought up to date by a later chunk: later counts replace earlier ones, but nothing (null, zero, an
 * empty list) replaces something. Streams repeat their usage cumulatively, and some send zeros for what they said before.
 */
export function mergeUsage(earlier: JsonObject | undefined, later: JsonObject, depth = 1): JsonObject {
  const merged: Record<string, unknown> = { ...earlier };
  for (const [name, value] of Object.entries(later).slice(0, fieldsMax)) {
    if (name === "__proto__" || saysNothing(value, merged[name])) continue;
    const nested = objectOf(value);
    if (nested !== undefined) {
      if (depth < depthMax) merged[name] = mergeUsage(objectOf(merged[name]), nested, depth + 1);
    } else {
      merged[name] = Array.isArray(value) ? value.slice(0, listMax) : value;
    }
  }
  return merged;
}

function saysNothing(value: unknown, before: unknown): boolean {
  if (before === undefined) return value === undefined;
  return value === null || value === undefined || value === 0 || (Array.isArray(value) && value.length === 0);
}
