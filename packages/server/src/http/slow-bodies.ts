import type { IncomingMessage } from "node:http";

interface Wait {
  readonly until: number;
  readonly expire: () => void;
}

/**
 * Ends requests whose bodies do not arrive. One timer looks once a second over all bodies that are being waited for,
 * since a timer a request would cost more than the request.
 */
export class SlowBodies {
  readonly #waits = new Map<IncomingMessage, Wait>();
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#timer = setInterval(() => this.#look(), Math.min(1_000, timeoutMs)).unref();
  }

  /** From now the message has the timeout to deliver; then `expire` is called, once. */
  begin(message: IncomingMessage, expire: () => void): void {
    this.#waits.set(message, { until: performance.now() + this.#timeoutMs, expire });
  }

  /** The message has delivered. */
  end(message: IncomingMessage): void {
    this.#waits.delete(message);
  }

  /** Lets the rest of an unread body pass by, so that its sender can finish and read the answer, but not for ever. */
  drain(message: IncomingMessage): void {
    if (message.complete || message.destroyed) return;
    this.begin(message, () => message.socket.destroy());
    message.once("close", () => this.end(message));
    message.resume();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#waits.clear();
  }

  #look(): void {
    const now = performance.now();
    for (const [message, wait] of this.#waits) {
      if (wait.until > now) continue;
      this.#waits.delete(message);
      wait.expire();
    }
  }
}
