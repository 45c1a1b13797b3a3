import type { Pico } from "@llm-cost-ops/core";
import type { CorrectionReason } from "./corrections.ts";

/** A correction of a record, as far as it tells of what caching saved. */
export interface SavingStep {
  readonly reason: CorrectionReason;
  readonly repricingId: string | null;
  /** How far it moved what is known; null where nobody knew before it or after. */
  readonly moved: Pico | null;
  /** Whether anybody knew before it. */
  readonly wasKnown: boolean;
}

export interface SavingHistory {
  /** What caching saved when the record was recorded; null where nobody knew. */
  readonly own: Pico | null;
  /** The record's corrections in their order. */
  readonly steps: readonly SavingStep[];
  /** Whether it is known after the last of them. */
  readonly isKnown: boolean;
}

/** A saving, or a difference of two: what is known of it, and how often each saving that nobody knows is in it. */
interface SavingSum {
  readonly known: Pico;
  readonly unknown: ReadonlyMap<number, number>;
}

const knownSum = (known: Pico): SavingSum => ({ known, unknown: new Map() });
const unknownSum = (which: number): SavingSum => ({ known: 0n, unknown: new Map([[which, 1]]) });

function minus(left: SavingSum, right: SavingSum): SavingSum {
  const unknown = new Map(left.unknown);
  for (const [which, times] of right.unknown) {
    const rest = (unknown.get(which) ?? 0) - times;
    if (rest === 0) unknown.delete(which);
    else unknown.set(which, rest);
  }
  return { known: left.known - right.known, unknown };
}

/**
 * What caching saved on a record once a repricing of it is undone. As with its cost, the repricing's difference is taken
 * away from what holds now. Where a price gave no saving, that one is an unknown of its own: it goes out of the sum with
 * the last difference that it is in, and until then nobody knows the sum. So the order of undoing changes nothing of what
 * there is in the end.
 *
 * @example 2.7 repriced to unknown and then to 3.6: null without the first repricing, 2.7 without the second as well
 */
export function savingWithout(repricingId: string, { own, steps, isKnown }: SavingHistory): Pico | null {
  let stored = own ?? 0n;
  let now = own === null ? unknownSum(0) : knownSum(own);
  const differences = new Map<string, SavingSum>();
  for (const [at, step] of steps.entries()) {
    stored += step.moved ?? 0n;
    if (step.reason === "reprice_undo") {
      now = minus(now, differences.get(step.repricingId ?? "") ?? knownSum(0n));
      continue;
    }
    const isKnownAfter = steps[at + 1]?.wasKnown ?? isKnown;
    const after = isKnownAfter ? knownSum(stored) : unknownSum(at + 1);
    if (step.repricingId !== null) differences.set(step.repricingId, minus(after, now));
    now = after;
  }
  const left = minus(now, differences.get(repricingId) ?? knownSum(0n));
  return left.unknown.size === 0 ? left.known : null;
}

/**
 * Whether the saving on a record is that of one price. It is not where repricings were undone in another order than the
 * reverse of theirs: then it is what remains of several, until the record is priced again.
 */
export function isOfOnePrice(steps: readonly Pick<SavingStep, "reason" | "repricingId">[]): boolean {
  let isOfOne = true;
  let before: { readonly repricingId: string | null; readonly isOfOne: boolean }[] = [];
  for (const { reason, repricingId } of steps) {
    if (reason === "void") continue;
    if (reason !== "reprice_undo") {
      before.push({ repricingId, isOfOne });
      isOfOne = true;
      continue;
    }
    const newest = before.at(-1);
    if (newest?.repricingId === repricingId) {
      before.pop();
      isOfOne = newest.isOfOne;
      continue;
    }
    before = before.filter((one) => one.repricingId !== repricingId).map((one) => ({ ...one, isOfOne: false }));
    isOfOne = false;
  }
  return isOfOne;
}
