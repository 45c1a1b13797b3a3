import { instantOfWall, isTimeZone, nextStart, offsetAt, startOf } from "../time/calendar.ts";
import { utcMs } from "../time/instant.ts";
import { InvalidBudget } from "./invalid-budget.ts";

export const budgetPeriodKinds = ["hour", "day", "week", "month", "quarter", "year", "rolling", "prepaid"] as const;
export type BudgetPeriodKind = (typeof budgetPeriodKinds)[number];

export const rollingUnits = ["hour", "day"] as const;
export type RollingUnit = (typeof rollingUnits)[number];

/** Ten years: longer than any budget looks back, and far from the instants that a Date cannot hold. */
export const rollingDaysMax = 3_660;

/** One hour, day, week (Monday to Sunday) or month of the calendar in an IANA zone, then the next. */
export interface CalendarBudgetPeriod {
  readonly kind: "hour" | "day" | "week" | "month";
  readonly zone: string;
}

/** A quarter or year in an IANA zone. `firstMonth` (1 to 12) is the month in which the fiscal year begins. */
export interface FiscalBudgetPeriod {
  readonly kind: "quarter" | "year";
  readonly zone: string;
  readonly firstMonth: number;
}

/** The last `count` hours or days that end now. A day is 24 elapsed hours here, so that the window never changes length. */
export interface RollingBudgetPeriod {
  readonly kind: "rolling";
  readonly unit: RollingUnit;
  readonly count: number;
}

/** Everything since an instant (milliseconds since the epoch), without reset and without end. */
export interface PrepaidBudgetPeriod {
  readonly kind: "prepaid";
  readonly fromMs: number;
}

/** Over which time a budget counts, and when it starts again from nothing. */
export type BudgetPeriod = CalendarBudgetPeriod | FiscalBudgetPeriod | RollingBudgetPeriod | PrepaidBudgetPeriod;

