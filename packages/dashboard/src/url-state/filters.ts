import type { CostFilters } from "@llm-cost-ops/sdk";
import type { Field } from "./fields.ts";

/** What records may be filtered by, by the client's names. */
export const filterNames = [
  "provider",
  "model",
  "projectId",
  "userId",
  "apiKeyId",
  "serviceTier",
  "region",
  "costStatus",
  "usageStatus",
  "hours",
] as const;
export type FilterName = (typeof filterNames)[number] | "tags";

/**
 * The values of each filter; several values of one mean any of them. Tags are `key` or `key:value`, and all must hold;
 * hours are of the week, `mon-fri 09-18`.
 */
export type Filters = { readonly [Name in FilterName]?: readonly string[] };

/** Filters in one parameter of the address: `model:gpt-4o,provider:openai`. A page that knows fewer of them passes over the others. */
export function filtersField(names: readonly FilterName[] = [...filterNames, "tags"]): Field<Filters> {
  const nameOf = (entry: string): FilterName | undefined => names.find((name) => entry.startsWith(`${name}:`));
  const read = (text: string | null): Filters => {
    const filters: { [Name in FilterName]?: string[] } = {};
    for (const entry of (text ?? "").split(",")) {
      const name = nameOf(entry);
      if (name === undefined) continue;
      const values = filters[name] ?? [];
      values.push(decode(entry.slice(name.length + 1)));
      filters[name] = values;
    }
    return filters;
  };
  const unread = (text: string): string[] =>
    text.split(",").filter((entry) => entry !== "" && nameOf(entry) === undefined);
  return { read, write: writeFilters, unread };
}

function writeFilters(filters: Filters): string | null {
  const entries = Object.entries(filters).flatMap(([name, values]) =>
    (values ?? []).map((value) => `${name}:${encode(value)}`),
  );
  return entries.length === 0 ? null : entries.join(",");
}

const encode = (value: string): string => value.replace(/[%,]/g, (mark) => (mark === "%" ? "%25" : "%2C"));
const decode = (text: string): string => text.replace(/%2C/gi, ",").replace(/%25/g, "%");

/** The filters as a question of the client has them. */
export const asQuestion = (filters: Filters): CostFilters => filters as CostFilters;

/** The same filters with a value more, or without it where it was there. */
export function toggled(filters: Filters, name: FilterName, value: string): Filters {
  const before = filters[name] ?? [];
  const after = before.includes(value) ? before.filter((other) => other !== value) : [...before, value];
  const { [name]: _changed, ...rest } = filters;
  return after.length === 0 ? rest : { ...rest, [name]: after };
}
