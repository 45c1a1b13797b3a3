import { type UsageKind, usageKinds } from "../usage/usage-kinds.ts";

/** What cached tokens would have been without a cache: input of their modality. */
export const plainKind: { readonly [K in UsageKind]?: UsageKind } = {
  cache_read: "input",
  cache_read_audio: "input_audio",
  cache_read_image: "input_image",
  cache_read_video: "input_video",
  cache_write_5m: "input",
  cache_write_1h: "input",
};

/** The position of each kind's plain kind in `usageKinds`, by the kind's own; -1 where it is none of a cache. */
export const plainPositions: readonly number[] = usageKinds.map((kind) => {
  const plain = plainKind[kind];
  return plain === undefined ? -1 : usageKinds.indexOf(plain);
});
