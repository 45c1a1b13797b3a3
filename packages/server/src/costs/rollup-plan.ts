/** A stored level of detail: rows that each hold the sums of one whole unit of time. Coarsest first in a plan. */
export interface Grain<Source extends string> {
  readonly source: Source;
  readonly unitMs: number;
}

/**
 * Rows to read: of `source`, the units from `from` to `to` (exclusive), counted from the epoch in the source's unit
 * (milliseconds for the finest). Their sums are added to bucket `plus` and taken from bucket `minus`; −1 is none.
 */
export interface Segment<Source extends string> {
  readonly source: Source;
  readonly from: number;
  readonly to: number;
  readonly plus: number;
  readonly minus: number;
}

interface Part {
  readonly fromMs: number;
  readonly toMs: number;
  readonly bucket: number;
  /** Whether the part is added to the bucket or taken from it. */
  readonly added: boolean;
}

/**
 * Covers time buckets with the fewest stored rows, exactly. Bucket `i` is `[bounds[i], bounds[i + 1])`. Whole units come
 * from the coarsest grain; the ragged ends of a bucket from the next finer one, either directly or, where less of it has
 * to be read, as the whole unit minus the rest of it. So the days of New York cost four hours of each day beside the
 * daily rows, and not all twenty-four.
 *
 * @param bounds ascending instants in milliseconds
 * @param windows the parts of them that count, ascending and apart from each other; all where absent
 * @param grains coarsest first, each unit a multiple of the next
 * @param finest the source that knows every instant
 */
export function planSegments<Source extends string>(
  bounds: readonly number[],
  grains: readonly Grain<Source>[],
  finest: Source,
  windows: readonly Pick<Part, "fromMs" | "toMs">[] = [{ fromMs: bounds[0] ?? 0, toMs: bounds.at(-1) ?? 0 }],
): readonly Segment<Source>[] {
  const segments = new Map<string, Segment<Source>>();

  const emit = (source: Source, from: number, to: number, part: Part): void => {
    if (from >= to) return;
    const side = part.added ? "plus" : "minus";
    let key = `${source} ${from} ${to}`;
    // What one bucket gives another takes: rows that serve both are read once.
    while ((segments.get(key)?.[side] ?? -1) !== -1) key += "'";
    const known = segments.get(key) ?? { source, from, to, plus: -1, minus: -1 };
    segments.set(key, { ...known, [side]: part.bucket });
  };

  const cover = (part: Part, level: number): void => {
    if (part.fromMs >= part.toMs) return;
    const grain = grains[level];
    if (grain === undefined) {
      emit(finest, part.fromMs, part.toMs, part);
      return;
    }
    const first = Math.ceil(part.fromMs / grain.unitMs);
    const last = Math.floor(part.toMs / grain.unitMs);
    if (first > last) {
      coverWithin(part, last, level);
      return;
    }
    emit(grain.source, first, last, part);
    coverWithin({ ...part, toMs: first * grain.unitMs }, first - 1, level);
    coverWithin({ ...part, fromMs: last * grain.unitMs }, last, level);
  };

  /** Covers a part that lies within one unit: directly, or as the unit without the rest of it. */
  const coverWithin = (part: Part, unit: number, level: number): void => {
    const grain = grains[level];
    if (grain === undefined || part.fromMs >= part.toMs) return;
    const startMs = unit * grain.unitMs;
    const endMs = startMs + grain.unitMs;
    if ((part.toMs - part.fromMs) * 2 <= grain.unitMs) {
      cover(part, level + 1);
      return;
    }
    emit(grain.source, unit, unit + 1, part);
    cover({ ...part, fromMs: startMs, toMs: part.fromMs, added: !part.added }, level + 1);
    cover({ ...part, fromMs: part.toMs, toMs: endMs, added: !part.added }, level + 1);
  };

  let next = 0;
  for (let bucket = 0; bucket + 1 < bounds.length; bucket += 1) {
    const [startMs = 0, endMs = 0] = [bounds[bucket], bounds[bucket + 1]];
    for (let window = windows[next]; window !== undefined && window.fromMs < endMs; window = windows[next]) {
      const fromMs = Math.max(startMs, window.fromMs);
      cover({ fromMs, toMs: Math.min(endMs, window.toMs), bucket, added: true }, 0);
      if (window.toMs > endMs) break;
      next += 1;
    }
  }
  return [...segments.values()];
}
