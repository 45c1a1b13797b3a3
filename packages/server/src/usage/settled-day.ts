/** What is kept of each user and kind of series for a settled day, in the order of its columns. */
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

/** Sums of one user over the day's series that agree in currency and in whether they have a price. */
export interface SettledSums {
  readonly user_id: string;
  /** One of those series, which stands for all of them. */
  readonly series_id: number;
  /** In the order of `settledMeasures`; safe integers. */
  readonly sums: readonly number[];
}

/** A settled day as it is read: sum `m` of entry `i` is `sums[m * users.length + i]`. */
export interface SettledDay {
  readonly users: readonly string[];
  readonly seriesIds: readonly number[];
  readonly sums: Float64Array;
}

interface Names {
  readonly users: readonly string[];
  readonly series: readonly number[];
}

const headBytes = 8;
const numberBytes = 8;

/**
 * The bytes of a settled day: how many entries there are, their sums column by column as doubles, which hold safe integers
 * exactly, and the users and series as JSON. Numbers have the byte order of every machine that this runs on.
 */
export function toSettledBytes(entries: readonly SettledSums[]): Uint8Array {
  const count = entries.length;
  const names: Names = { users: entries.map(({ user_id }) => user_id), series: entries.map((one) => one.series_id) };
  const text = new TextEncoder().encode(JSON.stringify(names));
  const bytes = new Uint8Array(headBytes + count * width * numberBytes + text.length);
  new DataView(bytes.buffer).setUint32(0, count, true);
  const sums = new Float64Array(bytes.buffer, headBytes, count * width);
  for (const [at, entry] of entries.entries()) {
    for (let measure = 0; measure < width; measure += 1) sums[measure * count + at] = entry.sums[measure] ?? 0;
  }
  bytes.set(text, headBytes + sums.byteLength);
  return bytes;
}

export function fromSettledBytes(stored: Uint8Array): SettledDay {
  // Doubles must lie at multiples of their size, as those of a part of a longer buffer need not.
  const bytes = stored.byteOffset % numberBytes === 0 ? stored : Uint8Array.from(stored);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  const sums = new Float64Array(bytes.buffer, bytes.byteOffset + headBytes, count * width);
  const text = new TextDecoder().decode(bytes.subarray(headBytes + sums.byteLength));
  const names = JSON.parse(text) as Names;
  return { users: names.users, seriesIds: names.series, sums };
}
