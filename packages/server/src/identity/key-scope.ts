import type { ApiKeyInput } from "@llm-cost-ops/contract";
import { type Permission, permissions, projectPermissions } from "@llm-cost-ops/contract/permissions";
import type { Caller } from "../http/route.ts";
import { limitsWithin, readQuantityLimits, requireLimitsWithin } from "../limits/quantity-limit.ts";
import { Refusal } from "../refusal.ts";
import { readEventInstant } from "../usage/event-instant.ts";
import type { FoundKey, NewApiKey } from "./api-keys.ts";
import { isScopeWithin, type RecordScope } from "./record-scope.ts";

/** What may be done with a key of no scopes, and within this process. */
export const everyPermission: ReadonlySet<Permission> = new Set(permissions);

/** The permissions of a key: one of a project has those alone that can hold for a project. */
export function keyPermissions({ scopes, projectId }: Pick<NewApiKey, "scopes" | "projectId">): readonly Permission[] {
  const named = scopes ?? permissions;
  return projectId === null ? named : named.filter((permission) => projectPermissions.has(permission));
}

export function toCaller(key: FoundKey): Caller {
  const principal = { kind: "key", id: key.keyId, name: key.name } as const;
  const { organizationId, projectId, expiresAtMs, limits } = key;
  const common = {
    organizationId,
    principal,
    ...(expiresAtMs === null ? {} : { expiresAtMs }),
    ...(limits === undefined ? {} : { limits }),
  };
  if (projectId === null) {
    return { ...common, permissions: key.scopes === null ? everyPermission : new Set(key.scopes) };
  }
  const held = keyPermissions(key);
  const records: RecordScope = { projects: [projectId] };
  const scopes = new Map(held.map((permission) => [permission, records]));
  return { ...common, permissions: new Set(held), scopes };
}

/** Whether the caller has the permission for all that a key of this project could do with it. */
function covers(caller: Caller, permission: Permission, projectId: string | null): boolean {
  if (!caller.permissions.has(permission)) return false;
  const limit = caller.scopes?.get(permission);
  return limit === undefined || (projectId !== null && isScopeWithin({ projects: [projectId] }, limit));
}

/** Refuses with AUTH_002 where a key of these scopes, this project and this end could do what its maker may not, or longer. */
export function requireWithin(
  caller: Caller,
  key: Pick<NewApiKey, "scopes" | "projectId" | "expiresAtMs" | "limits">,
): void {
  const held = keyPermissions(key);
  const beyond = held.filter((permission) => !caller.permissions.has(permission));
  if (beyond.length > 0) {
    throw new Refusal("AUTH_002", `A key may do no more than its maker, who has not: ${beyond.join(", ")}.`, {
      fieldErrors: { scopes: `goes beyond the credential: ${beyond.join(", ")}` },
    });
  }
  // That the maker may make keys at all must hold for the project as well.
  const needed: readonly Permission[] = ["keys:write", ...held];
  const wider = needed.filter((permission) => !covers(caller, permission, key.projectId));
  if (wider.length > 0) {
    const limited = "The credential is limited to projects or to its own records, and a key may not reach further";
    throw new Refusal("AUTH_002", `${limited}: ${wider.join(", ")}.`, {
      fieldErrors: { project_id: "must be a project of the credential, which is not limited otherwise" },
    });
  }
  requireLimitsWithin(key.limits, caller.limits);
  const { expiresAtMs: endMs } = caller;
  if (endMs !== undefined && (key.expiresAtMs === null || key.expiresAtMs > endMs)) {
    const end = new Date(endMs).toISOString();
    throw new Refusal("AUTH_002", `A key may not outlive the key that makes it, which expires at ${end}.`, {
      fieldErrors: { expires_at: `must be no later than ${end}` },
    });
  }
}

/** Refuses with AUTH_002 to end a key that may do what the caller may not: nobody takes away what they could not give. */
export function requireRevocableKey(caller: Caller, key: Pick<NewApiKey, "scopes" | "projectId">): void {
  const beyond = keyPermissions(key).filter((permission) => !covers(caller, permission, key.projectId));
  if (beyond.length === 0) return;
  throw new Refusal("AUTH_002", `Nobody may revoke a key that may do more than they may: ${beyond.join(", ")}.`);
}

/** The key that a caller asks for. Refuses with AUTH_002 what goes beyond the caller, and an instant that has passed. */
export function readNewKey(caller: Caller, input: ApiKeyInput, nowMs: number): NewApiKey {
  const expiresAtMs =
    input.expires_at === undefined ? (caller.expiresAtMs ?? null) : readEventInstant(input.expires_at);
  if (expiresAtMs === undefined || (expiresAtMs !== null && expiresAtMs <= nowMs)) {
    throw new Refusal("VALIDATION_ERROR", "expires_at must be an instant in the future.", {
      fieldErrors: { expires_at: "must be an instant in the future" },
    });
  }
  const projectId = input.project_id ?? onlyProject(caller) ?? null;
  const impossible =
    projectId === null ? [] : (input.scopes ?? []).filter((permission) => !projectPermissions.has(permission));
  if (impossible.length > 0) {
    throw new Refusal(
      "VALIDATION_ERROR",
      "A key of a project reads and records usage and costs, and makes such keys.",
      {
        fieldErrors: { scopes: `cannot be limited to a project: ${impossible.join(", ")}` },
      },
    );
  }
  const all = caller.permissions === everyPermission && caller.scopes === undefined;
  const own = all ? null : permissions.filter((permission) => covers(caller, permission, projectId));
  const key: NewApiKey = {
    name: input.name,
    scopes: input.scopes === undefined ? own : permissions.filter((one) => input.scopes?.includes(one)),
    projectId,
    expiresAtMs,
    limits: limitsWithin(input.limits && readQuantityLimits(input.limits, "limits."), caller.limits),
  };
  requireWithin(caller, key);
  return key;
}

/** The project of the keys of a caller who may make keys of one project alone. */
function onlyProject({ records }: Caller): string | undefined {
  const [only, ...others] = records?.projects ?? [];
  return others.length === 0 ? only : undefined;
}
