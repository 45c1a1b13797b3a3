import type * as Wire from "@llm-cost-ops/contract";
import { queryString } from "./filters.ts";
import { type CreatedInvitation, type Member, Members } from "./members.ts";
import type { RequestOptions } from "./options.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** An organization, or a tenant of one. */
export interface Organization extends FromWire<Wire.Organization> {}

/** A new tenant with its first administrator key, which is shown this once. */
export interface CreatedOrganization extends FromWire<Wire.OrganizationCreated> {}

/** What the caller's organization and its tenants spent, a row for each and each currency. */
export interface TenantCosts extends FromWire<Wire.TenantCosts> {}

export interface CreateOrganizationParams extends ToWire<Wire.OrganizationInput> {}
export interface UpdateOrganizationParams extends ToWire<Wire.OrganizationUpdate> {}

export interface TenantCostsParams {
  readonly startDate?: string | Date | undefined;
  readonly endDate?: string | Date | undefined;
  readonly range?: string | undefined;
  readonly days?: number | undefined;
  readonly timezone?: string | undefined;
}

/** The caller's organization and its tenants. */
export class Organizations {
  readonly #session: Session;
  /** Who belongs to them. */
  readonly members: Members;

  constructor(session: Session) {
    this.#session = session;
    this.members = new Members(session);
  }

  /** Invites somebody with a role for the whole organization; the token of the answer makes them a member. */
  addUser(
    organizationId: string,
    userEmail: string,
    role: string,
    options?: RequestOptions,
  ): Promise<CreatedInvitation> {
    return this.members.invite(organizationId, { userEmail, role }, options);
  }

  /** The same as `members.remove`. */
  removeUser(organizationId: string, userId: string, options?: RequestOptions): Promise<Member> {
    return this.members.remove(organizationId, userId, options);
  }

  /** Makes a tenant of the caller's organization. */
  async create(params: CreateOrganizationParams, options?: RequestOptions): Promise<CreatedOrganization> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "organizations.create", body, options });
    return fromWire<Wire.OrganizationCreated>(dataOf(answer));
  }

  /** The caller's organization first, then its tenants by name. */
  async list(options?: RequestOptions): Promise<Organization[]> {
    const answer = await this.#session.transport.json({ operation: "organizations.list", options });
    return fromWire<Wire.Organization[]>(dataOf(answer));
  }

  async get(id: string, options?: RequestOptions): Promise<Organization> {
    const answer = await this.#session.transport.json({ operation: "organizations.get", params: { id }, options });
    return fromWire<Wire.Organization>(dataOf(answer));
  }

  async update(id: string, params: UpdateOrganizationParams, options?: RequestOptions): Promise<Organization> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "organizations.update", params: { id }, body, options } as const;
    return fromWire<Wire.Organization>(dataOf(await this.#session.transport.json(request)));
  }

  /** What each of them spent in a period, the last 30 days where none is named. */
  async costs(params: TenantCostsParams = {}, options?: RequestOptions): Promise<TenantCosts> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const answer = await this.#session.transport.json({ operation: "organizations.costs", query, options });
    return fromWire<Wire.TenantCosts>(answer as Wire.TenantCosts);
  }
}
