import type { Permission } from "@llm-cost-ops/contract/permissions";
import { isScopeWithin, type RecordScope } from "../identity/record-scope.ts";
import { Refusal } from "../refusal.ts";
import { allowedAt, type ScopedRole } from "./grants.ts";

/** What somebody who gives roles has themselves. */
export interface Granter {
  readonly permissions: ReadonlySet<Permission>;
  readonly scopes?: ReadonlyMap<Permission, RecordScope>;
}

/** The permissions of a role at its scope that the granter does not have there. */
export function beyondGranter({ permissions, scopes }: Granter, scoped: ScopedRole): readonly Permission[] {
  const { reach } = scoped;
  // What is another member's own is beyond whoever is limited to anything.
  const within = typeof reach === "object" ? reach : undefined;
  return allowedAt(scoped).filter(
    (permission) => !permissions.has(permission) || !isScopeWithin(within, scopes?.get(permission)),
  );
}

/** Refuses with AUTH_002 a role that goes beyond the granter, and with VALIDATION_ERROR one that allows nothing there. */
export function requireGrantable(granter: Granter, scoped: ScopedRole): void {
  if (allowedAt(scoped).length === 0) {
    throw new Refusal("VALIDATION_ERROR", "The role allows nothing at this scope.", {
      fieldErrors: { scope: "is too narrow for the role: all that it allows holds for a whole organization alone" },
    });
  }
  const beyond = beyondGranter(granter, scoped);
  if (beyond.length === 0) return;
  throw new Refusal("AUTH_002", `Nobody may give more than they have there, which is without: ${beyond.join(", ")}.`, {
    fieldErrors: { role: `goes beyond the credential: ${beyond.join(", ")}` },
  });
}

/** Refuses with AUTH_002 to take away what the granter could not give. */
export function requireRevocable(granter: Granter, scoped: ScopedRole): void {
  const beyond = beyondGranter(granter, scoped);
  if (beyond.length === 0) return;
  throw new Refusal("AUTH_002", `Nobody may take away what they could not give: ${beyond.join(", ")}.`);
}
