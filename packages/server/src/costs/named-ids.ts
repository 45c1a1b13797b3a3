import { readRecordId } from "../usage/record-id.ts";
import type { RecordFilter } from "./cost-filter.ts";

/** A record that a question names. */
export interface NamedId {
  /** The 16 bytes under which it is stored. */
  readonly id: Uint8Array;
  /** Whether it counts only if it is a usage entry. */
  readonly usageOnly: boolean;
}

/** The records that `ids` and `usage_ids` name, each once; where both are given, those that both name. */
export function namedIds({ ids, usageIds }: RecordFilter): readonly NamedId[] {
  const named = (texts: readonly string[]): Map<string, Uint8Array> =>
    new Map(texts.map((text) => readRecordId(text).bytes).map((bytes) => [Buffer.from(bytes).toString("hex"), bytes]));
  const any = ids === undefined ? undefined : named(ids);
  const usage = usageIds === undefined ? undefined : named(usageIds);
  const chosen = [...(usage ?? any ?? new Map<string, Uint8Array>())].filter(
    ([hex]) => usage === undefined || any === undefined || any.has(hex),
  );
  return chosen.map(([, id]) => ({ id, usageOnly: usage !== undefined }));
}
