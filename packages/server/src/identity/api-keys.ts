import type { ApiKey, ApiKeyCreated, KeptQuantityLimits, Permission } from "@llm-cost-ops/contract";
import type { Caller } from "../http/route.ts";
import type { Secret } from "../secret.ts";

/** Keeps API keys. Only hashes of keys are stored; the key itself is returned once, when it is made. */
export interface ApiKeys {
  create(organizationId: string, key: NewApiKey, environment: ApiKey["environment"]): Promise<ApiKeyCreated>;
  /** Those that the caller may see: of whoever is limited to projects, the keys of these. */
  list(caller: Caller): Promise<readonly ApiKey[]>;
  /**
   * Makes a key of the same name, scopes, project, environment and end, and lets the old one expire sooner. Refuses with
   * NOT_FOUND, with AUTH_002 where the key may do what the caller may not or lives longer than the caller's, and with
   * CONFLICT where it is revoked or expired already.
   */
  rotate(caller: Caller, id: string, overlapMs: number): Promise<ApiKeyCreated>;
  /**
   * Refuses with NOT_FOUND, with AUTH_002 where the key may do what the caller may not or its limits are wider, and with
   * CONFLICT where it is revoked or expired already.
   */
  update(caller: Caller, id: string, change: KeyChange): Promise<ApiKey>;
  /**
   * Refuses with NOT_FOUND, with AUTH_002 where the key may do what the caller may not, and with CONFLICT where it is the
   * last active key that may make keys.
   */
  revoke(caller: Caller, id: string): Promise<ApiKey>;
  /**
   * Sees to it that organization `default` has a key. With `given` that key becomes an administrator key if it is not
   * one yet; without, one is made where there is none at all, and returned so that it can be shown, once.
   */
  ensureFirstKey(given: Secret | undefined): Promise<Secret | undefined>;
  /** The key with this SHA-256 (in hexadecimal); undefined where it is unknown or revoked. */
  find(keyHash: string): Promise<FoundKey | undefined>;
  /** A number that grows with every key that is made, rotated or revoked, in any process. */
  revision(): Promise<number>;
  /** Notes that keys were used. */
  touch(uses: readonly KeyUse[]): Promise<void>;
}

/** Null takes the limits away. */
export interface KeyChange {
  readonly name?: string | undefined;
  readonly limits?: KeptQuantityLimits | null | undefined;
}

export interface NewApiKey {
  readonly name: string;
  /** Null: all permissions, also those that a later version adds. */
  readonly scopes: readonly Permission[] | null;
  readonly projectId: string | null;
  readonly expiresAtMs: number | null;
  /** In tokens and money. */
  readonly limits?: KeptQuantityLimits | undefined;
}

/** A key as the store knows it; it may have expired. */
export interface FoundKey {
  readonly organizationId: string;
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly Permission[] | null;
  readonly projectId: string | null;
  readonly expiresAtMs: number | null;
  /** In tokens and money. */
  readonly limits?: KeptQuantityLimits | undefined;
}

export interface KeyUse {
  readonly organizationId: string;
  readonly keyId: string;
  readonly atMs: number;
}

/** The organization that every installation has. */
export const defaultOrganization = "default";
