import type { Project, ProjectInput, ProjectUpdate, Team, TeamInput, TeamUpdate } from "@llm-cost-ops/contract";
import type { Granter } from "../members/granting.ts";

/** Keeps what is known of projects. Records name projects whether they are known or not. */
export interface Projects {
  create(organizationId: string, input: ProjectInput): Promise<Project>;
  list(organizationId: string, withArchived: boolean): Promise<readonly Project[]>;
  get(organizationId: string, id: string): Promise<Project>;
  update(organizationId: string, id: string, update: ProjectUpdate): Promise<Project>;
}

/** Keeps teams. A role that is limited to a team reaches the projects that the team has at the moment. */
export interface Teams {
  create(organizationId: string, input: TeamInput): Promise<Team>;
  list(organizationId: string): Promise<readonly Team[]>;
  /** By id or slug. */
  get(organizationId: string, name: string): Promise<Team>;
  /** Refuses with AUTH_002 projects by which the team's roles would reach further than the one who adds them. */
  update(organizationId: string, by: Granter, name: string, update: TeamUpdate): Promise<Team>;
  /** Refuses with CONFLICT a team that somebody's role is limited to. */
  remove(organizationId: string, name: string): Promise<void>;
}
