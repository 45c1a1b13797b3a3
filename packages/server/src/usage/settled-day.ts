/** What is kept of each entry of a settled day, in the order of its columns. */
export const settledMeasures = [
  "requests",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "cost_milli",
  "cost_pico",
  "saved_milli",
  "saved_pico",
] as const;
const width = settledMeasures.length;

/** Sums of a series, or of one user over the day's series that agree in currency and in whether they have a price. */
export interface SettledSums {
  /** Of the sums of users alone. */
  readonly user_id?: string;
  /** Of a user one of those series, which stands for all of them. */
  readonly series_id: number;
  /** In the order of `settledMeasures`; safe integers. */
  readonly sums: readonly number[];
}

/** Sums of a settled day as they are read: a number for each entry in every column. */
export interface SettledDay {
  /** Empty where the sums are those of series alone. */
  readonly users: readonly string[];
  readonly seriesIds: Float64Array;
  /** In the order of `settledMeasures`; undefined is nothing but zeros. */
  readonly columns: readonly (Float64Array | undefined)[];
}

const headBytes = 8;
const numberBytes = 8;

/**
 * The bytes of a settled day's sums: how many entries there are and, bit by bit, which measures have anything but zeros; the
 * series and those measures, column by column as doubles, which hold safe integers exactly; the users as JSON. Numbers have
 * the byte order of every machine that this runs on.
 */
export function toSettledBytes(entries: readonly SettledSums[]): Uint8Array {
  const count = entries.length;
  const kept = [...Array(width).keys()].filter((measure) => entries.some(({ sums }) => (sums[measure] ?? 0) !== 0));
  const users = entries.flatMap(({ user_id }) => (user_id === undefined ? [] : [user_id]));
  const text = new TextEncoder().encode(users.length === 0 ? "" : JSON.stringify(users));
  const numbers = new Float64Array(count * (1 + kept.length));
  for (const [at, { series_id, sums }] of entries.entries()) {
    numbers[at] = series_id;
    for (const [column, measure] of kept.entries()) numbers[(column + 1) * count + at] = sums[measure] ?? 0;
  }
  const bytes = new Uint8Array(headBytes + numbers.byteLength + text.length);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, count, true);
  head.setUint32(
    headBytes / 2,
    kept.reduce((bits, measure) => bits | (1 << measure), 0),
    true,
  );
  bytes.set(new Uint8Array(numbers.buffer), headBytes);
  bytes.set(text, headBytes + numbers.byteLength);
  return bytes;
}

export function fromSettledBytes(stored: Uint8Array): SettledDay {
  // Doubles must lie at multiples of their size, as those of a part of a longer buffer need not.
  const bytes = stored.byteOffset % numberBytes === 0 ? stored : Uint8Array.from(stored);
  const head = new DataView(bytes.buffer, bytes.byteOffset, headBytes);
  const count = head.getUint32(0, true);
  const bits = head.getUint32(headBytes / 2, true);
  let next = bytes.byteOffset + headBytes;
  const column = (): Float64Array => {
    const numbers = new Float64Array(bytes.buffer, next, count);
    next += numbers.byteLength;
    return numbers;
  };
  const seriesIds = column();
  const columns = settledMeasures.map((_, measure) => ((bits >> measure) % 2 === 0 ? undefined : column()));
  const text = new TextDecoder().decode(bytes.subarray(next - bytes.byteOffset));
  return { users: text === "" ? [] : (JSON.parse(text) as string[]), seriesIds, columns };
}
