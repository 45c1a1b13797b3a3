import { choiceField, type Field, flagField, readState, textField, writeState } from "../../url-state/fields.ts";
import { type Filters, filtersField } from "../../url-state/filters.ts";
import { type DayRange, dayAfter, type Period, type PeriodChoice, periodField } from "../../url-state/period.ts";
import { type Condition, dimensionOf, dimensions, dimensionsField, entriesOf, narrowed } from "./dimensions.ts";
import { type MeasureId, measureIds } from "./measures.ts";

/** The pictures, and what each is called. */
export const shapes = ["bar", "line", "area", "tiles", "hours", "flow"] as const;
export type Shape = (typeof shapes)[number];

export const shapeLabels: Readonly<Record<Shape, string>> = {
  bar: "Bars",
  line: "Lines",
  area: "Areas",
  tiles: "Tiles",
  hours: "Hours",
  flow: "Flow",
};

/** What a picture is drawn from: sums over time, sums of groups, or sums of hours. */
export type PictureKind = "time" | "groups" | "hours";

export function kindOf(shape: Shape): PictureKind {
  if (shape === "hours") return "hours";
  return shape === "tiles" || shape === "flow" ? "groups" : "time";
}

export const tabs = ["groups", "records"] as const;
export const orders = ["-occurredAt", "-totalCost", "-totalTokens"] as const;

/** Everything that the page shows, in its address. */
export const exploreFields = {
  period: periodField(),
  cmp: flagField(false),
  m: choiceField(measureIds) as Field<MeasureId>,
  by: dimensionsField(["model"]),
  as: choiceField(shapes) as Field<Shape>,
  f: filtersField(),
  cur: textField(),
  tab: choiceField(tabs),
  order: choiceField(orders),
};

export interface ExploreState {
  readonly period: PeriodChoice;
  readonly cmp: boolean;
  readonly m: MeasureId;
  readonly by: readonly string[];
  readonly as: Shape;
  readonly f: Filters;
  readonly cur: string;
  readonly tab: (typeof tabs)[number];
  readonly order: (typeof orders)[number];
}

/** The query of an address as a view keeps it: what the page shows, in one order, and nothing else. */
export const exploreQueryOf = (search: string): string =>
  writeState<ExploreState>(exploreFields, "", readState<ExploreState>(exploreFields, search));

/** Where these records alone are looked into; whatever else is named is chosen there too. */
export function exploreAddress(conditions: readonly Condition[], chosen: Partial<ExploreState> = {}): string {
  const query = writeState<ExploreState>(exploreFields, "", { ...chosen, f: narrowed(chosen.f ?? {}, conditions) });
  return `/explore${query === "" ? "" : `?${query}`}`;
}

/** What is grouped by: a flow leads from something to something. */
export function dimensionsFor(shape: Shape, by: readonly string[]): readonly string[] {
  if (shape !== "flow" || by.length >= 2) return by;
  const [only = "model"] = by;
  return only === "project" ? ["project", "model"] : ["project", only];
}

/** The name under which an answer has the time. */
export type Bucket = Period["bucket"];

/** The days that places of the time axis stand for, within the period. */
export function daysOf(period: Period, firstBucket: string, lastBucket: string): DayRange {
  const last = lastBucket.slice(0, 10);
  const end = period.bucket === "week" ? dayAfter(last, 6) : last;
  const start = firstBucket.slice(0, 10);
  return {
    startDate: later(start, period.startDate),
    endDate: earlier(end, period.endDate),
  };
}

const earlier = (a: string, b: string): string => (a < b ? a : b);
const later = (a: string, b: string): string => (a < b ? b : a);

const quoted = (text: string): string => (/^[\w.:/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/**
 * The same question for a terminal. Undefined where it cannot be asked there: the values of flags are separated by commas, so
 * that none may be in them.
 */
export function commandOf(period: Period, filters: Filters, by: readonly string[]): string | undefined {
  const entries = entriesOf(filters);
  if (entries.some(({ name, value }) => name !== "tags" && value.includes(","))) return undefined;
  const flagOf = new Map([
    ...dimensions.map(({ filter, flag }) => [filter as string, flag] as const),
    ["hours", "--hours"],
  ]);
  const groups = by.map((id) => dimensionOf(id)?.group ?? id);
  if (groups.some((group) => group.includes(","))) return undefined;
  return [
    `cost-ops query --from ${period.startDate} --to ${period.endDate} --timezone ${quoted(period.timezone)}`,
    ...entries.map(({ name, value }) => `${flagOf.get(name) ?? "--tag"} ${quoted(value)}`),
    ...(groups.length === 0 ? [] : [`--group-by ${quoted(groups.join(","))}`]),
  ].join(" ");
}
