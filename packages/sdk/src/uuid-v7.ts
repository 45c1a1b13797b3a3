/** 12 bits count the ids of one millisecond, 62 are random. */
const counterMax = 0xfff;

/**
 * A maker of UUIDs version 7 (RFC 9562): time-ordered, and increasing within one maker even when the clock stands still
 * or goes back, so that records made in order stay in order in the ledger's index.
 */
export function createUuidV7Maker(
  nowMs: () => number = Date.now,
  fillRandom: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => globalThis.crypto.getRandomValues(bytes),
): () => string {
  let lastMs = -1;
  let counter = 0;
  return () => {
    const random = fillRandom(new Uint8Array(10));
    const ms = nowMs();
    if (ms > lastMs) {
      lastMs = ms;
      // Starts in the lower half, so that a millisecond has at least 2,048 ids.
      counter = (((random[8] ?? 0) << 8) | (random[9] ?? 0)) & (counterMax >> 1);
    } else if (counter < counterMax) {
      counter += 1;
    } else {
      lastMs += 1;
      counter = 0;
    }
    const time = lastMs.toString(16).padStart(12, "0");
    const sequence = counter.toString(16).padStart(3, "0");
    const variant = (((random[0] ?? 0) & 0x3f) | 0x80).toString(16);
    const tail = [...random.slice(1, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence}-${variant}${tail.slice(0, 2)}-${tail.slice(2)}`;
  };
}
