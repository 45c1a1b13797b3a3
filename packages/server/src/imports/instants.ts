import { parseInstant } from "@llm-cost-ops/core";
import { latestInstantMs } from "../usage/event-instant.ts";

/** Epoch numbers below this are seconds (year 5138), below the next milliseconds, then microseconds, then nanoseconds. */
const secondsBelow = 1e11;
const millisecondsBelow = 1e14;
const microsecondsBelow = 1e17;

/**
 * A time as exports write it, in milliseconds since 1970 UTC: ISO 8601 with `T` or a space, any number of fraction
 * digits (cut), with an offset or without (then UTC), with ` UTC` behind it; or a count since the epoch in seconds,
 * milliseconds, microseconds or nanoseconds. Undefined for anything else.
 * @example instantMs("2023-11-16 18:15:46.6805900") // 1700158546680
 */
export function instantMs(value: unknown): number | undefined {
  if (typeof value === "number") return epochMs(value);
  if (typeof value !== "string" || value.length > 64) return undefined;
  const text = value.trim();
  if (/^\d{9,19}(\.\d+)?$/.test(text)) return epochMs(Number(text));
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d+))?)?\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?$/i.exec(text);
  if (match === null) return undefined;
  const [, day, time, fraction, zone] = match;
  const clock = time === undefined ? "00:00:00" : time.length === 5 ? `${time}:00` : time;
  const ms = parseInstant(`${day}T${clock}.${(fraction ?? "0").slice(0, 9)}${offsetOf(zone)}`);
  return ms !== undefined && ms >= 0 && ms <= latestInstantMs ? ms : undefined;
}

function offsetOf(zone: string | undefined): string {
  if (zone === undefined || /^(z|utc)$/i.test(zone)) return "Z";
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

function epochMs(count: number): number | undefined {
  if (!Number.isFinite(count) || count <= 0) return undefined;
  const ms =
    count < secondsBelow
      ? count * 1_000
      : count < millisecondsBelow
        ? count
        : count < microsecondsBelow
          ? count / 1_000
          : count / 1_000_000;
  const whole = Math.floor(ms);
  return whole <= latestInstantMs ? whole : undefined;
}
