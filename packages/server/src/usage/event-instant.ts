import { parseInstant } from "@llm-cost-ops/core";

/** Events lie between 1970 and the end of the year 9999, UTC. */
export const latestInstantMs = 253_402_300_799_999;

const lenient = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;
const daysBeforeMonth: readonly number[] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const daysInMonth: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads the instant of an event: an ISO 8601 date or date-time (UTC where it has no offset; a space for the `T` and a
 * comma for the point are read as well) or milliseconds since 1970. Undefined for anything else and outside 1970–9999.
 */
export function readEventInstant(value: unknown): number | undefined {
  if (typeof value === "string") {
    const plain = readPlainUtc(value);
    const ms = plain === undefined ? readLenient(value) : plain;
    return ms !== undefined && ms >= 0 && ms <= latestInstantMs ? ms : undefined;
  }
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > latestInstantMs) return undefined;
  return value + 0;
}

function readLenient(text: string): number | undefined {
  const match = lenient.exec(text);
  if (match === null) return undefined;
  const [, date = "", time, offset] = match;
  if (time === undefined) return parseInstant(date);
  const zone = offset === undefined ? "Z" : offset.toUpperCase();
  const colon = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  return parseInstant(`${date}T${time.replace(",", ".")}${colon}`);
}

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48;
const twoDigits = (text: string, at: number): number => {
  const tens = digit(text, at);
  const ones = digit(text, at + 1);
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
};

/** `YYYY-MM-DDThh:mm:ss[.mmm]Z` without a regular expression: the form that nearly every event has. */
function readPlainUtc(text: string): number | undefined {
  const { length } = text;
  if ((length !== 24 && length !== 20) || text.charCodeAt(10) !== 84 || text.charCodeAt(length - 1) !== 90) {
    return undefined;
  }
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return undefined;
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  let millisecond = 0;
  if (length === 24) {
    if (text.charCodeAt(19) !== 46) return undefined;
    const last = digit(text, 22);
    if (!(last >= 0 && last <= 9)) return undefined;
    millisecond = twoDigits(text, 20) * 10 + last;
  }
  const sum = year + month + day + hour + minute + second + millisecond;
  if (Number.isNaN(sum) || year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) {
    return undefined;
  }
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day < 1 || day > (daysInMonth[month - 1] ?? 0) + (leap && month === 2 ? 1 : 0)) return undefined;
  const before = year - 1;
  const days =
    before * 365 +
    Math.floor(before / 4) -
    Math.floor(before / 100) +
    Math.floor(before / 400) -
    719_162 +
    (daysBeforeMonth[month - 1] ?? 0) +
    (leap && month > 2 ? 1 : 0) +
    day -
    1;
  return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 + millisecond;
}
