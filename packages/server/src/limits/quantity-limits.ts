import type { KeptQuantityLimits, LimitStatus } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { CountedUsage } from "../usage/counted-usage.ts";
import type { CountedSlot, QuantityCounts } from "./quantity-counts.ts";
import {
  limitsOfCaller,
  type QuantityLimit,
  type QuantityLimitName,
  quantityText,
  tokenUnit,
} from "./quantity-limit.ts";
import type { InstallationQuantityLimits } from "./quantity-settings.ts";
import { freeAt, slotAt, usedAt, windowMs } from "./quantity-windows.ts";
import type { Awaitable } from "./rate-limit-store.ts";

/** What somebody wants to use: whole tokens, and picos of a currency where the price is known. */
export interface Quantities {
  readonly tokens?: bigint | undefined;
  readonly picos?: bigint | undefined;
  /** Of the picos. */
  readonly currency?: string | undefined;
}

/** What an admission has counted, to be given back where it was not used. It holds no secret and may be kept as JSON is. */
export interface QuantityHold {
  readonly organizationId: string;
  readonly slots: readonly CountedSlot[];
}

export type QuantityAdmission =
  /** No hold where nothing limits the caller. */
  | { readonly kind: "admitted"; readonly hold: QuantityHold | undefined }
  | { readonly kind: "refused"; readonly limit: QuantityLimitName; readonly refusal: Refusal }
  /** Nobody can tell whether it fits: it says no tokens, or no price, of which a limit counts. */
  | { readonly kind: "unmeasured"; readonly limit: QuantityLimitName; readonly missing: "tokens" | "price" };

/** What keys and organizations may use of tokens and money in any minute, hour and day. */
export interface QuantityLimits {
  /**
   * Admits a use that is to come where every limit of the caller has room for it, equality included, and counts it there
   * at once; or counts nothing, and refuses with RATE_LIMITED, whose details are the limit and the seconds after which
   * there is room. A limit that is used up refuses whatever is asked for; one that is not counts no other currency. When the use is recorded, or certainly never comes, its hold is given back: what is recorded counts
   * by itself. A hold that nobody gives back leaves the windows in time.
   */
  admitQuantities(caller: Caller, asked: Quantities, nowMs: number): Promise<QuantityAdmission>;
  giveBack(hold: QuantityHold): void;
  /**
   * Counts what a caller has recorded, whatever the limits say: the calls have happened. Undefined, at once, where
   * nothing limits the caller.
   */
  counterOf(caller: Caller): Awaitable<((recorded: CountedUsage) => void) | undefined>;
  /** Every limit of the caller and what is left of it. */
  standingOf(caller: Caller, nowMs: number): Promise<readonly LimitStatus[]>;
  /** Sends what was counted to the store. */
  close(): Promise<void>;
}

interface FoundLimits {
  readonly organization: KeptQuantityLimits | undefined;
  readonly limits: readonly QuantityLimit[];
}

