import type { Segment } from "./rollup-plan.ts";

/** Units of a source from `from` to `to` (exclusive) that are read in one go. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** Segments of one source of which no two overlap, laid out so that a store can tell each row's segment by itself. */
export interface SegmentLayer {
  /** Ascending ends of the segments and of the gaps between them. */
  readonly bounds: readonly number[];
  /** By position among the bounds, counted from 1 as SQL's width_bucket does: the segment there; absent is a gap. */
  readonly segmentAt: readonly (Pick<Segment<string>, "plus" | "minus"> | undefined)[];
  /** By position less one: the first position whose segment is of the same buckets, where many segments are. */
  readonly sameAs: readonly number[] | undefined;
  /** What has to be read, in order. */
  readonly runs: readonly Run[];
}

/** Lays segments of one source out in as few layers as they need; nearly always that is one. */
export function segmentLayers(segments: readonly Segment<string>[]): readonly SegmentLayer[] {
  const layers: Segment<string>[][] = [];
  for (const segment of [...segments].sort((a, b) => a.from - b.from || a.to - b.to)) {
    const layer = layers.find((placed) => (placed.at(-1)?.to ?? Number.NEGATIVE_INFINITY) <= segment.from);
    if (layer === undefined) layers.push([segment]);
    else layer.push(segment);
  }
  return layers.map(toLayer);
}

function toLayer(segments: readonly Segment<string>[]): SegmentLayer {
  const bounds: number[] = [];
  const segmentAt: (Segment<string> | undefined)[] = [undefined];
  const runs: Run[] = [];
  for (const segment of segments) {
    const run = runs.at(-1);
    if (run !== undefined && run.to === segment.from) runs[runs.length - 1] = { from: run.from, to: segment.to };
    else runs.push(segment);
    if (bounds.at(-1) !== segment.from) {
      if (bounds.length > 0) segmentAt.push(undefined);
      bounds.push(segment.from);
    }
    segmentAt.push(segment);
    bounds.push(segment.to);
  }
  return { bounds, segmentAt, sameAs: samePlaces(segmentAt), runs: runs.map(({ from, to }) => ({ from, to })) };
}

/** The head and the tail of a bucket: as many segments are told apart, and more, such as those of its hours, are one. */
const segmentsOfBucketMax = 2;

function samePlaces(segmentAt: SegmentLayer["segmentAt"]): readonly number[] | undefined {
  const places = Map.groupBy(segmentAt.keys(), (place) => {
    const segment = segmentAt[place];
    return segment === undefined ? "gap" : `${segment.plus} ${segment.minus}`;
  });
  places.delete("gap");
  if ([...places.values()].every(({ length }) => length <= segmentsOfBucketMax)) return undefined;
  const sameAs = segmentAt.map((_, place) => place);
  for (const same of places.values()) for (const place of same) sameAs[place] = same[0] ?? place;
  return sameAs.slice(1);
}
