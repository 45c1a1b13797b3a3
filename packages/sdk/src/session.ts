import type { WireRecord } from "./batch.ts";
import type { ClientSettings } from "./options.ts";
import { type Clock, systemClock, Transport } from "./transport.ts";
import { createUuidV7Maker } from "./uuid-v7.ts";
import { toWire } from "./wire.ts";

/** What all resources of one client share. */
export class Session {
  readonly transport: Transport;
  readonly organizationId: string | undefined;
  readonly #clock: Clock;
  readonly #makeId: () => string;

  constructor(settings: ClientSettings, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#makeId = createUuidV7Maker(() => clock.now());
    this.transport = new Transport(settings, this.#makeId, clock);
    this.organizationId = settings.organizationId;
  }

  /**
   * A record as it is sent. Identity and time are decided here, once, so that every attempt sends the same content:
   * absent, the id is a new UUIDv7 and the call happened now.
   */
  recordToWire(params: object): WireRecord {
    const record = this.scopeToWire(params);
    const timed = record["occurred_at"] !== undefined || record["timestamp"] !== undefined;
    return {
      ...record,
      id: record["id"] ?? this.#makeId(),
      ...(!timed && { occurred_at: new Date(this.#clock.now()).toISOString() }),
    };
  }

  /** An argument in the wire's form, in the client's organization where it names none. */
  scopeToWire(params: object): WireRecord {
    const wire = toWire(params) as WireRecord;
    return this.organizationId === undefined ? wire : { organization_id: this.organizationId, ...wire };
  }
}
