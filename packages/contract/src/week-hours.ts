const dayHours = 24;
/** Of a week, as they are named: each of its days has hours. */
export const weekdayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const weekDays = weekdayNames.length;
export const weekHoursCount = weekDays * dayHours;

const days: readonly string[] = weekdayNames;
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

/** What any of several terms names, ascending, each hour once. What names no hours adds none. */
export const readAllWeekHours = (terms: readonly string[]): readonly number[] =>
  [...new Set(terms.flatMap((term) => readWeekHours(term) ?? []))].sort((a, b) => a - b);

const two = (hour: number): string => String(hour).padStart(2, "0");

/** Few terms that name just these hours: neighbouring hours of a day are one, and so are neighbouring days with the same. */
export function writeWeekHours(hours: readonly number[]): readonly string[] {
  const chosen = new Set(hours);
  /** By `from-to`: the days that have just these hours together. */
  const daysOf = new Map<string, number[]>();
  for (let at = 0; at < weekDays; at += 1) {
    for (let from = 0; from < dayHours; from += 1) {
      let to = from;
      while (to < dayHours && chosen.has(at * dayHours + to)) to += 1;
      if (to === from) continue;
      const span = from === 0 && to === dayHours ? "" : to === from + 1 ? two(from) : `${two(from)}-${two(to)}`;
      daysOf.set(span, [...(daysOf.get(span) ?? []), at]);
      from = to;
    }
  }
  return [...daysOf].flatMap(([span, list]) => {
    const stretches: { readonly first: number; readonly last: number }[] = [];
    for (const at of list) {
      const stretch = stretches.at(-1);
      if (stretch?.last === at - 1) stretches[stretches.length - 1] = { first: stretch.first, last: at };
      else stretches.push({ first: at, last: at });
    }
    return stretches.map(({ first, last }) => {
      const named = first === last ? days[first] : `${days[first]}-${days[last]}`;
      return last - first === weekDays - 1 && span !== "" ? span : span === "" ? `${named}` : `${named} ${span}`;
    });
  });
}
