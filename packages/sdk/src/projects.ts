import type * as Wire from "@llm-cost-ops/contract";
import { queryString } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** What is known of a project; records may also name projects that nobody created. */
export interface Project extends FromWire<Wire.Project> {}
/** A named set of projects and members. */
export interface Team extends FromWire<Wire.Team> {}
export interface CreateProjectParams extends ToWire<Wire.ProjectInput> {}
export interface UpdateProjectParams extends ToWire<Wire.ProjectUpdate> {}
export interface CreateTeamParams extends ToWire<Wire.TeamInput> {}
export interface UpdateTeamParams extends ToWire<Wire.TeamUpdate> {}

/** Projects of the caller's organization. */
export class Projects {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async create(params: CreateProjectParams, options?: RequestOptions): Promise<Project> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "projects.create", body, options });
    return fromWire<Wire.Project>(dataOf(answer));
  }

  /** By name, without archived ones unless asked for. */
  async list(params: { readonly includeArchived?: boolean } = {}, options?: RequestOptions): Promise<Project[]> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const answer = await this.#session.transport.json({ operation: "projects.list", query, options });
    return fromWire<Wire.Project[]>(dataOf(answer));
  }

  async get(id: string, options?: RequestOptions): Promise<Project> {
    const answer = await this.#session.transport.json({ operation: "projects.get", params: { id }, options });
    return fromWire<Wire.Project>(dataOf(answer));
  }

  async update(id: string, params: UpdateProjectParams, options?: RequestOptions): Promise<Project> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "projects.update", params: { id }, body, options } as const;
    return fromWire<Wire.Project>(dataOf(await this.#session.transport.json(request)));
  }

  /** Leaves the project out of lists; its records stay. */
  archive(id: string, options?: RequestOptions): Promise<Project> {
    return this.update(id, { archived: true }, options);
  }
}

/** Teams of the caller's organization, which roles may be limited to. */
export class Teams {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async create(params: CreateTeamParams, options?: RequestOptions): Promise<Team> {
    const body = JSON.stringify(toWire(params));
    return fromWire<Wire.Team>(
      dataOf(await this.#session.transport.json({ operation: "teams.create", body, options })),
    );
  }

  async list(options?: RequestOptions): Promise<Team[]> {
    return fromWire<Wire.Team[]>(dataOf(await this.#session.transport.json({ operation: "teams.list", options })));
  }

  /** By id or slug. */
  async get(id: string, options?: RequestOptions): Promise<Team> {
    const answer = await this.#session.transport.json({ operation: "teams.get", params: { id }, options });
    return fromWire<Wire.Team>(dataOf(answer));
  }

  async update(id: string, params: UpdateTeamParams, options?: RequestOptions): Promise<Team> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "teams.update", params: { id }, body, options } as const;
    return fromWire<Wire.Team>(dataOf(await this.#session.transport.json(request)));
  }

  /** @throws ConflictError where a role is limited to the team. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "teams.delete", params: { id }, options });
  }
}
