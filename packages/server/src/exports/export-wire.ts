import type { Export } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import type { ExportDescriptor } from "./export-descriptor.ts";

// Written out: the contract's own constant comes with a validator, which the store's threads go without.
const exportsPath = "/api/v1/exports";

/** An export as the interface shows it, and as webhooks tell of it. */
export function toWire({ id, format, createdAtMs, period, fields, groupBy }: ExportDescriptor): Export {
  return {
    id,
    format,
    status: "ready",
    created_at: formatInstant(createdAtMs),
    range: { start: formatInstant(period.fromMs), end: formatInstant(period.toMs), timezone: period.zone },
    include_fields: fields === null ? null : fields.map(({ name }) => name),
    group_by: groupBy === null ? null : [...groupBy],
    download_url: `${exportsPath}/${id}/download`,
  };
}
