import type { GroupedRequest } from "./thread-messages.ts";

/** Bodies up to this size are copied into one buffer a message; moving a buffer costs more than copying so little. */
const copiedBytesMax = 16 * 1024;

interface PackedCalls {
  readonly calls: readonly GroupedRequest[];
  readonly moved: readonly ArrayBuffer[];
}

/** Readies bodies for the move: small ones side by side in one buffer, large ones each in the buffer that it fills. */
export function packBodies(calls: readonly GroupedRequest[]): PackedCalls {
  const isSmall = ({ bytes }: GroupedRequest): boolean => bytes.byteLength <= copiedBytesMax;
  const smallBytes = calls.reduce((sum, call) => sum + (isSmall(call) ? call.bytes.byteLength : 0), 0);
  const shared = new Uint8Array(smallBytes);
  const moved = smallBytes > 0 ? [shared.buffer] : [];
  let used = 0;
  const packed = calls.map((call) => {
    const { bytes } = call;
    if (!isSmall(call)) {
      const own = ownBuffer(bytes);
      moved.push(own.buffer);
      return { ...call, bytes: own };
    }
    const view = shared.subarray(used, used + bytes.byteLength);
    view.set(bytes);
    used += bytes.byteLength;
    return { ...call, bytes: view };
  });
  return { calls: packed, moved };
}

/** The bytes in an array buffer that holds nothing else, copied where they share one. */
export function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
