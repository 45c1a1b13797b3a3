import { type Filters, filtersField } from "../../url-state/filters.ts";

const field = filtersField();

/** The records behind something, in the explorer. */
export function exploreFilterHref(filters: Filters, period = "90d"): string {
  const text = field.write(filters);
  return `/explore?${new URLSearchParams({ period, tab: "records", ...(text === null ? {} : { f: text }) })}`;
}
