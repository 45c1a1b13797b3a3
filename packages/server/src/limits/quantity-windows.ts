import type { LimitWindow } from "@llm-cost-ops/contract";

/** A window is counted in slots of a twelfth of its length. */
const slotsPerWindow = 12;

export const windowMs: Readonly<Record<LimitWindow, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

const slotMs = (window: LimitWindow): number => windowMs[window] / slotsPerWindow;

/** What was used in each slot, by its first instant in UTC milliseconds. A negative one is what was given back. */
export type Slots = ReadonlyMap<number, bigint>;

/** The first instant of the slot that an instant lies in. */
export const slotAt = (window: LimitWindow, atMs: number): number => Math.floor(atMs / slotMs(window)) * slotMs(window);

/**
 * When a slot has left every window that it could have been in: all of it counts until its last instant has. So no window,
 * wherever it begins, ever holds more than is counted for it; and what was used counts for up to a twelfth longer.
 */
export const slotEndsAt = (window: LimitWindow, startsAtMs: number): number =>
  startsAtMs + slotMs(window) + windowMs[window];

/** What was used in the window that ends at `nowMs`. */
export function usedAt(window: LimitWindow, slots: Slots, nowMs: number): bigint {
  let used = 0n;
  for (const [startsAtMs, amount] of slots) if (slotEndsAt(window, startsAtMs) > nowMs) used += amount;
  return used;
}

/**
 * The first instant at which `room` of what is used now has left the window, if nothing more is used meanwhile; undefined
 * where there is not so much.
 */
export function freeAt(window: LimitWindow, slots: Slots, room: bigint, nowMs: number): number | undefined {
  let left = 0n;
  for (const startsAtMs of [...slots.keys()].sort((a, b) => a - b)) {
    const endsAtMs = slotEndsAt(window, startsAtMs);
    if (endsAtMs <= nowMs) continue;
    left += slots.get(startsAtMs) ?? 0n;
    if (left >= room && left > 0n) return endsAtMs;
  }
  return undefined;
}
