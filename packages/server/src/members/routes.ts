import type { Authenticator } from "../http/app.ts";
import type { Caller, Routes } from "../http/route.ts";
import type { Organizations } from "../organizations/organizations.ts";
import { Refusal } from "../refusal.ts";
import type { Invitations, Members, Roles } from "./members.ts";

export interface MemberRouteDeps {
  readonly members: Members;
  readonly roles: Roles;
  readonly invitations: Invitations;
  readonly organizations: Pick<Organizations, "get">;
  readonly authenticator: Authenticator;
}

/** Who belongs to an organization or to one of its tenants, with which roles. */
export function memberRoutes({ members, roles, invitations, organizations, authenticator }: MemberRouteDeps): Routes {
  /** The caller's own organization, or a tenant that they see as the parent's: any other does not exist. */
  const visible = async (caller: Caller, id: string): Promise<string> => {
    if (id === caller.organizationId) return id;
    const seesStrict = caller.permissions.has("organizations:write");
    if (!caller.permissions.has("organizations:read")) throw noOrganization();
    return (await organizations.get({ organizationId: caller.organizationId, seesStrict }, id)).id;
  };
  /** Who belongs to a tenant is decided, beside the tenant, by whoever may make tenants. */
  const ruled = async (caller: Caller, id: string): Promise<string> => {
    const found = await visible(caller, id);
    if (found === caller.organizationId || caller.permissions.has("organizations:write")) return found;
    throw new Refusal("AUTH_002", "To change the members of a tenant its parent needs organizations:write.");
  };

  return {
    "members.list": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await members.list(await visible(caller, params.id)) },
      }),
    },
    "members.get": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await members.get(await visible(caller, params.id), params.user_id) },
      }),
    },
    "members.remove": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await members.remove(await ruled(caller, params.id), caller, params.user_id) },
      }),
    },
    "members.assignRole": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: { data: await members.assignRole(await ruled(caller, params.id), caller, body) },
      }),
    },
    "members.removeRole": {
      body: "json",
      handle: async ({ caller, params, query }) => ({
        json: { data: await members.removeRole(await ruled(caller, params.id), caller, params.user_id, query.scope) },
      }),
    },
    "invitations.create": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: { data: await invitations.create(await ruled(caller, params.id), caller, body) },
      }),
    },
    "invitations.list": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await invitations.list(await visible(caller, params.id)) },
      }),
    },
    "invitations.revoke": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await invitations.revoke(await ruled(caller, params.id), params.invitation_id) },
      }),
    },
    "invitations.accept": {
      body: "json",
      handle: async ({ headers, body, clientAddress }) => {
        const authorization = headers["authorization"];
        const caller =
          authorization === undefined ? undefined : await authenticator.authenticate(String(authorization));
        return { json: { data: await invitations.accept(body, caller, clientAddress) } };
      },
    },
    "roles.list": {
      body: "json",
      handle: async ({ caller }) => ({ json: { data: await roles.list(caller.organizationId) } }),
    },
    "roles.get": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await roles.get(caller.organizationId, params.role) },
      }),
    },
    "roles.create": {
      body: "json",
      handle: async ({ caller, body }) => ({
        json: { data: await roles.create(caller.organizationId, caller, body) },
      }),
    },
    "roles.update": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: { data: await roles.update(caller.organizationId, caller, params.role, body) },
      }),
    },
    "roles.delete": {
      body: "json",
      handle: async ({ caller, params }) => {
        await roles.remove(caller.organizationId, params.role);
        return {};
      },
    },
  };
}

const noOrganization = (): Refusal => new Refusal("NOT_FOUND", "There is no organization with this id.");
