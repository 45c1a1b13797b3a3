import type * as Wire from "@llm-cost-ops/contract";
import type { RequestOptions } from "./options.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire } from "./wire.ts";

/** A key without its secret. */
export interface ApiKey extends FromWire<Wire.ApiKey> {}

/** A new key with its secret, which is shown this once. */
export interface CreatedApiKey extends FromWire<Wire.ApiKeyCreated> {}

/** Credentials of programs. */
export class ApiKeys {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async create(params: { readonly name: string }, options?: RequestOptions): Promise<CreatedApiKey> {
    const body = JSON.stringify(params);
    const answer = await this.#session.transport.json({ operation: "apiKeys.create", body, options });
    return fromWire<Wire.ApiKeyCreated>(dataOf(answer));
  }

  async list(options?: RequestOptions): Promise<ApiKey[]> {
    return fromWire<Wire.ApiKey[]>(dataOf(await this.#session.transport.json({ operation: "apiKeys.list", options })));
  }

  /** Revokes a key at once and answers it. */
  async revoke(id: string, options?: RequestOptions): Promise<ApiKey> {
    const answer = await this.#session.transport.json({ operation: "apiKeys.revoke", params: { id }, options });
    return fromWire<Wire.ApiKey>(dataOf(answer));
  }
}
