import type { CostFilter } from "@llm-cost-ops/contract";
import { readAllWeekHours, weekHoursCount } from "@llm-cost-ops/contract/week-hours";
import {
  addUnits,
  instantOfWall,
  isRangePreset,
  isTimeZone,
  nextStart,
  parseInstant,
  type RangePreset,
  rangePresets,
  resolveRange,
  startOf,
} from "@llm-cost-ops/core";
import type { Caller } from "../http/route.ts";
import type { RecordScope } from "../identity/record-scope.ts";
import { Refusal } from "../refusal.ts";
import { type TagCandidate, tagCandidates } from "./tag-term.ts";

/** The dimensions that a question may restrict by listing values; several values of one mean "any of". */
export const filterDimensions = [
  "provider",
  "project_id",
  "service_tier",
  "region",
  "currency",
  "cost_status",
  "usage_status",
  "api_key_id",
] as const;
export type FilterDimension = (typeof filterDimensions)[number];

/** Whether one column, or the value of one tag, is among some values; null is none. `isNot` is the opposite. */
export interface SeriesTest {
  readonly of: "provider" | "model" | "project_id" | "api_key_id" | { readonly tag: string };
  readonly values: readonly (string | null)[];
  readonly isNot?: boolean;
}

/** Which records a question is about; everything named must hold. */
export interface RecordFilter {
  readonly dimensions: { readonly [D in FilterDimension]?: readonly string[] };
  /** As sent or as resolved. */
  readonly models?: readonly string[];
  readonly tags: readonly (readonly TagCandidate[])[];
  readonly userIds?: readonly string[];
  /** What the series says of one dimension, absence included. */
  readonly exactly?: SeriesTest;
  /** Hours of the week in the zone of the question, counted from Monday's midnight. */
  readonly hours?: readonly number[];
  /** Entries of either kind. */
  readonly ids?: readonly string[];
  /** Usage entries only. */
  readonly usageIds?: readonly string[];
}

/** A half-open period `[fromMs, toMs)` and the zone whose days the question means. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
  readonly zone: string;
}

/** Every instant that a record can have. */
export const always: Readonly<Omit<Period, "zone">> = { fromMs: -62_135_596_800_000, toMs: 253_402_300_800_000 };

/** How a question without any date is read: lists mean everything, sums the last 30 days. */
export type DefaultPeriod = "always" | Extract<RangePreset, "last-30-days">;

/**
 * The filter of a question that was valid by the contract. Refuses with AUTH_002 a question about another organization
 * than the caller's. Whoever may see a part of the records alone asks about that part, whatever the question names: this is
 * the one place where questions are narrowed.
 */
export function readRecordFilter(
  { organizationId, records }: Pick<Caller, "organizationId" | "records">,
  filter: CostFilter,
): RecordFilter {
  if (filter.organization_id !== undefined && filter.organization_id !== organizationId) {
    throw new Refusal("AUTH_002", "The API key belongs to another organization than organization_id names.");
  }
  const dimensions = Object.fromEntries(
    filterDimensions.flatMap((name) => (hasValues(filter[name]) ? [[name, filter[name]]] : [])),
  );
  const hours = readAllWeekHours(filter.hours ?? []);
  const asked: RecordFilter = {
    dimensions,
    tags: (filter.tags ?? []).map(tagCandidates),
    ...(hasValues(filter.model) && { models: filter.model }),
    ...(hasValues(filter.user_id) && { userIds: filter.user_id }),
    // All hours of the week are no restriction.
    ...(hours.length > 0 && hours.length < weekHoursCount && { hours }),
    ...(hasValues(filter.ids) && { ids: filter.ids }),
    ...(hasValues(filter.usage_ids) && { usageIds: filter.usage_ids }),
  };
  return records === undefined ? asked : narrowed(asked, records);
}

function narrowed(filter: RecordFilter, { projects, userIds }: RecordScope): RecordFilter {
  return {
    ...filter,
    ...(projects && {
      dimensions: { ...filter.dimensions, project_id: common(filter.dimensions.project_id, projects) },
    }),
    ...(userIds && { userIds: common(filter.userIds, userIds) }),
  };
}

/** An empty list lets nothing through. */
const common = (asked: readonly string[] | undefined, visible: readonly string[]): readonly string[] =>
  asked?.filter((value) => visible.includes(value)) ?? visible;

