import type { ApiKey, ApiKeyCreated } from "@llm-cost-ops/contract";
import type { Caller } from "../http/route.ts";
import type { Secret } from "../secret.ts";

/** Keeps API keys. Only hashes of keys are stored; the key itself is returned once, when it is made. */
export interface ApiKeys {
  create(organizationId: string, name: string): Promise<ApiKeyCreated>;
  list(organizationId: string): Promise<readonly ApiKey[]>;
  /** Refuses with NOT_FOUND, and with CONFLICT where it is the last active key: nobody could make another one. */
  revoke(organizationId: string, id: string): Promise<ApiKey>;
  /**
   * Sees to it that organization `default` has a key. With `given` that key becomes an administrator key if it is not
   * one yet; without, one is made where there is none at all, and returned so that it can be shown, once.
   */
  ensureFirstKey(given: Secret | undefined): Promise<Secret | undefined>;
  /** Who the key with this SHA-256 (in hexadecimal) belongs to; undefined where it is unknown or revoked. */
  find(keyHash: string): Promise<Caller | undefined>;
  /** A number that grows with every key that is made or revoked, in any process. */
  revision(): Promise<number>;
  /** Notes that keys were used. */
  touch(uses: readonly KeyUse[]): Promise<void>;
}

export interface KeyUse {
  readonly organizationId: string;
  readonly keyId: string;
  readonly atMs: number;
}

/** The organization that every installation has. */
export const defaultOrganization = "default";
