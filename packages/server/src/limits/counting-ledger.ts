import type { Ledger, UsageBytes } from "../usage/ledger.ts";
import type { QuantityLimits } from "./quantity-limits.ts";

/** A ledger that counts under the limits of those who record. It refuses nothing: what is recorded has happened. */
export function countingLedger(ledger: Ledger, limits: Pick<QuantityLimits, "counterOf">): Ledger {
  const counted = <T>(usage: UsageBytes, send: (usage: UsageBytes) => Promise<T>): Promise<T> => {
    if (usage.recordedBy === undefined) return send(usage);
    const onCounted = limits.counterOf(usage.recordedBy);
    if (onCounted instanceof Promise) return onCounted.then((found) => send(withCounter(usage, found)));
    return send(withCounter(usage, onCounted));
  };
  return {
    append: (organizationId, usage) => counted(usage, (sent) => ledger.append(organizationId, sent)),
    answer: (organizationId, usage) => counted(usage, (sent) => ledger.answer(organizationId, sent)),
  };
}

const withCounter = (usage: UsageBytes, onCounted: UsageBytes["onCounted"]): UsageBytes =>
  onCounted === undefined ? usage : { ...usage, onCounted };
