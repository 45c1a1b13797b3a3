import { bytesArray } from "../postgres/array-text.ts";
import type { SqlValue } from "../store/connection.ts";
import { entryCodes } from "../usage/record-row.ts";
import type { RecordFilter } from "./cost-filter.ts";
import { namedIds } from "./named-ids.ts";

/** The records that a filter names: `records r` found through `record_keys k`, which knows in which month to look. */
export interface NamedRecords {
  readonly nothing: boolean;
  readonly source: string;
  readonly values: readonly SqlValue[];
}

/** Undefined where the filter names none. */
export function namedRecords(filter: RecordFilter): NamedRecords | undefined {
  if (filter.ids === undefined && filter.usageIds === undefined) return undefined;
  const named = namedIds(filter);
  const entry = filter.usageIds === undefined ? `<> ${entryCodes.correction}` : `= ${entryCodes.usage}`;
  return {
    nothing: named.length === 0,
    source: `record_keys k JOIN records r ON r.organization_id = k.organization_id AND r.occurred_at = k.occurred_at
      AND r.id = k.id AND k.id = ANY (CAST(? AS bytea[])) AND r.entry ${entry}`,
    values: [bytesArray(named.map(({ id }) => id))],
  };
}
