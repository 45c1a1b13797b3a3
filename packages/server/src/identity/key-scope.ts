import type { ApiKeyInput } from "@llm-cost-ops/contract";
import { type Permission, permissions } from "@llm-cost-ops/contract/permissions";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { readEventInstant } from "../usage/event-instant.ts";
import type { FoundKey, NewApiKey } from "./api-keys.ts";

/** What may be done with a key of no scopes, and within this process. */
export const everyPermission: ReadonlySet<Permission> = new Set(permissions);

export const toCaller = (key: FoundKey): Caller => ({
  organizationId: key.organizationId,
  principal: { kind: "key", id: key.keyId, name: key.name },
  permissions: key.scopes === null ? everyPermission : new Set(key.scopes),
  ...(key.projectId === null ? {} : { projectId: key.projectId }),
});

/** Refuses with AUTH_002 where a key of these scopes and this project could do what its maker may not. */
export function requireWithin(caller: Caller, { scopes, projectId }: Pick<NewApiKey, "scopes" | "projectId">): void {
  const beyond = (scopes ?? permissions).filter((permission) => !caller.permissions.has(permission));
  if (beyond.length > 0) {
    throw new Refusal("AUTH_002", `A key may do no more than its maker, who has not: ${beyond.join(", ")}.`, {
      fieldErrors: { scopes: `goes beyond the credential: ${beyond.join(", ")}` },
    });
  }
  if (caller.projectId !== undefined && projectId !== caller.projectId) {
    throw new Refusal("AUTH_002", "The credential belongs to a project and makes keys of that project alone.", {
      fieldErrors: { project_id: "must be the project of the credential, or absent" },
    });
  }
}

/** The key that a caller asks for. Refuses with AUTH_002 what goes beyond the caller, and an instant that has passed. */
export function readNewKey(caller: Caller, input: ApiKeyInput, nowMs: number): NewApiKey {
  const expiresAtMs = input.expires_at === undefined ? null : readEventInstant(input.expires_at);
  if (expiresAtMs === undefined || (expiresAtMs !== null && expiresAtMs <= nowMs)) {
    throw new Refusal("VALIDATION_ERROR", "expires_at must be an instant in the future.", {
      fieldErrors: { expires_at: "must be an instant in the future" },
    });
  }
  const own = caller.permissions === everyPermission ? null : [...caller.permissions];
  const key: NewApiKey = {
    name: input.name,
    scopes: input.scopes === undefined ? own : permissions.filter((one) => input.scopes?.includes(one)),
    projectId: input.project_id ?? caller.projectId ?? null,
    expiresAtMs,
  };
  requireWithin(caller, key);
  return key;
}
