import { compareDecimals, multiplyDecimals, sumDecimals } from "../../format/decimal.ts";
import { formatDay, formatDays, formatMonth } from "../../format/instants.ts";
import { dayAfter, monthStart, todayIn } from "../../url-state/period.ts";
import type { BudgetDraft } from "./budget-draft.ts";
import type { SpendByBucket } from "./budget-questions.ts";
import { crossingsOf, hourLabel, runningSums } from "./burn-down.ts";

/** The time that a budget which is not there yet is held against. */
interface PreviewSpan {
  /** One period whose days add up, or many periods of one step each. */
  readonly mode: "running" | "each";
  readonly startDate: string;
  /** A day, which is included. */
  readonly endDate: string;
  readonly timezone: string;
  readonly bucket: "hour" | "day";
  /** In the middle of a sentence: `October 2026`. */
  readonly name: string;
}

const monthAfter = (day: string, months: number): string => {
  const at = new Date(`${monthStart(day)}T00:00:00Z`);
  at.setUTCMonth(at.getUTCMonth() + months);
  return at.toISOString().slice(0, 10);
};

const daysDrawnMax = 3_660;

/** The last period of the kind that is over; of hours and days the last of them; undefined where what was typed is no period. */
export function previewSpanOf(
  draft: Pick<BudgetDraft, "kind" | "timeZone" | "fiscalStartMonth" | "rollingHours" | "startsAt">,
  nowMs: number,
): PreviewSpan | undefined {
  const isZoned = draft.kind !== "rolling" && draft.kind !== "prepaid";
  const timezone = isZoned ? draft.timeZone : "UTC";
  const today = todayIn(timezone, nowMs);
  const running = (startDate: string, endDate: string, name = formatDays(startDate, endDate, true)): PreviewSpan => ({
    mode: "running",
    startDate,
    endDate,
    timezone,
    bucket: "day",
    name,
  });
  switch (draft.kind) {
    case "hour":
      return {
        ...running(dayAfter(today, -7), dayAfter(today, -1), "the last 7 days"),
        mode: "each",
        bucket: "hour",
      };
    case "day":
      return { ...running(dayAfter(today, -30), dayAfter(today, -1), "the last 30 days"), mode: "each" };
    case "week": {
      const monday = dayAfter(today, -((new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7));
      return running(dayAfter(monday, -7), dayAfter(monday, -1));
    }
    case "month": {
      const start = monthAfter(today, -1);
      return running(start, dayAfter(monthStart(today), -1), formatMonth(start));
    }
    case "quarter":
    case "year": {
      const months = draft.kind === "quarter" ? 3 : 12;
      const passed = (Number(today.slice(5, 7)) - Number(draft.fiscalStartMonth) + 12) % months;
      const start = monthAfter(today, -passed - months);
      return running(start, dayAfter(monthAfter(start, months), -1));
    }
    case "rolling": {
      const hours = Number(draft.rollingHours);
      if (!Number.isInteger(hours) || hours < 1 || hours > daysDrawnMax * 24) return undefined;
      const days = Math.max(1, Math.ceil(hours / 24));
      return running(dayAfter(today, 1 - days), today, days === 1 ? "today so far" : `the last ${days} days`);
    }
    case "prepaid": {
      const since = draft.startsAt.slice(0, 10);
      if (since === "" || since > today) return running(dayAfter(today, -29), today, "the last 30 days");
      return running(since, today, `the time since ${formatDay(since, true)}`);
    }
    default:
      return draft.kind satisfies never;
  }
}

/** What a budget would have said of a span. */
export interface Preview {
  readonly span: PreviewSpan;
  readonly labels: readonly string[];
  /** The sum up to the end of each day, or of each period alone. */
  readonly values: readonly string[];
  /** The whole of it, or the most of one period. */
  readonly total: string;
  /** For each threshold where it was reached first, and in how many periods. */
  readonly crossings: readonly { readonly percent: number; readonly at: number | null; readonly times: number }[];
}

export function previewOf(
  span: PreviewSpan,
  spend: SpendByBucket,
  amount: string,
  thresholds: readonly number[],
): Preview {
  const keys = keysOf(span, spend);
  const labels = keys.map((key) => (span.bucket === "hour" ? hourLabel(Number(key), span.timezone) : formatDay(key)));
  if (span.mode === "running") {
    const values = runningSums(keys, spend);
    const crossings = crossingsOf(values, amount, thresholds).map((crossing) => ({
      ...crossing,
      times: crossing.at === null ? 0 : 1,
    }));
    return { span, labels, values, total: values.at(-1) ?? "0", crossings };
  }
  const values = keys.map((key) => spend.get(key) ?? "0");
  const total = values.reduce((most, value) => (compareDecimals(value, most) > 0 ? value : most), "0");
  const crossings = thresholds.map((percent) => {
    const limit = multiplyDecimals(amount, String(percent));
    const reached = values.flatMap((value, at) =>
      compareDecimals(multiplyDecimals(value, "100"), limit) >= 0 ? [at] : [],
    );
    return { percent, at: reached[0] ?? null, times: reached.length };
  });
  return { span, labels, values, total: sumDecimals([total]), crossings };
}

/** Every day of a span; of hours those in which something was spent, since the others reach nothing. */
function keysOf({ bucket, startDate, endDate }: PreviewSpan, spend: SpendByBucket): readonly string[] {
  if (bucket === "hour") return [...spend.keys()].toSorted((a, b) => Number(a) - Number(b));
  const keys: string[] = [];
  for (let day = startDate; day <= endDate; day = dayAfter(day, 1)) keys.push(day);
  return keys;
}

/** What is wrong with an amount as it was typed; the server says the last word of it. */
export const amountProblem = (text: string, unit: BudgetDraft["unit"]): string | undefined => {
  if (text.trim() === "" || (unit === "money" ? amountOfText(text) !== undefined : /^\d+$/.test(text.trim()))) return;
  return unit === "money"
    ? "must be digits with at most one point and no other marks, such as 1250.50"
    : "must be a whole number without marks, such as 5000000";
};

/** The amount that is asked of a preview; undefined where what was typed is none. */
export const amountOfText = (text: string): string | undefined =>
  /^\d{1,18}(\.\d{1,12})?$/.test(text.trim()) ? text.trim() : undefined;
