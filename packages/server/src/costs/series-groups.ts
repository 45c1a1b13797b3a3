import type { Dimension } from "@llm-cost-ops/contract";
import { parseTags, type SeriesCatalogue, type SeriesColumn } from "./series-catalogue.ts";

/** The dimensions that a series fixes, and the catalogue's column of each. */
const columnOfDimension: { readonly [D in Dimension]?: SeriesColumn } = {
  project: "project_id",
  api_key: "api_key_id",
  provider: "provider",
  model: "model",
  service_tier: "service_tier",
  region: "region",
  cost_status: "cost_status",
  usage_status: "usage_status",
};

const tagPrefix = "tag:";

/** Series that fall into one row of an answer: they agree in every dimension asked for and in currency. */
export interface SeriesGroups {
  /** By series id: the series' group, or −1 where the filter leaves it out. */
  readonly groupOfSeries: Int32Array;
  /** By series id: 1 where its requests have no price. */
  readonly unpriced: Uint8Array;
  readonly groups: readonly SeriesGroup[];
}

export interface SeriesGroup {
  readonly currency: string | null;
  /** The values of the dimensions that a series fixes; the others (time, user, organization) are absent. */
  readonly values: { readonly [D in Dimension]?: string | null };
}

/** Sorts the matching series (positions in the catalogue) into groups. */
export function groupSeries(
  catalogue: SeriesCatalogue,
  matching: readonly number[],
  dimensions: readonly Dimension[],
): SeriesGroups {
  const columns = dimensions.flatMap((dimension) => {
    const column = dimensionColumn(catalogue, dimension);
    return column === undefined ? [] : [{ dimension, ...column }];
  });
  const currency = catalogue.columns.currency;
  const status = catalogue.columns.cost_status;
  const groupOfSeries = new Int32Array(catalogue.lastId + 1).fill(-1);
  const unpriced = new Uint8Array(catalogue.lastId + 1);
  const groups: SeriesGroup[] = [];
  const known = new Map<string, number>();
  for (const at of matching) {
    const key = `${columns.map(({ codeOf }) => codeOf(at)).join(" ")} ${currency.codes[at]}`;
    let group = known.get(key);
    if (group === undefined) {
      group = groups.length;
      known.set(key, group);
      groups.push({
        currency: currency.distinct[currency.codes[at] ?? 0] ?? null,
        values: Object.fromEntries(
          columns.map(({ dimension, codeOf, values }) => [dimension, values[codeOf(at)] ?? null]),
        ),
      });
    }
    const id = catalogue.ids[at] ?? 0;
    groupOfSeries[id] = group;
    if (status.distinct[status.codes[at] ?? 0] === "unpriced") unpriced[id] = 1;
  }
  return { groupOfSeries, unpriced, groups };
}

interface DimensionColumn {
  readonly codeOf: (at: number) => number;
  readonly values: readonly (string | null)[];
}

function dimensionColumn(catalogue: SeriesCatalogue, dimension: Dimension): DimensionColumn | undefined {
  if (dimension.startsWith(tagPrefix)) return tagColumn(catalogue, dimension.slice(tagPrefix.length));
  const name = columnOfDimension[dimension];
  if (name === undefined) return undefined;
  const { codes, distinct } = catalogue.columns[name];
  return { codeOf: (at) => codes[at] ?? 0, values: distinct };
}

/** Different sets of tags may agree in one key, so its values get codes of their own. */
function tagColumn(catalogue: SeriesCatalogue, key: string): DimensionColumn {
  const { codes, distinct } = catalogue.columns.tags;
  const values: (string | null)[] = [];
  const codeOfValue = new Map<string | null, number>();
  const codeOfSet = distinct.map((text) => {
    const tags = parseTags(text);
    const value = Object.hasOwn(tags, key) ? (tags[key] ?? null) : null;
    const code = codeOfValue.get(value) ?? values.push(value) - 1;
    codeOfValue.set(value, code);
    return code;
  });
  return { codeOf: (at) => codeOfSet[codes[at] ?? 0] ?? 0, values };
}
