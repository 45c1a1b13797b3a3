/** The middle one of some figures; the upper of two in the middle. */
export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** One line of a bench: a figure, its ratio to its floor, and what it should reach. */
export function printFigure(
  name: string,
  figure: { readonly value: number; readonly unit: string; readonly ratio?: number; readonly wanted?: string },
): void {
  const value = figure.value >= 100 ? Math.round(figure.value).toLocaleString("en") : figure.value.toFixed(2);
  const ratio = figure.ratio === undefined ? "" : `${figure.ratio.toFixed(2)} of its floor`;
  console.log(
    `${name.padEnd(46)}${value.padStart(10)} ${figure.unit.padEnd(12)}${ratio.padEnd(20)}${figure.wanted ?? ""}`,
  );
}

/** Since an instant of `performance.now()`. */
export const perSecond = (count: number, startedAt: number): number =>
  (count / (performance.now() - startedAt)) * 1_000;
