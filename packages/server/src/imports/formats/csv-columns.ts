import type { ReadItem } from "../import-reader.ts";
import { instantMs } from "../instants.ts";
import { nameIn } from "../json-fields.ts";

/** What one field of a record is taken from. */
export type ColumnSource = { readonly column: string } | { readonly constant: string };
export type ColumnMap = ReadonlyMap<string, ColumnSource>;

type FieldKind = "count" | "text" | "instant" | "number" | "boolean" | "evidence";

/** Fields that a column can fill. `tags.<key>`, `metadata.<key>` and `units.<kind>` come beside them. */
const fieldKinds: Readonly<Record<string, FieldKind>> = {
  id: "text",
  provider: "text",
  model: "text",
  project_id: "text",
  user_id: "text",
  service_tier: "text",
  region: "text",
  status: "text",
  usage_status: "text",
  input_tokens: "count",
  output_tokens: "count",
  total_tokens: "count",
  cached_tokens: "count",
  cache_write_tokens: "count",
  cache_write_1h_tokens: "count",
  reasoning_tokens: "count",
  input_audio_tokens: "count",
  input_image_tokens: "count",
  input_video_tokens: "count",
  output_audio_tokens: "count",
  output_image_tokens: "count",
  output_video_tokens: "count",
  occurred_at: "instant",
  latency_ms: "number",
  stream: "boolean",
  reported_cost: "evidence",
};

/** Headers that mean a field without a map, in lower case with underscores. */
const spellings: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(fieldKinds).map((field) => [field, field])),
  record_id: "id",
  model_id: "model",
  model_name: "model",
  prompt_tokens: "input_tokens",
  tokens_in: "input_tokens",
  context_tokens: "input_tokens",
  contexttokens: "input_tokens",
  completion_tokens: "output_tokens",
  tokens_out: "output_tokens",
  generated_tokens: "output_tokens",
  generatedtokens: "output_tokens",
  tokens_used: "total_tokens",
  cache_read_tokens: "cached_tokens",
  cached_input_tokens: "cached_tokens",
  timestamp: "occurred_at",
  time: "occurred_at",
  date: "occurred_at",
  datetime: "occurred_at",
  created_at: "occurred_at",
  start_time: "occurred_at",
  project: "project_id",
  user: "user_id",
  latency: "latency_ms",
  cost: "reported_cost",
  total_cost: "reported_cost",
  spend: "reported_cost",
  cost_usd: "reported_cost",
};

const isField = (name: string): boolean =>
  Object.hasOwn(fieldKinds, name) || /^(tags|metadata|units)\.[^.]{1,128}$/.test(name);

/** The canonical field of a name in a map option, which may use either spelling. */
const canonicalField = (name: string): string => {
  const spelled = Object.hasOwn(spellings, name) ? spellings[name] : undefined;
  return spelled ?? name;
};

/**
 * Reads `field=Column,field='constant'`; a column with a comma stands in double quotes. Gives the first part that cannot
 * be understood.
 */
export function parseColumnMap(text: string): ColumnMap | { readonly wrong: string } {
  const map = new Map<string, ColumnSource>();
  const part = /\s*([^=,\s]+)\s*=\s*(?:'([^']*)'|"([^"]*)"|([^,]*?))\s*(?:,|$)/y;
  while (part.lastIndex < text.length) {
    const start = part.lastIndex;
    const match = part.exec(text);
    const field = canonicalField(match?.[1] ?? "");
    if (match === null || !isField(field)) return { wrong: text.slice(start).split(",", 1)[0] ?? "" };
    const [, , constant, quoted, bare] = match;
    map.set(field, constant === undefined ? { column: quoted ?? bare ?? "" } : { constant });
  }
  return map;
}

/** The map that the headers themselves make. The first of two columns for one field counts. */
export function mapHeaders(header: readonly string[]): ColumnMap {
  const map = new Map<string, ColumnSource>();
  for (const column of header) {
    const name = column
      .trim()
      .toLowerCase()
      .replace(/[^a-z0-9.]+/g, "_");
    const prefixed = /^(tags?|metadata|units)[._](.{1,128})$/.exec(name);
    const spelled = Object.hasOwn(spellings, name) ? spellings[name] : undefined;
    const group = prefixed?.[1] === "tag" ? "tags" : prefixed?.[1];
    const field = spelled ?? (prefixed === null ? undefined : `${group}.${prefixed[2]}`);
    if (field !== undefined && !map.has(field)) map.set(field, { column });
  }
  return map;
}

/** Whether a map fills enough to count something. */
export const mapsUsage = (map: ColumnMap): boolean =>
  ["input_tokens", "output_tokens", "total_tokens"].some((field) => map.has(field)) ||
  [...map.keys()].some((field) => field.startsWith("units."));

/** One row as a record, by the map. Empty cells are absent fields. */
export function rowRecord(
  map: ColumnMap,
  row: Readonly<Record<string, string>>,
  line: number,
  content: string,
): ReadItem {
  const record: Record<string, unknown> = {};
  const groups: Record<string, Record<string, unknown>> = {};
  for (const [field, source] of map) {
    const text = ("constant" in source ? source.constant : (row[source.column] ?? "")).trim();
    if (text === "") continue;
    const dot = field.indexOf(".");
    const group = dot === -1 ? undefined : field.slice(0, dot);
    const kind = group === "units" ? "count" : group === undefined ? (fieldKinds[field] ?? "text") : "text";
    const value = readCell(kind, text);
    if (value === undefined) {
      const from = "constant" in source ? "" : ` (column ${source.column})`;
      return { line, rejected: `${field}${from}: ${expectations[kind]}`, field, content };
    }
    const target = kind === "evidence" ? "metadata" : group;
    if (target === undefined) record[field] = value;
    else groups[target] = { ...groups[target], [field.slice(dot + 1)]: value };
  }
  return { line, record: { ...record, ...groups } };
}

const expectations: { readonly [K in FieldKind]: string } = {
  count: "must be a whole number",
  text: "must be text without control characters",
  instant: "must be a time in ISO 8601 or since 1970",
  number: "must be a number that is not negative",
  boolean: "must be true or false",
  evidence: "must be text",
};

function readCell(kind: FieldKind, text: string): unknown {
  switch (kind) {
    case "count":
      return /^\d{1,16}(\.0+)?$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
    case "text":
    case "evidence":
      return nameIn(text);
    case "instant":
      return instantMs(text);
    case "number": {
      const value = Number(text);
      return Number.isFinite(value) && value >= 0 ? value : undefined;
    }
    case "boolean":
      return /^(true|yes|1)$/i.test(text) ? true : /^(false|no|0)$/i.test(text) ? false : undefined;
    default:
      return kind satisfies never;
  }
}
