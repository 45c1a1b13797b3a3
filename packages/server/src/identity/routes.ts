import type { Routes } from "../http/route.ts";
import type { ApiKeys } from "./api-keys.ts";

export function identityRoutes(parts: {
  readonly apiKeys: ApiKeys;
  /** Called when a key was revoked, before that is answered. */
  readonly onRevoked: () => void;
}): Routes {
  const { apiKeys, onRevoked } = parts;
  return {
    "apiKeys.create": {
      body: "json",
      handle: async ({ caller, body }) => ({ json: { data: await apiKeys.create(caller.organizationId, body.name) } }),
    },
    "apiKeys.list": {
      body: "json",
      handle: async ({ caller }) => ({ json: { data: await apiKeys.list(caller.organizationId) } }),
    },
    "apiKeys.revoke": {
      body: "json",
      handle: async ({ caller, params }) => {
        const revoked = await apiKeys.revoke(caller.organizationId, params.id);
        onRevoked();
        return { json: { data: revoked } };
      },
    },
  };
}