/** Instants in milliseconds since the epoch, `[fromMs, toMs)`; without `toMs` it never ends. */
export interface BudgetPeriodBounds {
  readonly fromMs: number;
  readonly toMs: number | undefined;
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** The last instant that a Date can hold, and the first is its opposite. */
const instantMsMax = 8_640_000_000_000_000;

const rollingUnitMs: Readonly<Record<RollingUnit, number>> = { hour: hourMs, day: dayMs };
const monthsOf: Readonly<Record<FiscalBudgetPeriod["kind"], number>> = { quarter: 3, year: 12 };

const isOneOf = <T extends string>(names: readonly T[], value: unknown): value is T =>
  names.some((name) => name === value);

const isWholeFrom = (min: number, max: number, value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;

/** Which fields belong to a kind besides `kind` itself. */
function fieldsOf(kind: BudgetPeriodKind): readonly string[] {
  switch (kind) {
    case "hour":
    case "day":
    case "week":
    case "month":
      return ["zone"];
    case "quarter":
    case "year":
      return ["zone", "firstMonth"];
    case "rolling":
      return ["unit", "count"];
    case "prepaid":
      return ["fromMs"];
  }
}

function readZone(zone: unknown): string {
  if (typeof zone !== "string" || !isTimeZone(zone)) throw new InvalidBudget("zone", "must be an IANA time zone");
  return zone;
}

/**
 * Checks a budget's period and gives it back with its defaults (`firstMonth` is 1 where it is left out).
 *
 * Shapes: `{ kind: "hour" | "day" | "week" | "month", zone }`, `{ kind: "quarter" | "year", zone, firstMonth? }`,
 * `{ kind: "rolling", unit: "hour" | "day", count }` with at most 3,660 days, `{ kind: "prepaid", fromMs }`.
 * Throws `InvalidBudget`, whose `field` names what is wrong; a field that does not belong to the kind is wrong too,
 * because somebody meant something by it. Fields that are undefined count as left out.
 *
 * @example parseBudgetPeriod({ kind: "year", zone: "Europe/Berlin", firstMonth: 4 })
 */
export function parseBudgetPeriod(value: Readonly<Record<string, unknown>>): BudgetPeriod {
  const { kind, zone, firstMonth = 1, unit, count, fromMs } = value;
  if (!isOneOf(budgetPeriodKinds, kind)) {
    throw new InvalidBudget("kind", `must be one of ${budgetPeriodKinds.join(", ")}`);
  }
  const known = fieldsOf(kind);
  const stranger = Object.keys(value).find(
    (field) => field !== "kind" && value[field] !== undefined && !known.includes(field),
  );
  if (stranger !== undefined) throw new InvalidBudget(stranger, `does not belong to a period of kind ${kind}`);
  switch (kind) {
    case "hour":
    case "day":
    case "week":
    case "month":
      return { kind, zone: readZone(zone) };
    case "quarter":
    case "year":
      if (!isWholeFrom(1, 12, firstMonth)) throw new InvalidBudget("firstMonth", "must be a month from 1 to 12");
      return { kind, zone: readZone(zone), firstMonth };
    case "rolling": {
      if (!isOneOf(rollingUnits, unit)) throw new InvalidBudget("unit", `must be one of ${rollingUnits.join(", ")}`);
      const countMax = (rollingDaysMax * dayMs) / rollingUnitMs[unit];
      if (!isWholeFrom(1, countMax, count)) {
        throw new InvalidBudget("count", `must be a whole number from 1 to ${countMax} where the unit is ${unit}`);
      }
      return { kind, unit, count };
    }
    case "prepaid":
      if (!isWholeFrom(-instantMsMax, instantMsMax, fromMs)) {
        throw new InvalidBudget("fromMs", "must be an instant in whole milliseconds since the epoch");
      }
      return { kind, fromMs };
  }
}

/** The instant at which a month begins; months are counted from January of the year 0. */
function startOfMonth(months: number, zone: string): number {
  const year = Math.floor(months / 12);
  return instantOfWall(utcMs(year, months - year * 12 + 1, 1), zone);
}

function fiscalPeriodAt({ kind, zone, firstMonth }: FiscalBudgetPeriod, atMs: number): BudgetPeriodBounds {
  const wall = new Date(atMs + offsetAt(atMs, zone));
  const months = monthsOf[kind];
  const shift = firstMonth - 1;
  const sinceShift = wall.getUTCFullYear() * 12 + wall.getUTCMonth() - shift;
  const first = Math.floor(sinceShift / months) * months + shift;
  return { fromMs: startOfMonth(first, zone), toMs: startOfMonth(first + months, zone) };
}

/**
 * The period that holds an instant (whole milliseconds since the epoch), `[fromMs, toMs)`. Calendar periods tile time
 * without gap or overlap, also where clocks change: a day can have 23 or 25 hours. A rolling period is as long as
 * it says and ends with the instant's own millisecond, so that what happens now counts. A prepaid period is the same at
 * every instant, also before it begins, and has no `toMs`. Throws a RangeError for a zone that the runtime does not know.
 *
 * @example periodAt({ kind: "month", zone: "UTC" }, Date.UTC(2026, 1, 14))
 * // { fromMs: Date.UTC(2026, 1, 1), toMs: Date.UTC(2026, 2, 1) }
 */
export function periodAt(period: BudgetPeriod, atMs: number): BudgetPeriodBounds {
  switch (period.kind) {
    case "hour":
    case "day":
    case "week":
    case "month":
      return {
        fromMs: startOf(period.kind, atMs, period.zone),
        toMs: nextStart(period.kind, atMs, period.zone),
      };
    case "quarter":
    case "year":
      return fiscalPeriodAt(period, atMs);
    case "rolling": {
      const toMs = atMs + 1;
      return { fromMs: toMs - period.count * rollingUnitMs[period.unit], toMs };
    }
    case "prepaid":
      return { fromMs: period.fromMs, toMs: undefined };
  }
}
