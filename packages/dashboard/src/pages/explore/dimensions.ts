import type { Field } from "../../url-state/fields.ts";
import { listField } from "../../url-state/fields.ts";
import type { FilterName, Filters } from "../../url-state/filters.ts";

/** What costs can be grouped by, and the filter that narrows to one of its values. */
export interface Dimension {
  /** As questions name it, and as rows of answers have its value. */
  readonly id: string;
  readonly label: string;
  readonly filter: FilterName;
  /** The flags of `cost-ops query`. */
  readonly flag: string;
  readonly group: string;
}

export const dimensions: readonly Dimension[] = [
  { id: "model", label: "Model", filter: "model", flag: "--model", group: "model" },
  { id: "provider", label: "Provider", filter: "provider", flag: "--provider", group: "provider" },
  { id: "project", label: "Project", filter: "projectId", flag: "--project", group: "project" },
  { id: "user", label: "User", filter: "userId", flag: "--user", group: "user" },
  { id: "apiKey", label: "API key", filter: "apiKeyId", flag: "--api-key-id", group: "api_key" },
  { id: "serviceTier", label: "Tier", filter: "serviceTier", flag: "--service-tier", group: "service_tier" },
  { id: "region", label: "Region", filter: "region", flag: "--region", group: "region" },
  { id: "costStatus", label: "Status", filter: "costStatus", flag: "--cost-status", group: "cost_status" },
  { id: "usageStatus", label: "Usage status", filter: "usageStatus", flag: "--usage-status", group: "usage_status" },
];

const tagPrefix = "tag:";

/** The dimension of a tag's values. */
export const tagDimension = (key: string): string => `${tagPrefix}${key}`;
export const tagKeyOf = (id: string): string | undefined =>
  id.startsWith(tagPrefix) && id.length > tagPrefix.length ? id.slice(tagPrefix.length) : undefined;

/** Undefined for what is no dimension. */
export function dimensionOf(id: string): Dimension | undefined {
  const key = tagKeyOf(id);
  if (key !== undefined) return { id, label: `Tag ${key}`, filter: "tags", flag: "--tag", group: id };
  return dimensions.find((dimension) => dimension.id === id);
}

export const labelOf = (id: string): string => dimensionOf(id)?.label ?? id;

/** `model and tag team`, for sentences. */
export const wordsOf = (ids: readonly string[]): string =>
  ids.map((id) => labelOf(id).replace(/^(?!API)./, (first) => first.toLowerCase())).join(" and ");

/** More than three at once nobody reads. */
export const dimensionsMax = 3;

/** Dimensions in an address; what is none of them is passed over. */
export const dimensionsField = (absent: readonly string[]): Field<readonly string[]> => {
  const list = listField(absent);
  const read = (text: string | null): readonly string[] =>
    [...new Set(list.read(text))].filter((id) => dimensionOf(id) !== undefined).slice(0, dimensionsMax);
  return {
    read,
    write: list.write,
    unread: (text) => {
      const kept = read(text);
      return list.read(text).filter((id) => !kept.includes(id));
    },
  };
};

/** One value of a dimension, as a row of an answer has it; null for records that have none. */
export interface Condition {
  readonly dimension: string;
  readonly value: string | null;
}

/** The filters narrowed to these values. A missing value cannot be asked for, and changes nothing. */
export function narrowed(filters: Filters, conditions: readonly Condition[]): Filters {
  const result: { [Name in FilterName]?: readonly string[] } = { ...filters };
  for (const { dimension, value } of conditions) {
    const found = dimensionOf(dimension);
    if (found === undefined || value === null) continue;
    const key = tagKeyOf(dimension);
    // All terms of tags must hold, so another value of the same key would leave nothing.
    const others = (result.tags ?? []).filter((term) => term !== key && !term.startsWith(`${key}:`));
    result[found.filter] = key === undefined ? [value] : [...others, `${key}:${value}`];
  }
  return result;
}

/** The same filters without a value. */
export function without(filters: Filters, name: FilterName, value: string): Filters {
  const left = (filters[name] ?? []).filter((other) => other !== value);
  const { [name]: _removed, ...rest } = filters;
  return left.length === 0 ? rest : { ...rest, [name]: left };
}

/** Every filter with its name, in the order of the table above. */
export function entriesOf(
  filters: Filters,
): readonly { readonly name: FilterName; readonly label: string; readonly value: string }[] {
  const names = [
    ...dimensions.map(({ filter, label }) => ({ name: filter, label })),
    { name: "hours" as const, label: "Hours" },
    { name: "tags" as const, label: "Tag" },
  ];
  return names.flatMap(({ name, label }) => (filters[name] ?? []).map((value) => ({ name, label, value })));
}
