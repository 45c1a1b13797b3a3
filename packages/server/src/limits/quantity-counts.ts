import type { LimitWindow } from "@llm-cost-ops/contract";
import { inTime } from "../store/in-time.ts";
import type { Slots } from "./quantity-windows.ts";
import { slotEndsAt } from "./quantity-windows.ts";

/** What one slot of a window holds of a unit, or a change of that; negative where it is given back. */
export interface CountedSlot {
  /** A key's id, or empty for everybody of the organization. */
  readonly subject: string;
  /** `tokens`, or the currency whose picos are counted. */
  readonly unit: string;
  readonly window: LimitWindow;
  readonly startsAtMs: number;
  readonly amount: bigint;
}

/** Where several processes add up what each of them counts. */
export interface SharedCounts {
  /** Adds the changes, all or none, and answers what there is then of these subjects in slots that still count. */
  exchange(
    organizationId: string,
    changes: readonly CountedSlot[],
    subjects: readonly string[],
    nowMs: number,
  ): Promise<readonly CountedSlot[]>;
}

/** How old what others counted may be when somebody is admitted by it. */
export const freshMs = 1_000;
/** How long a subject that nobody asks about is remembered. */
const rememberedMs = 60_000;

type Place = `${string}\n${string}\n${LimitWindow}`;
type Counts = Map<Place, Map<number, bigint>>;

const placeOf = ({ subject, unit, window }: Pick<CountedSlot, "subject" | "unit" | "window">): Place =>
  `${subject}\n${unit}\n${window}`;

interface Subject {
  /** From the store, with all that this process had sent there. */
  counts: Counts;
  /** When the exchange that they are from began, by a clock that does not go back. */
  readAtMs: number;
  usedAtMs: number;
}

interface OrganizationCounts {
  readonly subjects: Map<string, Subject>;
  /** What this process counted and has not sent yet. */
  unsent: CountedSlot[];
  /** What is on its way. */
  sent: readonly CountedSlot[];
  /** Resolves when that is there, or when it took too long to wait for it. */
  exchanging: Promise<void> | undefined;
}

/**
 * What keys and organizations used lately: what the store has of all processes, read at most a second ago, and at once
 * what was counted in this one, which goes to the store a second later in company.
 */
export class QuantityCounts {
  readonly #shared: SharedCounts;
  readonly #clock: () => number;
  readonly #now: () => number;
  readonly #onFailure: ((error: unknown) => void) | undefined;
  readonly #organizations = new Map<string, OrganizationCounts>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: {
    readonly shared: SharedCounts;
    /** Milliseconds of a clock that does not go back. */
    readonly clock: () => number;
    /** UTC milliseconds. */
    readonly now: () => number;
    readonly onFailure?: ((error: unknown) => void) | undefined;
  }) {
    this.#shared = parts.shared;
    this.#clock = parts.clock;
    this.#now = parts.now;
    this.#onFailure = parts.onFailure;
  }

  /** Resolves once what is known of the subjects is fresh; where the store is away or silent, with what was known before. */
  async refresh(organizationId: string, subjects: readonly string[]): Promise<void> {
    const known = this.#of(organizationId);
    const nowMs = this.#clock();
    const isStale = (name: string): boolean => nowMs - (known.subjects.get(name)?.readAtMs ?? -Infinity) >= freshMs;
    for (const name of subjects) {
      const subject = known.subjects.get(name);
      if (subject === undefined) {
        known.subjects.set(name, { counts: new Map(), readAtMs: Number.NEGATIVE_INFINITY, usedAtMs: nowMs });
      } else subject.usedAtMs = nowMs;
    }
    if (!subjects.some(isStale)) return;
    // Whoever comes while an exchange is under way may not be among those it asks for.
    if (known.exchanging !== undefined) await known.exchanging;
    if (subjects.some(isStale)) await this.#exchange(organizationId, known);
  }

  /** What is counted of a unit, by slots. */
  slots(organizationId: string, of: Pick<CountedSlot, "subject" | "unit" | "window">): Slots {
    const known = this.#organizations.get(organizationId);
    const place = placeOf(of);
    const slots = new Map(known?.subjects.get(of.subject)?.counts.get(place));
    for (const change of [...(known?.sent ?? []), ...(known?.unsent ?? [])]) {
      if (placeOf(change) !== place) continue;
      slots.set(change.startsAtMs, (slots.get(change.startsAtMs) ?? 0n) + change.amount);
    }
    return slots;
  }

  add(organizationId: string, changes: readonly CountedSlot[]): void {
    const known = this.#of(organizationId);
    for (const change of changes) {
      const at = known.unsent.findIndex(
        (one) => one.startsAtMs === change.startsAtMs && placeOf(one) === placeOf(change),
      );
      const before = known.unsent[at];
      if (before === undefined) known.unsent.push(change);
      else known.unsent[at] = { ...before, amount: before.amount + change.amount };
    }
    this.#arm();
  }

  /** Sends what is not sent yet, and forgets whom nobody asks about. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nowMs = this.#clock();
    for (const [organizationId, known] of this.#organizations) {
      for (const [name, subject] of known.subjects) {
        if (nowMs - subject.usedAtMs >= rememberedMs) known.subjects.delete(name);
      }
      await known.exchanging;
      if (known.unsent.length > 0) await this.#exchange(organizationId, known);
      else if (known.subjects.size === 0) this.#organizations.delete(organizationId);
    }
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => void this.flush(), freshMs).unref();
  }

  #of(organizationId: string): OrganizationCounts {
    let known = this.#organizations.get(organizationId);
    if (known === undefined) {
      known = { subjects: new Map(), unsent: [], sent: [], exchanging: undefined };
      this.#organizations.set(organizationId, known);
    }
    return known;
  }

  #exchange(organizationId: string, known: OrganizationCounts): Promise<void> {
    known.exchanging ??= inTime(this.#send(organizationId, known), () => undefined);
    return known.exchanging;
  }

  async #send(organizationId: string, known: OrganizationCounts): Promise<void> {
    const startedAtMs = this.#clock();
    const names = [...known.subjects.keys()];
    const nowMs = this.#now();
    // What has left its window while the store was away is of no use any more.
    known.sent = known.unsent.filter(({ window, startsAtMs }) => slotEndsAt(window, startsAtMs) > nowMs);
    known.unsent = [];
    try {
      const found = await this.#shared.exchange(organizationId, known.sent, names, nowMs);
      known.sent = [];
      const counts = new Map<string, Counts>(names.map((name) => [name, new Map()]));
      for (const slot of found) {
        const ofSubject = counts.get(slot.subject);
        const slots = ofSubject?.get(placeOf(slot)) ?? new Map<number, bigint>();
        slots.set(slot.startsAtMs, slot.amount);
        ofSubject?.set(placeOf(slot), slots);
      }
      for (const [name, ofSubject] of counts) {
        const subject = known.subjects.get(name);
        if (subject === undefined) continue;
        subject.counts = ofSubject;
        subject.readAtMs = startedAtMs;
      }
    } catch (error) {
      this.#onFailure?.(error);
      const unsent = known.sent;
      known.sent = [];
      this.add(organizationId, unsent);
      // Nobody waits for a store that is away again before it is worth a try.
      for (const name of names) {
        const subject = known.subjects.get(name);
        if (subject !== undefined) subject.readAtMs = startedAtMs;
      }
    } finally {
      known.exchanging = undefined;
      // What was counted while it took long had nobody to send it.
      if (known.unsent.length > 0) this.#arm();
    }
  }
}