export function createQuantityLimits(parts: {
  readonly counts: QuantityCounts;
  readonly installation: InstallationQuantityLimits;
  /** What organizations, or their parents, set. */
  readonly ofOrganization: (organizationId: string) => Awaitable<KeptQuantityLimits | undefined>;
  /** UTC milliseconds. */
  readonly now: () => number;
  readonly onRefused?: (limit: QuantityLimitName) => void;
}): QuantityLimits {
  const { counts, installation, now } = parts;

  /** Callers stay the same from request to request, and so does what their organization set until it is read again. */
  const found = new WeakMap<Caller, FoundLimits>();
  const limitsFor = (caller: Caller, organization: KeptQuantityLimits | undefined): readonly QuantityLimit[] => {
    const known = found.get(caller);
    if (known !== undefined && known.organization === organization) return known.limits;
    const { principal, limits: own } = caller;
    const key = principal.kind === "key" ? { id: principal.id, limits: own } : undefined;
    const limits = limitsOfCaller({ key, organization, installation });
    found.set(caller, { organization, limits });
    return limits;
  };
  const limitsOf = (caller: Caller): Awaitable<readonly QuantityLimit[]> => {
    const organization = parts.ofOrganization(caller.organizationId);
    return organization instanceof Promise
      ? organization.then((found) => limitsFor(caller, found))
      : limitsFor(caller, organization);
  };
  const freshLimits = async (caller: Caller): Promise<readonly QuantityLimit[]> => {
    const limits = await limitsOf(caller);
    const subjects = [...new Set(limits.map(({ subject }) => subject))];
    if (subjects.length > 0) await counts.refresh(caller.organizationId, subjects);
    return limits;
  };

  return {
    async admitQuantities(caller, asked, nowMs) {
      const { organizationId } = caller;
      const limits = await freshLimits(caller);
      // From here on nothing waits, so that of two who ask for the last of it one alone gets it.
      const slots: CountedSlot[] = [];
      let refused: { readonly limit: QuantityLimit; readonly waitMs: number; readonly asked: bigint } | undefined;
      let unmeasured: Extract<QuantityAdmission, { readonly kind: "unmeasured" }> | undefined;
      for (const limit of limits) {
        const { subject, unit, window, max } = limit;
        const missing = missingOf(limit, asked);
        if (missing !== undefined) unmeasured ??= { kind: "unmeasured", limit: limit.name, missing };
        const amount = amountOf(limit, asked) ?? 0n;
        // Whoever asks for nothing, or for what is not counted here, must not pass a limit that is used up.
        const room = amount > 0n ? amount : 1n;
        const used = counts.slots(organizationId, limit);
        const lacking = usedAt(window, used, nowMs) + room - max;
        if (amount > 0n) slots.push({ subject, unit, window, startsAtMs: slotAt(window, nowMs), amount });
        if (lacking <= 0n) continue;
        const waitMs = room > max ? windowMs[window] : (freeAt(window, used, lacking, nowMs) ?? nowMs) - nowMs;
        if (refused === undefined || waitMs > refused.waitMs) refused = { limit, waitMs, asked: amount };
      }
      if (refused !== undefined) {
        parts.onRefused?.(refused.limit.name);
        return {
          kind: "refused",
          limit: refused.limit.name,
          refusal: refusalOf(refused.limit, refused.asked, refused.waitMs),
        };
      }
      if (unmeasured !== undefined) return unmeasured;
      if (slots.length === 0) return { kind: "admitted", hold: undefined };
      counts.add(organizationId, slots);
      return { kind: "admitted", hold: { organizationId, slots } };
    },
    giveBack({ organizationId, slots }) {
      counts.add(
        organizationId,
        slots.map((slot) => ({ ...slot, amount: -slot.amount })),
      );
    },
    counterOf(caller) {
      const counterFor = (limits: readonly QuantityLimit[]) =>
        limits.length === 0
          ? undefined
          : (recorded: CountedUsage) => {
              const slots = recordedSlots(limits, recorded, now());
              if (slots.length > 0) counts.add(caller.organizationId, slots);
            };
      const limits = limitsOf(caller);
      return limits instanceof Promise ? limits.then(counterFor) : counterFor(limits);
    },
    async standingOf(caller, nowMs) {
      const limits = await freshLimits(caller);
      return limits.map((limit) => statusOf(limit, counts.slots(caller.organizationId, limit), nowMs));
    },
    close: () => counts.flush(),
  };
}

function amountOf({ unit }: QuantityLimit, { tokens, picos, currency }: Quantities): bigint | undefined {
  if (unit === tokenUnit) return tokens;
  return unit === currency ? picos : undefined;
}

/** What a limit would have to know; other currencies are known not to count under it. */
function missingOf({ unit }: QuantityLimit, { tokens, picos }: Quantities): "tokens" | "price" | undefined {
  if (unit === tokenUnit) return tokens === undefined ? "tokens" : undefined;
  return picos === undefined ? "price" : undefined;
}

function recordedSlots(limits: readonly QuantityLimit[], recorded: CountedUsage, nowMs: number): CountedSlot[] {
  return limits.flatMap(({ subject, unit, window }) => {
    const { tokens, costs } = recorded[window];
    const amount = unit === tokenUnit ? tokens : (costs.get(unit) ?? 0n);
    return amount === 0n ? [] : [{ subject, unit, window, startsAtMs: slotAt(window, nowMs), amount }];
  });
}

function refusalOf(limit: QuantityLimit, asked: bigint, waitMs: number): Refusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const what = limit.unit === tokenUnit ? "tokens" : limit.unit;
  const max = quantityText(limit, limit.max);
  const whose = limit.appliesTo === "key" ? "The API key" : "The organization";
  const details = {
    limit: limit.name,
    allowed: max,
    requested: quantityText(limit, asked),
    unit: what,
    retry_after_seconds: seconds,
  };
  const rule = `${whose} may use ${max} ${what} in any ${limit.window}`;
  const message = asked > limit.max ? `${rule}, and this is more at once.` : `${rule}. Try again in ${seconds} s.`;
  return new Refusal("RATE_LIMITED", message, { details });
}

function statusOf(limit: QuantityLimit, slots: ReadonlyMap<number, bigint>, nowMs: number): LimitStatus {
  const used = usedAt(limit.window, slots, nowMs);
  const freesAtMs = used > 0n ? freeAt(limit.window, slots, 1n, nowMs) : undefined;
  return {
    name: limit.name,
    applies_to: limit.appliesTo,
    unit: limit.unit === tokenUnit ? "tokens" : "money",
    currency: limit.unit === tokenUnit ? null : limit.unit,
    window: limit.window,
    amount: quantityText(limit, limit.max),
    spent: quantityText(limit, used),
    remaining: quantityText(limit, limit.max - used),
    frees_at: freesAtMs === undefined ? null : formatInstant(freesAtMs),
  };
}
