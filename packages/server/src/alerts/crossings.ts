/** What was told of one threshold. */
export interface Mark {
  /** Whether the present crossing was told. */
  readonly isTold: boolean;
  /** When any was told last, UTC milliseconds. */
  readonly toldAtMs: number;
  /** The alert of the present crossing; null where it is told by events alone, or there is none. */
  readonly alertId: string | null;
}

/** By what names a threshold, such as `90`. What has none was never told, or no longer holds and its quiet period is over. */
export type Marks = Readonly<Record<string, Mark>>;

export interface Crossings {
  /** To be told now, in the order of the readings. */
  readonly risen: readonly string[];
  /** Told before, and now no longer reached, or no longer asked for. */
  readonly fallen: readonly { readonly mark: string; readonly alertId: string | null; readonly isAskedFor: boolean }[];
  /** What is told when all of this is; the alerts of what has risen are still to be named. */
  readonly marks: Marks;
  readonly isChanged: boolean;
}

/**
 * Compares what was told with what is reached. A crossing is told once, until the threshold is left; one that comes back
 * within the quiet period is told when that ends, if it still holds then.
 */
export function crossingsOf(
  told: Marks,
  reached: ReadonlyMap<string, boolean>,
  { nowMs, quietMs }: { readonly nowMs: number; readonly quietMs: number },
): Crossings {
  const risen: string[] = [];
  const fallen: Crossings["fallen"][number][] = [];
  const marks: Record<string, Mark> = {};
  let isForgotten = false;
  for (const [mark, isReached] of reached) {
    const before = told[mark];
    const isQuiet = before !== undefined && nowMs < before.toldAtMs + quietMs;
    if (isReached && before?.isTold !== true) {
      if (!isQuiet) {
        risen.push(mark);
        marks[mark] = { isTold: true, toldAtMs: nowMs, alertId: null };
        continue;
      }
    } else if (!isReached && before?.isTold === true) {
      fallen.push({ mark, alertId: before.alertId, isAskedFor: true });
      if (isQuiet) marks[mark] = { ...before, isTold: false, alertId: null };
      continue;
    } else if (!isReached && before !== undefined && !isQuiet) {
      // Values come and go without end: what is nothing any more is kept no longer than it is needed.
      isForgotten = true;
      continue;
    }
    if (before !== undefined) marks[mark] = before;
  }
  let isChanged = isForgotten || risen.length > 0 || fallen.length > 0;
  for (const [mark, { isTold, alertId }] of Object.entries(told)) {
    if (reached.has(mark)) continue;
    isChanged = true;
    if (isTold) fallen.push({ mark, alertId, isAskedFor: false });
  }
  return { risen, fallen, marks, isChanged };
}
