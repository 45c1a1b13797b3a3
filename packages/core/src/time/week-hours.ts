import { offsetStretches } from "./calendar.ts";

/** A half-open stretch of time in UTC milliseconds. */
interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

const hourMs = 3_600_000;
const dayHours = 24;
const weekDays = 7;
export const weekHoursCount = weekDays * dayHours;
const weekMs = weekHoursCount * hourMs;
/** The epoch was a Thursday: the first Monday before it. */
const mondayMs = -3 * dayHours * hourMs;

const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const day = `(${days.join("|")})`;
const termPattern = new RegExp(`^(?:${day}(?:-${day})?)?(?:(?:^| )(\\d\\d)(?:-(\\d\\d))?)?$`);

/**
 * The hours of a week that `mon-fri 09-18`, `sat`, `22-24` or `sun 07` names, counted from Monday's midnight. Days go round
 * the week's end, hours do not; one hour is that to the next. Undefined for anything else.
 *
 * @example readWeekHours("tue 09-11") // [33, 34]
 */
export function readWeekHours(term: string): readonly number[] | undefined {
  const match = termPattern.exec(term.toLowerCase());
  if (match === null || term === "") return undefined;
  const [, firstDay, lastDay = firstDay, from, to] = match;
  const fromHour = Number(from ?? 0);
  const toHour = to === undefined ? (from === undefined ? dayHours : fromHour + 1) : Number(to);
  if (fromHour >= toHour || toHour > dayHours) return undefined;
  const first = firstDay === undefined ? 0 : days.indexOf(firstDay);
  const last = lastDay === undefined ? weekDays - 1 : days.indexOf(lastDay);
  const count = ((last - first + weekDays) % weekDays) + 1;
  return Array.from({ length: count }, (_, at) => (first + at) % weekDays).flatMap((at) =>
    Array.from({ length: toHour - fromHour }, (__, hour) => at * dayHours + fromHour + hour),
  );
}

interface Run {
  readonly first: number;
  readonly past: number;
}

function runsOf(hours: readonly number[]): readonly Run[] {
  const runs: Run[] = [];
  for (const hour of [...new Set(hours)].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.past === hour) runs[runs.length - 1] = { first: run.first, past: hour + 1 };
    else runs.push({ first: hour, past: hour + 1 });
  }
  return runs;
}

/** Into how many windows the hours of a week cut a period at most, but for a few where clocks change: for a limit. */
export const weekWindowsMax = ({ fromMs, toMs }: Window, hours: readonly number[]): number =>
  runsOf(hours).length * (Math.ceil((toMs - fromMs) / weekMs) + 1);

/**
 * The parts of a period in which the clocks of an IANA zone show one of the hours of a week, ascending, without overlap and
 * with a gap between any two. An hour that the clocks repeat is in it both times, one that they skip not at all.
 */
export function weekWindows(period: Window, hours: readonly number[], zone: string): readonly Window[] {
  const runs = runsOf(hours);
  const windows: Window[] = [];
  for (const { fromMs, toMs, offsetMs } of offsetStretches(period, zone)) {
    const firstWeek = Math.floor((fromMs + offsetMs - mondayMs) / weekMs);
    const startOfFirst = firstWeek * weekMs + mondayMs - offsetMs;
    for (let weekStart = startOfFirst; weekStart < toMs; weekStart += weekMs) {
      for (const { first, past } of runs) {
        const from = Math.max(fromMs, weekStart + first * hourMs);
        const to = Math.min(toMs, weekStart + past * hourMs);
        if (from >= to) continue;
        const last = windows.at(-1);
        if (last?.toMs === from) windows[windows.length - 1] = { fromMs: last.fromMs, toMs: to };
        else windows.push({ fromMs: from, toMs: to });
      }
    }
  }
  return windows;
}
