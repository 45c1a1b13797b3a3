import type { Authenticator } from "../http/app.ts";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { SessionTokens } from "../sessions/session-tokens.ts";
import { accessTrustMs } from "./access-revision.sql.ts";
import { type ApiKeys, defaultOrganization, type KeyUse } from "./api-keys.ts";
import { bearerCredential, type Credential, hashKey, makeKey } from "./credential.ts";
import { everyPermission, toCaller } from "./key-scope.ts";

/** How long an unknown credential is remembered as unknown, so that guessing costs the database little. */
const unknownMs = 250;
const cacheMax = 10_000;
const touchMs = 60_000;

interface Cached {
  readonly caller: Caller | undefined;
  readonly expiresAtMs: number;
  readonly atMs: number;
}

export interface KeyAuthenticator extends Authenticator {
  /** Forgets every caller: to be called when a credential was revoked, here or elsewhere. */
  forget(): void;
  /** A key that is valid in this process only, is stored nowhere and ends with it: for a client inside the process. */
  issueProcessKey(): string;
  /** Writes down the uses that are not written yet. */
  flush(): Promise<void>;
}

/**
 * Finds the caller of a key or an access token by its hash: neither is ever kept, and comparing hashes tells a guesser
 * nothing about them. A cached one is trusted for `accessTrustMs` since the last look at the access revision began, which
 * serves all requests; PostgreSQL also tells of changes as it commits them. A change that takes access away is answered
 * after that time, so that from its answer on it holds in every process.
 */
export function createAuthenticator(parts: {
  readonly apiKeys: ApiKeys;
  readonly tokens: Pick<SessionTokens, "callerOf">;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly onFailure?: (error: unknown) => void;
}): KeyAuthenticator {
  const { apiKeys, clock } = parts;
  const cache = new Map<string, Cached>();
  const processKeys = new Map<string, Caller>();
  const touchedAtMs = new Map<string, number>();
  let uses: KeyUse[] = [];
  let flushTimer: NodeJS.Timeout | undefined;
  let revision: number | undefined;
  let checkedAtMs = 0;
  let checking: Promise<void> | undefined;
  /** Grows with every change that this process hears of: what was asked before one is not remembered after it. */
  let changes = 0;

  /** Whether what is cached may answer a request that came at this moment. */
  const isTrusted = (nowMs: number): boolean => revision !== undefined && nowMs - checkedAtMs < accessTrustMs;

  const check = (): Promise<void> => {
    checking ??= (async () => {
      const startedAtMs = performance.now();
      const seen = changes;
      try {
        const current = await apiKeys.revision();
        if (current !== revision) cache.clear();
        revision = seen === changes ? current : undefined;
        checkedAtMs = startedAtMs;
      } finally {
        checking = undefined;
      }
    })();
    return checking;
  };

  const flush = async (): Promise<void> => {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    const written = uses;
    uses = [];
    if (written.length > 0) await apiKeys.touch(written);
  };

  const noteUse = (caller: Caller, nowMs: number): void => {
    const { kind, id: keyId } = caller.principal;
    if (kind !== "key") return;
    const last = touchedAtMs.get(keyId);
    if (last !== undefined && nowMs - last < touchMs) return;
    if (touchedAtMs.size >= cacheMax) touchedAtMs.clear();
    touchedAtMs.set(keyId, nowMs);
    uses.push({ organizationId: caller.organizationId, keyId, atMs: clock() });
    // The use is written a moment later and in company, never while the request waits.
    flushTimer ??= setTimeout(() => {
      flush().catch((error: unknown) => parts.onFailure?.(error));
    }, 1_000).unref();
  };

  const find = async ({ kind, text }: Credential, hash: string): Promise<Cached> => {
    if (kind === "token") {
      const found = await parts.tokens.callerOf(text);
      return { caller: found?.caller, expiresAtMs: found?.expiresAtMs ?? 0, atMs: performance.now() };
    }
    const key = await apiKeys.find(hash);
    return {
      caller: key && toCaller(key),
      expiresAtMs: key?.expiresAtMs ?? Number.POSITIVE_INFINITY,
      atMs: performance.now(),
    };
  };

  const lookUp = async (credential: Credential, keyHash: string): Promise<Caller> => {
    const nowMs = performance.now();
    if (!isTrusted(nowMs)) await check();
    // A look that began long before this request came may have missed what was answered since.
    let found = isTrusted(nowMs) ? cache.get(keyHash) : undefined;
    if (found === undefined || (found.caller === undefined && nowMs - found.atMs > unknownMs)) {
      const seen = { revision, changes };
      found = await find(credential, keyHash);
      // What was read before a revocation must not be cached after it.
      if (seen.revision !== undefined && seen.revision === revision && seen.changes === changes)
        remember(keyHash, found);
    }
    if (found.caller === undefined || found.expiresAtMs <= clock()) {
      const what = credential.kind === "key" ? "API key" : "access token";
      throw invalidKey(`The ${what} is unknown, expired or revoked.`);
    }
    noteUse(found.caller, nowMs);
    return found.caller;
  };

  const remember = (keyHash: string, found: Cached): void => {
    if (cache.size >= cacheMax) cache.delete(cache.keys().next().value as string);
    cache.set(keyHash, found);
  };

  return {
    authenticate(authorization) {
      if (authorization === undefined) throw invalidKey("An API key is needed: Authorization: Bearer <key>.");
      const credential = bearerCredential(authorization);
      if (credential === undefined) throw invalidKey("The Authorization header is not of the form: Bearer <key>.");
      const keyHash = hashKey(credential.text);
      const ofProcess = processKeys.get(keyHash);
      if (ofProcess !== undefined) return ofProcess;
      const nowMs = performance.now();
      const cached = isTrusted(nowMs) ? cache.get(keyHash) : undefined;
      const caller = cached?.caller;
      // An expired key takes the long way as well, whose refusal is that of an unknown one.
      if (cached === undefined || caller === undefined || cached.expiresAtMs <= clock())
        return lookUp(credential, keyHash);
      noteUse(caller, nowMs);
      return caller;
    },
    forget() {
      changes += 1;
      cache.clear();
      revision = undefined;
    },
    issueProcessKey() {
      const key = makeKey("sk_process_");
      processKeys.set(hashKey(key), {
        organizationId: defaultOrganization,
        principal: { kind: "process", id: "process", name: "process" },
        permissions: everyPermission,
      });
      return key;
    },
    flush,
  };
}

const invalidKey = (message: string): Refusal => new Refusal("AUTH_001", message);
