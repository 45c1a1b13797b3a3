import type * as Wire from "@llm-cost-ops/contract";
import type { RequestOptions } from "./options.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** Somebody who belongs to an organization, with the roles that they have there. */
export interface Member extends FromWire<Wire.Member> {}
export interface Invitation extends FromWire<Wire.Invitation> {}
/** The token goes to whoever is invited: the server sends no mail yet. It is shown this once. */
export interface CreatedInvitation extends FromWire<Wire.InvitationCreated> {}
/** What a role allows. */
export interface RoleRecord extends FromWire<Wire.RoleRecord> {}
export interface CreateRoleParams extends ToWire<Pick<Wire.RoleInput, "name" | "permissions">> {
  readonly description?: string | undefined;
}
export interface UpdateRoleParams extends ToWire<Wire.RoleUpdate> {}

export interface InviteParams {
  readonly userEmail: string;
  readonly role: string;
  /** `organization:<id>`, `team:<id or slug>`, `project:<id>` or `own`; the organization where absent. */
  readonly scope?: string | undefined;
  readonly expiresInDays?: number | undefined;
}

export interface AssignRoleParams {
  /** The member, by either of these. */
  readonly userEmail?: string | undefined;
  readonly userId?: string | undefined;
  readonly role: string;
  /** `organization:<id>`, `team:<id or slug>`, `project:<id>` or `own`; the organization where absent. */
  readonly scope?: string | undefined;
}

export interface AcceptInvitationParams {
  readonly token: string;
  readonly password?: string | undefined;
  readonly name?: string | undefined;
}

/** Members and invitations of organizations. */
export class Members {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async list(id: string, options?: RequestOptions): Promise<Member[]> {
    const answer = await this.#session.transport.json({ operation: "members.list", params: { id }, options });
    return fromWire<Wire.Member[]>(dataOf(answer));
  }

  async get(id: string, userId: string, options?: RequestOptions): Promise<Member> {
    const params = { id, user_id: userId };
    return fromWire<Wire.Member>(
      dataOf(await this.#session.transport.json({ operation: "members.get", params, options })),
    );
  }

  /** @throws ConflictError where this is the last administrator. */
  async remove(id: string, userId: string, options?: RequestOptions): Promise<Member> {
    const params = { id, user_id: userId };
    const answer = await this.#session.transport.json({ operation: "members.remove", params, options });
    return fromWire<Wire.Member>(dataOf(answer));
  }

  async assignRole(id: string, assignment: AssignRoleParams, options?: RequestOptions): Promise<Member> {
    const body = JSON.stringify(toWire(assignment));
    const request = { operation: "members.assignRole", params: { id }, body, options } as const;
    return fromWire<Wire.Member>(dataOf(await this.#session.transport.json(request)));
  }

  /** Takes away the role at a scope. */
  async removeRole(id: string, userId: string, scope: string, options?: RequestOptions): Promise<Member> {
    const query = new URLSearchParams({ scope });
    const params = { id, user_id: userId };
    const answer = await this.#session.transport.json({ operation: "members.removeRole", params, query, options });
    return fromWire<Wire.Member>(dataOf(answer));
  }

  async invite(id: string, invitation: InviteParams, options?: RequestOptions): Promise<CreatedInvitation> {
    const body = JSON.stringify(toWire(invitation));
    const request = { operation: "invitations.create", params: { id }, body, options } as const;
    return fromWire<Wire.InvitationCreated>(dataOf(await this.#session.transport.json(request)));
  }

  async invitations(id: string, options?: RequestOptions): Promise<Invitation[]> {
    const answer = await this.#session.transport.json({ operation: "invitations.list", params: { id }, options });
    return fromWire<Wire.Invitation[]>(dataOf(answer));
  }

  async revokeInvitation(id: string, invitationId: string, options?: RequestOptions): Promise<Invitation> {
    const params = { id, invitation_id: invitationId };
    const answer = await this.#session.transport.json({ operation: "invitations.revoke", params, options });
    return fromWire<Wire.Invitation>(dataOf(answer));
  }

  /** Makes whoever holds the token a member. */
  async acceptInvitation(acceptance: AcceptInvitationParams, options?: RequestOptions): Promise<Member> {
    const body = JSON.stringify(toWire(acceptance));
    const answer = await this.#session.transport.json({ operation: "invitations.accept", body, options });
    return fromWire<Wire.Member>(dataOf(answer));
  }
}

/** The roles that there are: those of every organization, and the caller's organization's own. */
export class Roles {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async list(options?: RequestOptions): Promise<RoleRecord[]> {
    const answer = await this.#session.transport.json({ operation: "roles.list", options });
    return fromWire<Wire.RoleRecord[]>(dataOf(answer));
  }

  async get(role: string, options?: RequestOptions): Promise<RoleRecord> {
    const answer = await this.#session.transport.json({ operation: "roles.get", params: { role }, options });
    return fromWire<Wire.RoleRecord>(dataOf(answer));
  }

  async create(params: CreateRoleParams, options?: RequestOptions): Promise<RoleRecord> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "roles.create", body, options });
    return fromWire<Wire.RoleRecord>(dataOf(answer));
  }

  async update(role: string, params: UpdateRoleParams, options?: RequestOptions): Promise<RoleRecord> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "roles.update", params: { role }, body, options } as const;
    return fromWire<Wire.RoleRecord>(dataOf(await this.#session.transport.json(request)));
  }

  /** @throws ConflictError where somebody has the role. */
  async delete(role: string, options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "roles.delete", params: { role }, options });
  }
}
