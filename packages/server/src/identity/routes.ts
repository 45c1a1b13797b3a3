import type { Routes } from "../http/route.ts";
import { readQuantityLimits } from "../limits/quantity-limit.ts";
import type { ApiKeys } from "./api-keys.ts";
import { readNewKey } from "./key-scope.ts";

export function identityRoutes(parts: {
  readonly apiKeys: ApiKeys;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called when the end of a key was moved, or a key was changed or revoked, before that is answered. */
  readonly onRevoked: () => void;
}): Routes {
  const { apiKeys, now, onRevoked } = parts;
  return {
    "apiKeys.create": {
      body: "json",
      handle: async ({ caller, body }) => ({
        json: { data: await apiKeys.create(caller.organizationId, readNewKey(caller, body, now()), body.environment) },
      }),
    },
    "apiKeys.list": {
      body: "json",
      handle: async ({ caller }) => ({ json: { data: await apiKeys.list(caller) } }),
    },
    "apiKeys.rotate": {
      body: "json",
      handle: async ({ caller, params, body }) => {
        const made = await apiKeys.rotate(caller, params.id, body.overlap_seconds * 1_000);
        onRevoked();
        return { json: { data: made } };
      },
    },
    "apiKeys.update": {
      body: "json",
      handle: async ({ caller, params, body }) => {
        const { name, limits } = body;
        const change = { name, limits: limits && readQuantityLimits(limits, "limits.") };
        const changed = await apiKeys.update(caller, params.id, change);
        onRevoked();
        return { json: { data: changed } };
      },
    },
    "apiKeys.revoke": {
      body: "json",
      handle: async ({ caller, params }) => {
        const revoked = await apiKeys.revoke(caller, params.id);
        onRevoked();
        return { json: { data: revoked } };
      },
    },
  };
}
