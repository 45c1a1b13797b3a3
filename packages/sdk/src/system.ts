import type { RequestOptions } from "./options.ts";
import type { Session } from "./session.ts";
import { fromWire } from "./wire.ts";

export interface Health {
  readonly status: "ok" | "failing";
  readonly version: string;
  readonly checks: Readonly<Record<string, string>>;
}

/** State of the server. */
export class System {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Whether the server and its storage work; needs no key. @throws APIError with status 503 where they do not. */
  async health(options?: RequestOptions): Promise<Health> {
    return fromWire<Health>(await this.#session.transport.json({ operation: "system.health", options })) as Health;
  }
}
