import type { OperationId } from "@llm-cost-ops/contract";

/** One attempt of a request, as middleware sees it. To change it, pass a changed copy to `next`. */
export interface CostOpsRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. `authorization` is among them: do not log headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array> | null;
  readonly operation: OperationId;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** Sends a request on; rejects with `NetworkError`, `TimeoutError` or `AbortedError` where no answer arrives. */
export type Next = (request: CostOpsRequest) => Promise<Response>;

/**
 * Stands around every attempt: sees it before it is sent and its answer of whatever status. The first in the list is the
 * outermost. Read an answer's body from a `clone()` only.
 */
export type Middleware = (request: CostOpsRequest, next: Next) => Promise<Response>;

export function compose(middleware: readonly Middleware[], last: Next): Next {
  return middleware.reduceRight<Next>((next, layer) => (request) => layer(request, next), last);
}
