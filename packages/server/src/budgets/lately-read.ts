import { inTime, refuseSilent } from "../store/in-time.ts";

/** How old what was read may be: the time until a change holds in every process. */
export const readAgainMs = 1_000;

interface Kept<Value> {
  value: Value;
  readAtMs: number;
  reading: Promise<Value> | undefined;
}

/** Values that are read at most once in a second each; the last one where they cannot be read, or not soon. */
export interface LatelyRead<Key, Value> {
  get(key: Key): Value | Promise<Value>;
  /** Has the next who asks wait for a new reading. */
  forget(key: Key): void;
}

export function latelyRead<Key, Value>(parts: {
  readonly read: (key: Key) => Promise<Value>;
  /** Names a key. */
  readonly name: (key: Key) => string;
  /** UTC milliseconds. */
  readonly clock: () => number;
  readonly onRead?: (key: Key, value: Value, before: Value | undefined) => void;
  readonly keysMax?: number;
}): LatelyRead<Key, Value> {
  const { read, name, clock, keysMax = 10_000 } = parts;
  const kept = new Map<string, Kept<Value>>();
  const first = new Map<string, Promise<Value>>();
  /** What was being read while something changed is read again. */
  let changes = 0;

  const readAnew = async (key: Key, known: Kept<Value> | undefined): Promise<Value> => {
    const startedAtMs = clock();
    const before = changes;
    try {
      const value = await read(key);
      parts.onRead?.(key, value, known?.value);
      if (kept.size >= keysMax) kept.delete(kept.keys().next().value as string);
      const readAtMs = changes === before ? startedAtMs : Number.NEGATIVE_INFINITY;
      kept.set(name(key), { value, readAtMs, reading: undefined });
      return value;
    } catch (error) {
      if (known === undefined) throw error;
      known.readAtMs = startedAtMs;
      known.reading = undefined;
      return known.value;
    }
  };

  return {
    get(key) {
      const called = name(key);
      const known = kept.get(called);
      if (known === undefined) {
        const under = first.get(called);
        if (under !== undefined) return under;
        const reading = inTime(readAnew(key, undefined), refuseSilent).finally(() => first.delete(called));
        first.set(called, reading);
        return reading;
      }
      if (clock() - known.readAtMs < readAgainMs) return known.value;
      // Once it took too long it is nothing that anybody waits for, until it is there after all.
      known.reading ??= inTime(readAnew(key, known), () => known.value);
      return known.reading;
    },
    forget(key) {
      changes += 1;
      const known = kept.get(name(key));
      if (known === undefined) return;
      known.readAtMs = Number.NEGATIVE_INFINITY;
      known.reading = undefined;
    },
  };
}
