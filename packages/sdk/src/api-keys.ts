import type * as Wire from "@llm-cost-ops/contract";
import type { RequestOptions } from "./options.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** A key without its secret. */
export interface ApiKey extends FromWire<Wire.ApiKey> {}

/** A new key with its secret, which is shown this once. */
export interface CreatedApiKey extends FromWire<Wire.ApiKeyCreated> {}

/** Tokens and money in any minute, hour and day. */
export interface QuantityLimits extends ToWire<Wire.QuantityLimits> {}

export interface CreateApiKeyParams {
  readonly name: string;
  /** What the key may do, such as `usage:write`; all that the client's own key may do where absent. */
  readonly scopes?: readonly Wire.Permission[] | undefined;
  /** When the key stops working: an ISO 8601 instant in the future, and no later than the client's own key does. */
  readonly expiresAt?: string | Date | undefined;
  /** Records of the key get this project where they name none, and may name no other. */
  readonly projectId?: string | undefined;
  /** What the key is for: a `live` key (if absent) begins with `sk_live_`, a `test` key with `sk_test_`. */
  readonly environment?: Wire.ApiKey["environment"] | undefined;
  /** What the key may reserve, with what it records: tokens, and money as numbers or, exactly, decimal strings. */
  readonly limits?: QuantityLimits | undefined;
}

/** `limits` take the place of all that the key has; null takes them away. */
export interface UpdateApiKeyParams extends ToWire<Wire.ApiKeyUpdate> {}

/** Credentials of programs. */
export class ApiKeys {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws APIError with AUTH_002 where the key would be allowed more than the client's own, or would outlive it. */
  async create(params: CreateApiKeyParams, options?: RequestOptions): Promise<CreatedApiKey> {
    const { expiresAt } = params;
    const body = JSON.stringify({
      name: params.name,
      scopes: params.scopes,
      expires_at: expiresAt instanceof Date ? expiresAt.toISOString() : expiresAt,
      project_id: params.projectId,
      environment: params.environment,
      limits: toWire(params.limits),
    });
    const answer = await this.#session.transport.json({ operation: "apiKeys.create", body, options });
    return fromWire<Wire.ApiKeyCreated>(dataOf(answer));
  }

  async list(options?: RequestOptions): Promise<ApiKey[]> {
    return fromWire<Wire.ApiKey[]>(dataOf(await this.#session.transport.json({ operation: "apiKeys.list", options })));
  }

  /** At once, in every process. @throws APIError with AUTH_002 where the key may do more than the client's own. */
  async update(id: string, params: UpdateApiKeyParams, options?: RequestOptions): Promise<ApiKey> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "apiKeys.update", params: { id }, body, options });
    return fromWire<Wire.ApiKey>(dataOf(answer));
  }

  /** Makes a key of the same name, scopes, project and end; the old one goes on working for `overlapSeconds` (a day). */
  async rotate(
    id: string,
    params: { readonly overlapSeconds?: number | undefined } = {},
    options?: RequestOptions,
  ): Promise<CreatedApiKey> {
    const body = JSON.stringify({ overlap_seconds: params.overlapSeconds });
    const answer = await this.#session.transport.json({ operation: "apiKeys.rotate", params: { id }, body, options });
    return fromWire<Wire.ApiKeyCreated>(dataOf(answer));
  }

  /** Revokes a key at once and answers it. */
  async revoke(id: string, options?: RequestOptions): Promise<ApiKey> {
    const answer = await this.#session.transport.json({ operation: "apiKeys.revoke", params: { id }, options });
    return fromWire<Wire.ApiKey>(dataOf(answer));
  }
}
