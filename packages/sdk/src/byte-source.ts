/** What may be sent as a file. */
export type ByteSource =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>;

export type RequestBody = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;

/** A body for `fetch`, and whether it can be read more than once. */
export function toRequestBody(source: ByteSource): { readonly body: RequestBody; readonly replayable: boolean } {
  if (typeof source === "string" || source instanceof Blob) return { body: source, replayable: true };
  if (source instanceof Uint8Array) return { body: source as Uint8Array<ArrayBuffer>, replayable: true };
  if (source instanceof ArrayBuffer) return { body: new Uint8Array(source), replayable: true };
  if (source instanceof ReadableStream) return { body: source, replayable: false };
  return { body: streamOf(source), replayable: false };
}

/** A stream that asks for the next chunk only when there is room for it. */
function streamOf(source: AsyncIterable<Uint8Array | string>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
    },
    async cancel(reason) {
      await iterator.return?.(reason);
    },
  });
}
