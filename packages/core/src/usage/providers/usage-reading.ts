import type { ProviderUsage, UsageContradiction, UsageStatus } from "../usage-flavors.ts";
import type { UsageKind } from "../usage-kinds.ts";
import { isPresent, type JsonObject, objectOf, valueAt } from "./provider-json.ts";

/** A count as a provider sent it, with the field's path for messages. */
export interface Count {
  readonly name: string;
  readonly value: number;
}

/** One usage object while it is being read. Made by `openReading`, turned into a value by `closeReading`. */
export interface UsageReading {
  readonly usage: JsonObject;
  readonly quantities: { [K in UsageKind]?: number };
  readonly contradictions: UsageContradiction[];
  readonly notes: string[];
  /** Some field that this reader knows was present, even if malformed. */
  seen: boolean;
  /** A quantity rests on an assumption, or a field had to be left out. */
  approximate: boolean;
  inputReported: boolean;
  outputReported: boolean;
}

export function openReading(usage: unknown): UsageReading | undefined {
  const object = objectOf(usage);
  if (object === undefined) return undefined;
  return {
    usage: object,
    quantities: {},
    contradictions: [],
    notes: [],
    seen: false,
    approximate: false,
    inputReported: false,
    outputReported: false,
  };
}

/**
 * The first of the named fields that holds a count (an integer from 0 to 2^53-1). Null and absent fields are skipped;
 * strings, negatives and fractions are left out with a note, and the reading becomes approximate.
 */
export function countAt(reading: UsageReading, ...paths: readonly string[]): Count | undefined {
  for (const path of paths) {
    const value = valueAt(reading.usage, path);
    if (!isPresent(value)) continue;
    reading.seen = true;
    const count = acceptCount(reading, path, value);
    if (count !== undefined) return count;
  }
  return undefined;
}

/** Takes a value found elsewhere than at a fixed path (in a list) as a count, by the rules of `countAt`. */
export function acceptCount(reading: UsageReading, name: string, value: unknown): Count | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return { name, value: value + 0 };
  assume(reading, `${name} is ${describe(value)}, not a count; it was left out`);
  return undefined;
}

function describe(value: unknown): string {
  if (typeof value !== "number") return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
  if (value < 0) return "negative";
  return Number.isInteger(value) ? "larger than 2^53-1" : "not an integer";
}

/** A duration in seconds, which providers send whole or fractional, as milliseconds. */
export function secondsAsMs(reading: UsageReading, path: string): number | undefined {
  const value = valueAt(reading.usage, path);
  if (!isPresent(value)) return undefined;
  reading.seen = true;
  const ms = typeof value === "number" ? Math.round(value * 1000) : Number.NaN;
  if (Number.isSafeInteger(ms) && ms >= 0) return ms;
  assume(reading, `${path} is not a duration in seconds; it was left out`);
  return undefined;
}

/** Adds to a kind; zero adds nothing, so that kinds that were not consumed stay absent. */
export function addQuantity(reading: UsageReading, kind: UsageKind, value: number): void {
  if (value === 0) return;
  const sum = (reading.quantities[kind] ?? 0) + value;
  if (Number.isSafeInteger(sum)) reading.quantities[kind] = sum;
  else assume(reading, `${kind} exceeds 2^53-1; ${value} was left out`);
}

export function contradict(reading: UsageReading, first: string, second: string, message: string): void {
  reading.contradictions.push({ fields: [first, second], message });
}

/** Notes an assumption on which a quantity rests. */
export function assume(reading: UsageReading, note: string): void {
  reading.notes.push(note);
  reading.approximate = true;
}

export interface ReadingExtras {
  readonly serviceTier?: string | undefined;
  readonly reportedCost?: ProviderUsage["reportedCost"];
}

/**
 * The finished usage, or undefined when the object held no field of this shape. A side that was reported as zero keeps
 * its zero: a provider that says "nothing" is not the same as one that says nothing.
 */
export function closeReading(reading: UsageReading, extras: ReadingExtras = {}): ProviderUsage | undefined {
  const { quantities, contradictions, notes } = reading;
  if (!reading.seen) return undefined;
  if (reading.inputReported && !hasKind(quantities, "input", "cache_")) quantities.input = 0;
  if (reading.outputReported && !hasKind(quantities, "output", "reasoning")) quantities.output = 0;
  const status: UsageStatus = contradictions.length > 0 || reading.approximate ? "partial" : "reported";
  return {
    quantities,
    status,
    contradictions,
    ...(notes.length > 0 ? { notes } : {}),
    ...(extras.serviceTier === undefined ? {} : { serviceTier: extras.serviceTier }),
    ...(extras.reportedCost === undefined ? {} : { reportedCost: extras.reportedCost }),
  };
}

function hasKind(quantities: object, ...prefixes: readonly string[]): boolean {
  return Object.keys(quantities).some((kind) => prefixes.some((prefix) => kind.startsWith(prefix)));
}
