import { offsetStretches } from "./calendar.ts";

/** A half-open stretch of time in UTC milliseconds. */
interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

const hourMs = 3_600_000;
const dayHours = 24;
const weekMs = 7 * dayHours * hourMs;
/** The Monday before the epoch, which was a Thursday. */
const mondayMs = -3 * dayHours * hourMs;

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
 * The parts of a period in which the clocks of an IANA zone show one of the hours of a week (0 to 167, from Monday's midnight), ascending, without overlap and
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