const hasValues = (values: readonly string[] | undefined): values is readonly string[] =>
  values !== undefined && values.length > 0;

type DateFields = Pick<CostFilter, "start_date" | "end_date" | "range" | "days" | "timezone">;

/**
 * The period of a question: a preset (`range`), the last `days` whole days of which today is the last, or dates. Days
 * are days of `timezone` (UTC if absent). `start_date` is inclusive; `end_date` is exclusive, but a bare day is included
 * whole. With a start alone the period ends with today, with an end alone it begins in 1970, with neither it is the
 * default. Refuses with VALIDATION_ERROR what is unknown, contradictory or out of order, naming the fields.
 */
export function readPeriod(fields: DateFields, nowMs: number, byDefault: DefaultPeriod): Period {
  const zone = fields.timezone ?? "UTC";
  if (!isTimeZone(zone)) refuse({ timezone: "must be an IANA time zone, such as Europe/Berlin" });
  const spellings = [
    fields.range === undefined ? undefined : "range",
    fields.days === undefined ? undefined : "days",
    fields.start_date === undefined && fields.end_date === undefined ? undefined : "start_date and end_date",
  ].filter((spelling) => spelling !== undefined);
  const [spelling = "", other] = spellings;
  if (other !== undefined) refuse({ [spelling]: `cannot be combined with ${other}` });
  if (fields.range !== undefined) return { ...presetPeriod(fields.range, nowMs, zone), zone };
  if (fields.days !== undefined) {
    const today = startOf("day", nowMs, zone);
    return { fromMs: addUnits(today, 1 - fields.days, "day", zone), toMs: nextStart("day", nowMs, zone), zone };
  }
  if (spelling !== "") return { ...datePeriod(fields, nowMs, zone), zone };
  return byDefault === "always" ? { ...always, zone } : { ...resolveRange(byDefault, nowMs, zone), zone };
}

function presetPeriod(name: string, nowMs: number, zone: string): Omit<Period, "zone"> {
  const preset = name.toLowerCase().replaceAll("_", "-");
  if (!isRangePreset(preset)) refuse({ range: `must be one of: ${rangePresets.join(", ")}` });
  return resolveRange(preset, nowMs, zone);
}

function datePeriod(fields: DateFields, nowMs: number, zone: string): Omit<Period, "zone"> {
  const start = fields.start_date === undefined ? undefined : readDate("start_date", fields.start_date, zone);
  const end = fields.end_date === undefined ? undefined : readDate("end_date", fields.end_date, zone);
  const fromMs = start?.ms ?? 0;
  const toMs =
    end === undefined
      ? Math.max(nextStart("day", nowMs, zone), fromMs)
      : end.bare
        ? nextStart("day", end.ms, zone)
        : end.ms;
  if (end !== undefined && toMs <= fromMs) {
    refuse({ start_date: "must be before end_date", end_date: "must be after start_date" });
  }
  return { fromMs, toMs };
}

const bareDay = /^\d{4}-\d{2}-\d{2}$/;

/** A bare day is its first instant in the zone; a date-time without an offset is UTC. */
function readDate(field: string, text: string, zone: string): { readonly ms: number; readonly bare: boolean } {
  const bare = bareDay.test(text);
  const utc = parseInstant(bare ? text : canonicalDateTime(text));
  if (utc === undefined) refuse({ [field]: "is not a date of the calendar" });
  return { ms: bare ? instantOfWall(utc, zone) : utc, bare };
}

/** `2026-01-31 12:00+0100` → `2026-01-31T12:00+01:00`: the spellings that the contract allows beyond strict ISO 8601. */
function canonicalDateTime(text: string): string {
  const strict = text.toUpperCase().replace(" ", "T").replace(",", ".");
  const withColon = strict.replace(/([+-]\d{2})(\d{2})$/, "$1:$2");
  return /(?:Z|[+-]\d{2}:\d{2})$/.test(withColon) ? withColon : `${withColon}Z`;
}

function refuse(fieldErrors: Record<string, string>): never {
  const sentences = Object.entries(fieldErrors).map(([field, error]) => `${field} ${error}`);
  throw new Refusal("VALIDATION_ERROR", sentences.join("; "), { fieldErrors });
}
