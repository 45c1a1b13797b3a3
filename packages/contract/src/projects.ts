import { z } from "zod";
import { BooleanText, freeText, limits, Name } from "./fields.ts";
import { Slug } from "./organizations.ts";

const Description = freeText(2_000);

export const ProjectInput = z
  .strictObject({
    id: Name.meta({ description: "What records carry as `project_id`.", examples: ["checkout"] }),
    name: Name.optional(),
    description: Description.optional(),
  })
  .meta({ id: "ProjectInput" });
export type ProjectInput = z.output<typeof ProjectInput>;

export const ProjectUpdate = z
  .strictObject({
    name: Name.optional(),
    description: Description.optional(),
    archived: z.boolean().optional(),
  })
  .refine((update) => Object.values(update).some((value) => value !== undefined), "must change something")
  .meta({ id: "ProjectUpdate" });
export type ProjectUpdate = z.output<typeof ProjectUpdate>;

export const ProjectListQuery = z.strictObject({ include_archived: BooleanText.optional() });

export const Project = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    description: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    archived_at: z.string().nullable().meta({
      description: "An archived project is left out of lists; its records stay, and more may be recorded.",
    }),
  })
  .meta({ id: "Project" });
export type Project = z.infer<typeof Project>;

const ProjectNames = z
  .array(Name)
  .max(limits.teamProjects)
  .meta({ description: "Names that records carry; the projects need not have been created." });
const MemberIds = z.array(Name).max(limits.teamMembers).meta({ description: "User ids of members." });

export const TeamInput = z
  .strictObject({
    name: Name,
    slug: Slug.optional(),
    projects: ProjectNames.optional(),
    members: MemberIds.optional(),
  })
  .meta({ id: "TeamInput" });
export type TeamInput = z.output<typeof TeamInput>;

export const TeamUpdate = z
  .strictObject({
    name: Name.optional(),
    projects: ProjectNames.optional(),
    add_projects: ProjectNames.optional(),
    remove_projects: ProjectNames.optional(),
    members: MemberIds.optional(),
    add_members: MemberIds.optional(),
    remove_members: MemberIds.optional(),
  })
  .refine((update) => Object.values(update).some((value) => value !== undefined), "must change something")
  .refine((update) => update.projects === undefined || !(update.add_projects ?? update.remove_projects), {
    message: "does not go with add_projects and remove_projects",
    path: ["projects"],
  })
  .refine((update) => update.members === undefined || !(update.add_members ?? update.remove_members), {
    message: "does not go with add_members and remove_members",
    path: ["members"],
  })
  .meta({
    id: "TeamUpdate",
    description: "`projects` and `members` take the place of what stood before; the others add to it and take from it.",
  });
export type TeamUpdate = z.output<typeof TeamUpdate>;

export const Team = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    slug: z.string(),
    name: z.string(),
    projects: z.array(z.string()),
    members: z.array(z.string()),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "Team" });
export type Team = z.infer<typeof Team>;
