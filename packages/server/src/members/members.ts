import type {
  Invitation,
  InvitationAcceptance,
  InvitationCreated,
  InvitationInput,
  Member,
  RoleAssignment,
  RoleInput,
  RoleRecord,
  RoleUpdate,
} from "@llm-cost-ops/contract";
import type { Caller } from "../http/route.ts";
import type { Granter } from "./granting.ts";

/** Keeps who belongs to an organization, with which roles. Nobody gives, or takes away, more than they have themselves. */
export interface Members {
  list(organizationId: string): Promise<readonly Member[]>;
  get(organizationId: string, userId: string): Promise<Member>;
  /** With all roles, and every open invitation that the member made or was sent. Refuses with CONFLICT the last administrator. */
  remove(organizationId: string, by: Granter, userId: string): Promise<Member>;
  /** Refuses with CONFLICT what would leave no administrator, and `own` beside projects. */
  assignRole(organizationId: string, by: Granter, assignment: RoleAssignment): Promise<Member>;
  removeRole(organizationId: string, by: Granter, userId: string, scope: string): Promise<Member>;
}

/** Keeps the roles that an organization made itself, beside those that every organization has. */
export interface Roles {
  list(organizationId: string): Promise<readonly RoleRecord[]>;
  get(organizationId: string, name: string): Promise<RoleRecord>;
  create(organizationId: string, by: Granter, input: RoleInput): Promise<RoleRecord>;
  update(organizationId: string, by: Granter, name: string, update: RoleUpdate): Promise<RoleRecord>;
  /** Refuses with CONFLICT a role that somebody has or is invited to. */
  remove(organizationId: string, name: string): Promise<void>;
}

/** Invitations by e-mail address: a token, shown once, makes whoever holds it a member. */
export interface Invitations {
  create(organizationId: string, caller: Caller, input: InvitationInput): Promise<InvitationCreated>;
  list(organizationId: string): Promise<readonly Invitation[]>;
  revoke(organizationId: string, id: string): Promise<Invitation>;
  /** `caller` is whose access token came along, if one did. */
  accept(input: InvitationAcceptance, caller: Caller | undefined, clientAddress: string | undefined): Promise<Member>;
}
